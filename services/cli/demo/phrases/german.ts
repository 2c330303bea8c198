import type { Phrases } from './phrases.ts';

export const german: Phrases = {
  tags: ['de', 'de-DE', 'de-AT'],
  titles: {
    positive: ['Klare Empfehlung', 'Besser als erwartet', 'Sehr zufrieden', 'Jeden Cent wert'],
    negative: ['Leider enttäuscht', 'Nach kurzer Zeit kaputt', 'Finger weg', 'Geht zurück'],
    mixed: ['Gut mit Abstrichen', 'Licht und Schatten', 'Teils, teils'],
    neutral: ['Wie beschrieben', 'Erster Eindruck', 'Durchschnitt'],
  },
  openings: [
    'Ich benutze es jetzt seit {n} Wochen.',
    'Gekauft als Geschenk für meinen Bruder.',
    'Die Lieferung dauerte {n} Tage.',
    'Das ist schon das zweite in unserem Haushalt.',
    'Vorher habe ich {n} andere Modelle verglichen.',
  ],
  likes: [
    'Die Verarbeitung ist hervorragend und nichts wackelt.',
    'Für den Preis bekommt man erstaunlich viel Qualität.',
    'Der Kundendienst hat nach {n} Minuten freundlich geholfen.',
    'Die Farben stimmen genau mit den Bildern überein.',
    'Auch nach {n} Monaten sieht es aus wie neu.',
    'Die Bedienung versteht man ohne Anleitung.',
  ],
  dislikes: [
    'Nach {n} Tagen ging gar nichts mehr.',
    'Die Anleitung ist unverständlich und voller Fehler.',
    'Das Paket war beschädigt und ein Teil fehlte.',
    'Auf {n} Nachrichten kam keine Antwort.',
    'Es riecht unangenehm nach Kunststoff.',
    'Viel kleiner, als es auf den Bildern aussieht.',
  ],
  facts: [
    'Es wiegt etwa {n} hundert Gramm.',
    'Im Karton liegen das Gerät, ein Faltblatt und ein Ersatzteil.',
    'Es gibt {n} Größen, ich habe die mittlere genommen.',
    'Das Kabel ist ungefähr {n} Meter lang.',
  ],
  turn: 'Andererseits:',
  closings: {
    positive: ['Ich würde es sofort wieder kaufen.', 'Volle Punktzahl.'],
    negative: ['Ich schicke es zurück.', 'Nie wieder.'],
    mixed: ['Ich behalte es, aber begeistert bin ich nicht.', 'Das muss jeder selbst abwägen.'],
    neutral: ['In ein paar Monaten ergänze ich die Bewertung.', 'Mehr lässt sich bisher nicht sagen.'],
  },
  diary: [
    'Tag {n}: wieder {m} gemessen, die Anzeige meldete {code}.',
    'Am Tag {n} stand es in einem anderen Zimmer, der Wert stieg auf {m}, Meldung {code}.',
    'Tag {n}, morgens {m}, abends fast gleich; notiert habe ich {code}.',
  ],
  brief: {
    positive: ['Super!', 'Top, gerne wieder.', 'Prima.'],
    negative: ['Schrott.', 'Sofort defekt.'],
    mixed: ['Geht so.', 'Gut, aber teuer.'],
    neutral: ['Passt.', 'Ist angekommen.'],
  },
  space: ' ',
};
