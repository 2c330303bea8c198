const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

export type Rows = readonly (readonly number[])[];

/** Rows as the container reads them: outer newlines stripped, an empty cell is missing (NaN). Undefined: not CSV. */
export function parseCsv(body: string): Rows | undefined {
  const text = body.trim();
  const rows: number[][] = [];
  for (const line of text.split(/\r?\n/)) {
    const row: number[] = [];
    for (const cell of line.split(',')) {
      const value = cell.trim();
      if (value === '' || value === 'nan' || value === 'NaN') row.push(Number.NaN);
      else if (NUMBER.test(value)) row.push(Number(value));
      else return undefined;
    }
    rows.push(row);
  }
  return rows;
}
