import type { CommandLine } from './command-line.ts';

type Value = Readonly<Record<string, unknown>>;

export interface AuditSaid {
  readonly status: number;
  readonly error: string;
  readonly findings: readonly Value[];
  /** What was said of an enrichment as a whole, at last. */
  of(enrichment: string): Value | undefined;
}

/** `afterglow audit --json`, read. */
export async function audit(cli: CommandLine, ...words: readonly string[]): Promise<AuditSaid> {
  const { status, out, error } = await cli.run('audit', ...words, '--json');
  const lines = out.split('\n').filter((line) => line !== '');
  const values = lines.map((line) => JSON.parse(line) as Value);
  return {
    status,
    error,
    findings: values
      .filter(({ event }) => event === 'finding')
      .map(({ enrichment, finding, reason, key }) => ({ enrichment, finding, reason, key })),
    of: (wanted) => values.findLast(({ event, enrichment }) => event === 'audited' && enrichment === wanted),
  };
}
