import type { Lexicon } from './lexicon.ts';

export const english: Lexicon = {
  script: 'spaced',
  positive: `good great excellen* amazing* awesome* wonderful* fantastic* superb* perfect* love loved loves lovely loving
    best better happy happi* pleased delight* enjoy* recommend* satisf* nice nicely solid sturdy quick quickly fast
    kind friendly helpful comfortable comfy beautiful* pretty impress* brilliant* outstanding favorite favourite works
    reliable easy easily smooth* worth joy intact hoped thank* bargain gorgeous charming quiet elegant generous
    flawless* exceed* fresh delicious tasty warmly`,
  negative: `bad badly worse worst awful* terrible terribly horrible horribl* disappoint* poor poorly broke broken
    breaks useless worthless waste* mistake* missing defect* fault* faulty refund* return returned returning sending
    smell* stink* slow slowly rude unhelpful cheap cheaply flimsy fail fails failed failure fake scam junk trash
    garbage hate hated hates annoy* angry problem* issue issues unfortunately damaged damage leak* stopped smaller
    uncomfortable ugly noisy loud overpriced late lost wrong crash* rattles scratched dead dirty regret* avoid
    save misleading unusable complain* unacceptable`,
  negators: `not no never nothing none neither nor without hardly barely isnt wasnt arent dont doesnt didnt cant
    couldnt wont wouldnt aint cannot isn't wasn't aren't don't doesn't didn't can't couldn't won't wouldn't`,
};
