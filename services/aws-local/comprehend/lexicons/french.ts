import type { Lexicon } from './lexicon.ts';

export const french: Lexicon = {
  script: 'spaced',
  positive: `bon bonne bons bonnes bien mieux meilleur* excellent* superbe* génial* parfait* magnifique* merveilleu*
    formidable* fantastique* adore* ador* aime aimé content* satisf* ravi* heureu* recommand* rapide* rapidement
    agréable* pratique* joli* beau belle solide* qualité* robuste* silencieu* facile* utile* gentil* aimable*
    impeccable* remarquable* surprise étoiles efficace* confortable* merci top plaisir enchant* neuf mérit* rachèt*
    charmant* conforme`,
  negative: `mauvais* mal pire* nul nulle nuls horrible* affreu* terrible* déçu* décevant* déception* cassé* casse
    défect* défaut* panne* inutile* erreur* manqu* abîm* endommag* incompréhensible* insupportable* lent lente* retard
    cher chère* problème* renvo* rembours* perdu* odeur* pue arnaque* éviter dommage fragile* sale* bruyant* pénible*
    catastroph* médiocre* jamais faible* petit petite scandale* inadmissible* raté* hélas malheureusement`,
  negators: "pas ne aucun aucune jamais rien sans ni n'est n'a guère",
};
