import type { Phrases } from './phrases.ts';

export const dutch: Phrases = {
  tags: ['nl', 'nl-NL'],
  titles: {
    positive: ['Echt een aanrader', 'Beter dan verwacht'],
    negative: ['Zonde van het geld', 'Kapot aangekomen'],
    mixed: ['Goed, met een maar', 'Half tevreden'],
    neutral: ['Zoals beschreven', 'Eerste indruk'],
  },
  openings: [
    'Ik gebruik het nu {n} weken.',
    'Gekocht als cadeau voor mijn oma.',
    'De levering duurde {n} dagen.',
  ],
  likes: [
    'De kwaliteit is uitstekend voor deze prijs.',
    'Het voelt stevig en maakt geen geluid.',
    'De klantenservice hielp binnen {n} minuten, heel vriendelijk.',
    'Na {n} maanden nog als nieuw.',
  ],
  dislikes: [
    'Na {n} dagen deed het niets meer.',
    'De handleiding is onbegrijpelijk.',
    'De doos was open en er ontbrak een onderdeel.',
    'Op {n} berichten kwam geen antwoord.',
  ],
  facts: [
    'Het weegt ongeveer {n} ons.',
    'Het snoer is zo’n {n} meter lang.',
    'In de doos zitten het apparaat en een foldertje.',
  ],
  turn: 'Aan de andere kant:',
  closings: {
    positive: ['Ik zou het zo weer kopen.'],
    negative: ['Ik stuur het terug.'],
    mixed: ['Ik houd het, maar juich niet.'],
    neutral: ['Over een paar maanden meer.'],
  },
  diary: [
    'Dag {n}: weer {m} gemeten, het scherm gaf {code}.',
    'Op dag {n} in een andere kamer gezet; {m}, melding {code}.',
  ],
  brief: { positive: ['Geweldig!'], negative: ['Waardeloos.'], mixed: ['Gaat wel.'], neutral: ['Prima.'] },
  space: ' ',
};
