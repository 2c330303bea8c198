import type { Lexicon } from './lexicon.ts';

export const chineseTraditional: Lexicon = {
  script: 'joined',
  positive: `好 很好 滿意 喜歡 推薦 棒 優秀 完美 漂亮 舒服 舒適 超出期待 驚喜 值得 開心 高興 親切 細心 紮實 堅固 快 方便
    好用 好評 滿分 實惠 精緻 不錯 讚 貼心 專業 美味 好吃 愛 優質 還會再買 一模一樣 新的一樣 安靜 順利 放心`,
  negative: `差 壞 爛 失望 糟糕 難聞 難用 難看 難吃 垃圾 破損 少了 錯誤 看不懂 退貨 退款 後悔 千萬別 別買 騙 假貨 慢 貴
    太小 小太多 沒人回 噪音 問題 故障 遺憾 可惜 不滿意 不好 不推薦 不值 沒用 斷了 掉了 裂 漏 髒 氣人 差評 投訴 浪費`,
  negators: '不 沒 沒有 別 無 不太 不會 不怎麼',
};
