import type { Lexicon } from './lexicon.ts';

export const spanish: Lexicon = {
  script: 'spaced',
  positive: `bueno buena buenos buenas buen bien mejor mejores excelente* genial* estupend* fantástic* maravillos*
    perfect* increíble* magnífic* encant* feliz content* satisfech* recomend* recomiendo rápid* amable* cómod* bonit*
    hermos* preciso útil* fácil* calidad firme resistente* sólid* gusta gustó gustaron adoro agradable* vale merece
    estrellas encantador* impecable* fenomenal* ideal* barat* ahorr* gracias acierto robust* idéntic*`,
  negative: `mal mala malo malos malas peor peores malísim* pésim* horrible* terrible* fatal decepci* decepcion*
    rompi* roto rota rotos defect* defecto falla fall* faltaba faltan error* problema* inútil* basura devolv*
    devolución lento lenta tarde car* huele olor apesta desastre desilusi* incómod* feo fea dañad* sucio sucia estaf*
    engañ* tirado nadie averi* débil* ruidos* molest* lament* pequeñ* reclam* imposible dejó vergüenza`,
  negators: 'no ni nunca jamás tampoco sin nada ningún ninguna apenas',
};
