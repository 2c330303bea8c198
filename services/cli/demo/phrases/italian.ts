import type { Phrases } from './phrases.ts';

export const italian: Phrases = {
  tags: ['it', 'it-IT'],
  titles: {
    positive: ['Consigliatissimo', 'Meglio del previsto', 'Ottimo acquisto'],
    negative: ['Che delusione', 'Arrivato rotto', 'Soldi buttati'],
    mixed: ['Bello, ma', 'Pregi e difetti', 'Così così'],
    neutral: ['Come descritto', 'Prime impressioni', 'Nella media'],
  },
  openings: [
    'Lo uso da {n} settimane.',
    'Preso come regalo per mia zia.',
    'È arrivato dopo {n} giorni.',
    'È il secondo che compriamo in famiglia.',
  ],
  likes: [
    'La qualità è eccellente per questo prezzo.',
    'È robusto e silenziosissimo.',
    'Spedizione veloce e imballo perfetto.',
    "L'assistenza ha risposto in {n} minuti, gentilissimi.",
    'I colori sono identici alle foto.',
    'Dopo {n} lavaggi sembra ancora nuovo.',
  ],
  dislikes: [
    'Ha smesso di funzionare dopo {n} giorni.',
    'Le istruzioni sono incomprensibili.',
    'Il pacco era aperto e mancava un pezzo.',
    'Ho scritto {n} volte e nessuno risponde.',
    'Ha un odore pessimo.',
    'È molto più piccolo di come appare.',
  ],
  facts: [
    'Pesa circa {n} etti.',
    "Nella scatola ci sono l'articolo, un foglietto e un ricambio.",
    'Esiste in {n} misure, ho preso la media.',
    'Il cavo è lungo circa {n} metri.',
  ],
  turn: "D'altra parte:",
  closings: {
    positive: ['Lo ricomprerei subito.', 'Cinque stelle piene.'],
    negative: ['Lo rimando indietro.', 'Mai più.'],
    mixed: ['Lo tengo, ma senza entusiasmo.', 'Ognuno valuti da sé.'],
    neutral: ['Aggiornerò tra qualche mese.', 'Per ora non c’è altro da dire.'],
  },
  diary: [
    'Giorno {n}: ancora {m}, il display segnava {code}.',
    'Il giorno {n} spostato in un’altra stanza: {m}, messaggio {code}.',
    'Giorno {n}: {m} al mattino, quasi uguale la sera. Annotato {code}.',
  ],
  brief: {
    positive: ['Fantastico!', 'Ottimo.'],
    negative: ['Pessimo.', 'Già rotto.'],
    mixed: ['Insomma.', 'Bello ma caro.'],
    neutral: ['Arrivato.', 'Nella norma.'],
  },
  space: ' ',
};
