import type { Lexicon } from './lexicon.ts';

export const chineseSimplified: Lexicon = {
  script: 'joined',
  positive: `好 很好 满意 喜欢 推荐 棒 优秀 完美 漂亮 舒服 舒适 超出预期 惊喜 值得 开心 高兴 热情 用心 扎实 结实 快 方便
    好用 好评 满分 实惠 精致 不错 赞 贴心 专业 美味 好吃 爱 优质 还会再买 完全一样 新的一样 安静 顺利 放心`,
  negative: `差 坏 烂 失望 糟糕 难闻 难用 难看 难吃 垃圾 破损 少了 错误 看不懂 退货 退款 后悔 千万别 别买 骗 假货 慢 贵
    太小 小太多 没人回复 噪音 问题 故障 遗憾 不满意 不好 不推荐 不值 没用 断了 掉了 裂 漏 脏 气人 差评 投诉 浪费`,
  negators: '不 没 没有 别 无 不太 不会 不怎么',
};
