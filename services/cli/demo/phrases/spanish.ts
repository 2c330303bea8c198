import type { Phrases } from './phrases.ts';

export const spanish: Phrases = {
  tags: ['es', 'es-MX', 'es-ES'],
  titles: {
    positive: [
      'Muy recomendable',
      'Mejor de lo que esperaba',
      'Contentísima con la compra',
      'Vale cada céntimo',
    ],
    negative: ['Una decepción', 'Llegó roto', 'No lo compren', 'Dinero tirado'],
    mixed: ['Bueno, con un pero', 'Ni tan bien ni tan mal', 'Luces y sombras'],
    neutral: ['Cumple', 'Primeras impresiones', 'Como en la foto'],
  },
  openings: [
    'Lo uso desde hace {n} semanas.',
    'Fue un regalo para mi madre.',
    'Tardó {n} días en llegar.',
    'Es el segundo que compramos en casa.',
    'Antes comparé {n} modelos distintos.',
  ],
  likes: [
    'La calidad es estupenda para lo que cuesta.',
    'Es firme y no hace ningún ruido.',
    'El envío fue rápido y el paquete llegó perfecto.',
    'Atención al cliente me ayudó en {n} minutos, encantadores.',
    'Los colores son idénticos a los de las fotos.',
    'Después de {n} lavados sigue como nuevo.',
  ],
  dislikes: [
    'Dejó de funcionar a los {n} días.',
    'Las instrucciones son un desastre.',
    'El paquete venía abierto y faltaba una pieza.',
    'Escribí {n} veces y nadie contesta.',
    'Es mucho más pequeño de lo que parece.',
    'Huele fatal al sacarlo de la caja.',
  ],
  facts: [
    'Pesa unos {n} cientos de gramos.',
    'En la caja vienen el artículo, un folleto y una pieza de repuesto.',
    'Hay {n} tallas y pedí la mediana.',
    'El cable mide unos {n} metros.',
  ],
  turn: 'Por otro lado:',
  closings: {
    positive: ['Volvería a comprarlo sin dudar.', 'Cinco estrellas.'],
    negative: ['Lo voy a devolver.', 'Nunca más.'],
    mixed: ['Me lo quedo, aunque sin entusiasmo.', 'Cada uno que valore lo suyo.'],
    neutral: ['Contaré más dentro de unos meses.', 'De momento no hay más que decir.'],
  },
  diary: [
    'Día {n}: otra vez {m}, y en la pantalla salió {code}.',
    'El día {n} lo cambié de habitación; marcó {m} con el aviso {code}.',
    'Día {n}: por la mañana {m}, por la noche casi igual. Apunté {code}.',
  ],
  brief: {
    positive: ['¡Genial!', 'Me encanta.'],
    negative: ['Malísimo.', 'Se rompió.'],
    mixed: ['Regular.', 'Bien, pero caro.'],
    neutral: ['Llegó bien.', 'Normal.'],
  },
  space: ' ',
};
