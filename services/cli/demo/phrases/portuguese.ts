import type { Phrases } from './phrases.ts';

export const portuguese: Phrases = {
  tags: ['pt', 'pt-BR', 'pt-PT'],
  titles: {
    positive: ['Recomendo muito', 'Melhor do que eu esperava', 'Adorei a compra'],
    negative: ['Que decepção', 'Chegou quebrado', 'Não comprem'],
    mixed: ['Bom, com ressalvas', 'Prós e contras', 'Mais ou menos'],
    neutral: ['Conforme o anúncio', 'Primeiras impressões', 'Na média'],
  },
  openings: [
    'Uso há {n} semanas.',
    'Comprei de presente para o meu pai.',
    'Demorou {n} dias para chegar.',
    'É o segundo aqui em casa.',
  ],
  likes: [
    'A qualidade é excelente pelo preço.',
    'É firme, bonito e não faz barulho.',
    'A entrega foi rápida e bem embalada.',
    'O atendimento respondeu em {n} minutos, muito atencioso.',
    'As cores são iguais às das fotos.',
    'Depois de {n} lavagens continua como novo.',
  ],
  dislikes: [
    'Parou de funcionar depois de {n} dias.',
    'O manual é péssimo e cheio de erros.',
    'A caixa veio aberta e faltava uma peça.',
    'Mandei {n} mensagens e ninguém responde.',
    'O cheiro é horrível.',
    'É bem menor do que parece na foto.',
  ],
  facts: [
    'Pesa umas {n} centenas de gramas.',
    'Na caixa vêm o produto, um folheto e uma peça de reposição.',
    'Existe em {n} tamanhos, peguei o médio.',
    'O cabo tem cerca de {n} metros.',
  ],
  turn: 'Por outro lado:',
  closings: {
    positive: ['Compraria de novo com certeza.', 'Nota máxima.'],
    negative: ['Vou devolver.', 'Nunca mais.'],
    mixed: ['Vou ficar com ele, mas sem empolgação.', 'Cada um decide o que importa.'],
    neutral: ['Volto a comentar daqui a uns meses.', 'Por enquanto é isso.'],
  },
  diary: [
    'Dia {n}: de novo {m}, a tela mostrou {code}.',
    'No dia {n} mudei de quarto; marcou {m} com o aviso {code}.',
    'Dia {n}: {m} de manhã, quase igual à noite. Anotei {code}.',
  ],
  brief: {
    positive: ['Amei!', 'Ótimo.'],
    negative: ['Horrível.', 'Quebrou logo.'],
    mixed: ['Médio.', 'Bom, mas caro.'],
    neutral: ['Chegou.', 'Normal.'],
  },
  space: ' ',
};
