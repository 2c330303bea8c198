import type { Phrases } from './phrases.ts';

export const english: Phrases = {
  tags: ['en', 'en-US', 'en-GB'],
  titles: {
    positive: ['Better than I hoped', 'Would buy again', 'A small joy every day', 'Exactly what I needed'],
    negative: ['Save your money', 'Broken on arrival', 'Very disappointed', 'Not as described'],
    mixed: ['Good, with one catch', 'Nice idea, uneven result', 'Half happy'],
    neutral: ['Does what it says', 'First impressions', 'Average', 'As ordered'],
  },
  openings: [
    'I have used it for {n} weeks now.',
    'Bought as a gift for my sister.',
    'Ordered on a Monday, it came {n} days later.',
    'This is the second one in our household.',
    'I compared {n} others before choosing it.',
  ],
  likes: [
    'The quality is far better than the price suggests.',
    'It feels solid and nothing rattles.',
    'Delivery was quick and the parcel arrived intact.',
    'Support answered within {n} minutes and was really kind.',
    'The colours look exactly like the pictures.',
    'Even my father understood it without the manual.',
    'After {n} washes it still looks new.',
  ],
  dislikes: [
    'It stopped working after {n} days.',
    'The instructions are useless and full of mistakes.',
    'The parcel was open and one part was missing.',
    'Support has not answered {n} messages.',
    'It is much smaller than it looks on the page.',
    'The smell out of the box is terrible.',
    'I asked for a refund and I am still waiting.',
  ],
  facts: [
    'It weighs about {n} hundred grams.',
    'The box holds the item, a leaflet and a spare part.',
    'It comes in {n} sizes, I took the middle one.',
    'It is made in two parts that click together.',
    'The cable is about {n} metres long.',
  ],
  turn: 'On the other hand:',
  closings: {
    positive: ['Warmly recommended.', 'Five stars, no hesitation.'],
    negative: ['I am sending it back.', 'Never again.'],
    mixed: ['I keep it, but I would not rush to buy another.', 'Decide what matters to you.'],
    neutral: ['More after some months of use.', 'That is all there is to say so far.'],
  },
  diary: [
    'Day {n}: measured {m} again, the display printed {code}.',
    'On day {n} I moved it to another room; the reading went to {m}, message {code}.',
    'Day {n}, early: {m}. Late: much the same. Noted {code} for the record.',
    'Nothing unusual on day {n}, only {code} in the log and {m} at noon.',
  ],
  brief: {
    positive: ['Love it!', 'Great.', '👍👍'],
    negative: ['Awful.', 'Broke at once.', '👎'],
    mixed: ['So-so.', 'Good but late.'],
    neutral: ['OK.', 'Arrived.'],
  },
  space: ' ',
};
