import type { Lexicon } from './lexicon.ts';

export const german: Lexicon = {
  script: 'spaced',
  positive: `gut gute guter gutes guten bestens beste bester bestes besser super toll tolle toller tolles prima klasse
    ausgezeichnet* hervorragend* großartig* grossartig* wunderbar* fantastisch* perfekt* schön* herrlich* liebe liebt
    empfehl* zufrieden* begeistert* freu* freundlich* schnell* zuverlässig* stabil* hochwertig* qualität* wert robust*
    bequem* angenehm* leise einfach* hilfreich* nett* top genial* spitze überrasch* erstaunlich* gerne empfehlung
    lecker* solide* sauber* einwandfrei* tadellos* günstig* erwartet neu volle`,
  negative: `schlecht* schlimm* furchtbar* schrecklich* enttäusch* kaputt* defekt* mangelhaft* müll schrott mies* billig*
    fehler* fehlt* fehlen* fehlend* leider beschädigt* zerbroch* unbrauchbar* unverständlich* unangenehm* stinkt riech*
    unfreundlich* langsam* ärger* ärgerlich* problem* reklam* zurück zurückgeschickt schicke umtausch* betrug wackelt
    finger verschwend* nutzlos* wertlos* teuer* laut lauter kratz* undicht* hässlich* verspät* unzufrieden* kleiner
    katastroph* gar nachteil* störend* nerv* schwach* reinfall`,
  negators: 'nicht kein keine keinen keiner keinem nie niemals nichts weder ohne kaum',
};
