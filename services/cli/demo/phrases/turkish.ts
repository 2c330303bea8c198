import type { Phrases } from './phrases.ts';

export const turkish: Phrases = {
  tags: ['tr', 'tr-TR'],
  titles: {
    positive: ['Kesinlikle tavsiye ederim', 'Beklediğimden iyi'],
    negative: ['Hayal kırıklığı', 'Kırık geldi'],
    mixed: ['İyi ama eksikleri var', 'Ne iyi ne kötü'],
    neutral: ['Anlatıldığı gibi', 'İlk izlenim'],
  },
  openings: ['{n} haftadır kullanıyorum.', 'Kardeşime hediye olarak aldım.', 'Kargo {n} günde geldi.'],
  likes: [
    'Fiyatına göre kalitesi harika.',
    'Çok sağlam ve hiç ses yapmıyor.',
    'Müşteri hizmetleri {n} dakikada yardımcı oldu, çok naziktiler.',
    '{n} ay sonra hâlâ yeni gibi.',
  ],
  dislikes: [
    '{n} gün sonra tamamen bozuldu.',
    'Kullanma kılavuzu anlaşılmıyor.',
    'Kutu açılmıştı ve bir parça eksikti.',
    '{n} mesaj attım, kimse dönmedi.',
  ],
  facts: [
    'Yaklaşık {n} yüz gram ağırlığında.',
    'Kablosu {n} metre kadar.',
    'Kutudan cihaz ve bir broşür çıkıyor.',
  ],
  turn: 'Öte yandan:',
  closings: {
    positive: ['Yine alırdım.'],
    negative: ['İade ediyorum.'],
    mixed: ['Elimde kalacak ama çok sevmedim.'],
    neutral: ['Birkaç ay sonra yine yazarım.'],
  },
  diary: [
    '{n}. gün: yine {m}, ekranda {code} yazdı.',
    '{n}. gün başka odaya aldım; {m} ölçtü, mesaj {code}.',
  ],
  brief: { positive: ['Bayıldım!'], negative: ['Berbat.'], mixed: ['İdare eder.'], neutral: ['Geldi.'] },
  space: ' ',
};
