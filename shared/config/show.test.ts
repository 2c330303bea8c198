// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how the file takes values from the environment.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseDefinition } from './parse.ts';
import { effectiveDefinition, showDefinition } from './show.ts';

const FULL = readFileSync(new URL('./fixtures/full.yaml', import.meta.url), 'utf8');

function load(environment: Record<string, string> = {}, text = FULL) {
  const { definition, source, mistakes } = parseDefinition(text, 'full.yaml', environment);
  if (definition === undefined) throw new Error(JSON.stringify(mistakes));
  return { definition, source };
}

test('what is shown reads back as the same definition', () => {
  const { definition, source } = load();
  expect(load({}, showDefinition(definition, source)).definition).toEqual(definition);
});

test('a written default is shown, a value from the environment is not', () => {
  const text = FULL.replace('- logins_30d', '- ${FIRST:-logins_30d}').replace(
    '- purchases_90d',
    '- bought: ${SECOND:-purchases_90d}',
  );
  const { definition, source } = load({ CHURN_ENDPOINT: 'hunter2', SECOND: 'hunter2' }, text);
  const shown = showDefinition(definition, source);
  expect(shown).not.toContain('hunter2');
  expect(JSON.stringify(effectiveDefinition(definition, source))).not.toContain('hunter2');
  expect(shown).toContain('endpoint: •••••• (from the environment)');
  expect(shown).toContain('bought: •••••• (from the environment)');
  expect(shown).toContain('endpoint: fraud-xgboost');
  expect(shown).toContain('- logins_30d');
});
