import type { Lexicon } from './lexicon.ts';

/** Joined: particles and endings stick to the stems. */
export const korean: Lexicon = {
  script: 'joined',
  positive: `좋아 좋은 좋습 좋고 좋네 최고 훌륭 만족 추천 완벽 예쁘 예뻐 아름다 마음에 행복 기쁘 빠르 빨라 친절 튼튼
    편하 편리 꼼꼼 기대 사랑 유용 감사 대박 멋지 멋져 맛있 새것 똑같 조용 고급 저렴 가성비 별_다섯 재구매
    소음이_전혀_없 다시_살 장점`,
  negative: `나쁘 나빠 별로 최악 실망 고장 파손 불량 엉망 오류 부품이_없 환불 반품 후회 냄새 심합 심해 느리 느려 비싸
    비쌉 문제 불편 더럽 아쉬 아쉽 사지_마세요 안_삽 안_사 답이_없 작아 작습 시끄 불친절 쓰레기 사기 짜증 엉터리 깨져
    망가 못_하겠 열려 단점 그저_그래`,
  negators: '안_ 못_',
  negatorsAfter: '지_않 지_못 지는_않 하지_않',
};
