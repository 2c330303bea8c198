import type { Phrases } from './phrases.ts';

export const polish: Phrases = {
  tags: ['pl', 'pl-PL'],
  titles: {
    positive: ['Gorąco polecam', 'Lepsze, niż myślałam'],
    negative: ['Rozczarowanie', 'Przyszło uszkodzone'],
    mixed: ['Dobre, ale', 'Plusy i minusy'],
    neutral: ['Zgodne z opisem', 'Pierwsze wrażenia'],
  },
  openings: ['Używam od {n} tygodni.', 'Kupione na prezent dla siostry.', 'Dostawa trwała {n} dni.'],
  likes: [
    'Jakość jest świetna jak na tę cenę.',
    'Jest solidne i zupełnie ciche.',
    'Obsługa odpowiedziała w {n} minut, bardzo uprzejmie.',
    'Po {n} miesiącach wygląda jak nowe.',
  ],
  dislikes: [
    'Po {n} dniach przestało działać.',
    'Instrukcja jest niezrozumiała.',
    'Paczka była otwarta i brakowało części.',
    'Na {n} wiadomości nikt nie odpisał.',
  ],
  facts: ['Waży około {n} set gramów.', 'Kabel ma jakieś {n} metry.', 'W pudełku jest urządzenie i ulotka.'],
  turn: 'Z drugiej strony:',
  closings: {
    positive: ['Kupiłabym jeszcze raz.'],
    negative: ['Odsyłam.'],
    mixed: ['Zostawiam, ale bez zachwytu.'],
    neutral: ['Za kilka miesięcy napiszę więcej.'],
  },
  diary: [
    'Dzień {n}: znowu {m}, na ekranie {code}.',
    'W dniu {n} przestawione do innego pokoju; {m}, komunikat {code}.',
  ],
  brief: { positive: ['Super!'], negative: ['Fatalne.'], mixed: ['Może być.'], neutral: ['Doszło.'] },
  space: ' ',
};
