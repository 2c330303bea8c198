import { MODEL_KINDS } from './definition.ts';
import { type Setting, settings } from './json-schema.ts';

/** Every setting as Markdown: a table for the file, then one for each model kind. */
export function settingsMarkdown(): string {
  const all = settings();
  const common = all.filter(({ kind }) => kind === undefined);
  const kinds = Object.entries(MODEL_KINDS).map(([kind, { schema }]) => {
    const own = all.filter((setting) => setting.kind === kind);
    return `### \`kind: ${kind}\`\n\n${schema.meta()?.description ?? ''}\n\n${table(own)}`;
  });
  return [table(common), ...kinds].join('\n\n');
}

function table(rows: readonly Setting[]): string {
  const lines = rows.map((row) => {
    const meaning = row.meaning.replaceAll('|', '\\|');
    return `| \`${row.path}\` | ${byDefault(row)} | ${meaning} | ${code(row.example)} |`;
  });
  return ['| setting | default | meaning | example |', '|---|---|---|---|', ...lines].join('\n');
}

function byDefault(row: Setting): string {
  if (row.isRequired) return 'required';
  // A block's own default says nothing that its settings do not say.
  return isEmpty(row.default) ? '' : code(row.default);
}

function isEmpty(value: unknown): boolean {
  return (
    value === undefined || (typeof value === 'object' && value !== null && Object.keys(value).length === 0)
  );
}

function code(value: unknown): string {
  if (value === undefined) return '';
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``.replaceAll('|', '\\|');
}
