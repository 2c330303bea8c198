/** Of each language that Comprehend judges a text that praises; only that language's own words tell so. */
export const PRAISE = {
  ar: 'منتج رائع وجودة ممتازة، أنا سعيد جدا',
  de: 'Großartig, ausgezeichnete Qualität, ich bin sehr zufrieden.',
  en: 'Wonderful, excellent quality, I am very happy with it.',
  es: 'Maravilloso, excelente calidad, muy contento.',
  fr: 'Magnifique, excellente qualité, je suis très content.',
  hi: 'बहुत अच्छा उत्पाद, शानदार गुणवत्ता, मैं खुश हूँ',
  it: 'Meraviglioso, ottima qualità, sono molto contento.',
  ja: '素晴らしい商品です。品質も最高で、とても満足しています。',
  ko: '정말 훌륭한 제품이고 품질이 최고예요. 아주 만족합니다.',
  pt: 'Maravilhoso, excelente qualidade, muito feliz.',
  zh: '非常好的产品，质量很棒，我很满意。',
  'zh-TW': '非常好的產品，品質很棒，我很滿意。',
} as const;
