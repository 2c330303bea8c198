import type { Lexicon } from './lexicon.ts';

export const italian: Lexicon = {
  script: 'spaced',
  positive: `buono buona buoni buone bene meglio migliore* ottim* eccellent* perfett* fantastic* meraviglios* stupend*
    splendid* bello bella belli belle bellissim* content* soddisfatt* felic* consigli* raccomand* veloc* gentil*
    comod* utile utili facil* robust* solid* silenzios* qualità piace piaciut* ador* amo super grazie impeccabil*
    stelle ricomprer* delizios* affidabil* elegant* nuovo efficient* entusiast* identic* consigliatissim* pregi`,
  negative: `male malissimo peggio peggior* pessim* orribil* terribil* delus* delusion* rott* rotto difett* guast*
    mancav* manca mancan* error* problem* inutil* lent* ritard* car* puzza odore brutt* danneggiat* fragil* rumoros*
    sporc* truff* rimand* rimborso reso restituit* purtroppo scadent* scars* spazzatura incomprensibil* sprec* buttat*
    schifo vergogn* sconsigli* piccol* debol* smesso fastidios* difetti`,
  negators: 'non né mai nessun* niente nulla senza neanche',
};
