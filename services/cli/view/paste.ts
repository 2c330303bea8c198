/** What to try in another terminal. The inserted row looks like card testing, so it is flagged. */
export const PASTE = {
  insert: {
    before: 'npx afterglow sql "',
    statement:
      "insert into transactions (customer_id, amount, merchant_name, merchant_category, merchant_country, card_last4, card_present, attempts_10m) select id, 1.99, 'Yours', 'digital', country, '4242', false, 9 from customers order by id limit 1",
  },
  select: {
    before: 'npx afterglow sql "',
    statement:
      'select id, amount, merchant_name, fraud_score from afterglow.transactions_enriched where fraud_flagged order by id desc limit 5',
  },
  /** What the vectors are good for: the reviews that are most like the newest one. */
  similar: {
    before: 'npx afterglow sql "',
    statement:
      'select r.id, r.language, r.title from afterglow.embedding e join reviews r using (id) where chunk = 0 order by embedding <=> (select embedding from afterglow.embedding order by id desc limit 1) limit 5',
  },
  tail: { before: 'npx afterglow tail fraud', statement: undefined },
} as const;

/**
 * The command over as many lines as the width needs, broken between words of the statement: a line end inside the quotes
 * is only white space to SQL, so what is pasted still works.
 */
export function pasteLines(
  { before, statement }: (typeof PASTE)[keyof typeof PASTE],
  columns: number,
  indent = '  ',
): readonly string[] {
  if (statement === undefined) return [`${indent}${before}`];
  const lines: string[] = [];
  let line = `${indent}${before}`;
  let isEmpty = true;
  for (const word of `${statement}"`.split(' ')) {
    const longer = isEmpty ? line + word : `${line} ${word}`;
    if (longer.length > columns && !isEmpty) {
      lines.push(line);
      line = `${indent}  ${word}`;
    } else {
      line = longer;
    }
    isEmpty = false;
  }
  return [...lines, line];
}
