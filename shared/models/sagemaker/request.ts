export interface RequestBody {
  readonly contentType: string;
  readonly accept: string;
  readonly body: string;
}

/**
 * Rows as CSV: no header, no label, no last newline. A number's own text is the shortest that reads back as the same
 * number, in no locale, and writes -0 as 0. `text/csv` stays without parameters: XGBoost refuses `label_size=0`.
 */
export function csvRequest(rows: readonly (readonly number[])[]): RequestBody {
  return {
    contentType: 'text/csv',
    accept: 'text/csv',
    body: rows.map((row) => row.join(',')).join('\n'),
  };
}
