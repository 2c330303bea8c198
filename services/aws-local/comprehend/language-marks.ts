/** Everyday words of the languages written in Latin letters: what a short text nearly always holds one of. */
export const LATIN_WORDS: Readonly<Record<string, string>> = {
  de: `der die das und ist nicht ich es ein eine zu mit auf für von den dem auch wie aber nach bei sehr sind war wird
    wurde nur noch kein keine schon habe hat sich so dass wenn aus am im zum zur über gut sofort wieder`,
  en: `the and is it of to in that was for with on this not but have has are as be i my you they very would which from
    an or we so at when after good great were than then there what`,
  es: `el la los las un una de que y es en no con por para se lo su muy pero más como del al me mi está fue todo esta
    este son ya sin bien cuando desde qué hay antes nadie días`,
  fr: `le la les un une des de du et est en que qui ne pas pour dans ce cette il elle je nous vous avec sur très mais
    plus au aux par son sa ses c'est j'ai n'est été bien tout comme sans a ont client aucune réponse jours`,
  it: `il lo la gli le un una di che e è in non per con si sono ma più come del della dei al alla ho ha mi molto anche
    questo questa da dopo ci nel già era bene tutto circa pesa nessuno`,
  nl: `de het een en van is niet dat in op te met voor ik zijn er maar ook na bij aan heel zeer was wordt nog geen wel
    mijn naar uit dit goed weer dagen duurde`,
  pl: `i w na nie się z do jest to że jak po za dla od ale przez jako tym bardzo był była co już tylko mnie mi są ma
    przed kilka oraz który`,
  pt: `o a os as um uma de que e é em não com por para se do da dos das no na muito mas mais como foi está meu minha
    ao pelo já são sem bem depois isso ninguém semanas dias`,
  sv: `och det att en ett är inte som på i av för med den till jag har men om var mycket så efter från kan bra`,
  tr: `ve bir bu da de için çok ile ama gibi daha ne var yok ben kadar sonra olarak değil iyi hiç her gün göre kimse`,
  id: `yang dan di ini itu dengan untuk tidak dari dalam akan pada juga saya ke karena sangat bisa ada sudah`,
};

/** Letters that hardly any other of these languages has. */
export const LATIN_LETTERS: Readonly<Record<string, RegExp>> = {
  de: /[ßä]/gu,
  es: /[ñ¿¡]/gu,
  fr: /[çœêèàùû]|\b[cjdlnqs]['’]/gu,
  it: /[òìàè](?![a-z])|\b(?:l|un|dell|all|nell)['’]/gu,
  pl: /[łżźśćńąę]/gu,
  pt: /[ãõ]|ção|ções/gu,
  sv: /[åäö]/gu,
  tr: /[ğşı]/gu,
};

/** Characters that only the one or the other writing of Chinese has. */
export const SIMPLIFIED =
  '们这个来时为说国会过对没还发后么从见开关问间样东车长门让给谁请谢话语读写买卖钱价贵别坏烂难满质轻静产线电脑视频气热单双颜图书题错误报告务员联系紧红绿蓝黄旧儿岁几点种类级别条块张斤货装细钟处帮两顺应该认识总环轮书节选较决况';
export const TRADITIONAL =
  '們這個來時為說國會過對沒還發後麼從見開關問間樣東車長門讓給誰請謝話語讀寫買賣錢價貴別壞爛難滿質輕靜產線電腦視頻氣熱單雙顏圖書題錯誤報告務員聯繫緊紅綠藍黃舊兒歲幾點種類級別條塊張斤貨裝細鐘處幫兩順應該認識總環輪書節選較決況';
