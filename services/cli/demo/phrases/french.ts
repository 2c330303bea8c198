import type { Phrases } from './phrases.ts';

export const french: Phrases = {
  tags: ['fr', 'fr-FR', 'fr-CA'],
  titles: {
    positive: ['Je recommande vivement', 'Une belle surprise', 'Très satisfaite', 'Rien à redire'],
    negative: ['Très déçu', 'Cassé à la livraison', 'À éviter', 'Argent perdu'],
    mixed: ['Bien, mais', 'Du bon et du moins bon', 'Mitigé'],
    neutral: ['Conforme à la description', 'Premier avis', 'Correct'],
  },
  openings: [
    "Je l'utilise depuis {n} semaines.",
    "Acheté pour l'anniversaire de mon frère.",
    'La livraison a pris {n} jours.',
    "C'est déjà le deuxième à la maison.",
    "J'en avais comparé {n} autres.",
  ],
  likes: [
    'La qualité est remarquable pour ce prix.',
    "C'est solide et parfaitement silencieux.",
    'Colis bien emballé et livré en avance.',
    'Le service client a répondu en {n} minutes, adorable.',
    'Les couleurs sont exactement celles des photos.',
    'Après {n} mois il est toujours comme neuf.',
  ],
  dislikes: [
    'Il est tombé en panne au bout de {n} jours.',
    "La notice est incompréhensible et pleine d'erreurs.",
    'Le carton était ouvert et il manquait une pièce.',
    '{n} messages envoyés, aucune réponse.',
    "L'odeur est insupportable.",
    'Beaucoup plus petit que sur la photo.',
  ],
  facts: [
    'Il pèse environ {n} cents grammes.',
    "La boîte contient l'article, une notice et une pièce de rechange.",
    'Il existe en {n} tailles, j’ai pris la moyenne.',
    'Le câble mesure à peu près {n} mètres.',
  ],
  turn: 'En revanche :',
  closings: {
    positive: ['Je le rachèterais sans hésiter.', 'Cinq étoiles méritées.'],
    negative: ['Je le renvoie.', 'Plus jamais.'],
    mixed: ['Je le garde, sans enthousiasme.', 'À vous de voir ce qui compte.'],
    neutral: ['Je compléterai dans quelques mois.', 'Rien de plus à dire pour le moment.'],
  },
  diary: [
    'Jour {n} : encore {m}, et l’écran a affiché {code}.',
    'Le jour {n}, déplacé dans une autre pièce ; {m} mesuré, message {code}.',
    'Jour {n} : {m} le matin, presque pareil le soir. Noté {code}.',
  ],
  brief: {
    positive: ['Parfait !', 'Génial.'],
    negative: ['Nul.', 'Déjà cassé.'],
    mixed: ['Moyen.', 'Bien mais cher.'],
    neutral: ['Bien reçu.', 'Correct.'],
  },
  space: ' ',
};
