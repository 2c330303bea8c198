import { Command } from 'commander';
import { nearest } from '../../../shared/config/nearest.ts';
import { AfterglowError } from '../../../shared/errors/catalogue.ts';
import { onRun, type Run } from '../invocation.ts';

export function configCommand(run: Run): Command {
  const check = new Command('check')
    .description('find all mistakes at once, each with its line and what to write instead')
    .addHelpText(
      'after',
      `
Expressions are type-checked against the real tables when a database is known: DATABASE_URL, or the stack that
runs here. Exit status 0: no mistakes, warnings at most; 2: mistakes.

Examples:
  npx afterglow config check
  npx afterglow --config staging.yaml config check --json
`,
    );
  const show = new Command('show').description(
    'print the effective definition: defaults filled in, secrets masked',
  );
  const schema = new Command('schema')
    .description('print the JSON Schema of the definition file')
    .addHelpText(
      'after',
      `
Examples:
  npx afterglow config schema > afterglow.schema.json
`,
    );
  const command = new Command('config')
    .description('check, show, and describe the definition file')
    .helpCommand(false);
  // Without this, a missing or misspelt subcommand would print help and say nothing.
  command.action(() => {
    const names = command.commands.map((each) => each.name());
    const [written] = command.args;
    if (written === undefined) {
      throw new AfterglowError(
        'usage',
        `A command is missing: ${names.slice(0, -1).join(', ')} or ${names.at(-1)}.`,
      );
    }
    const meant = nearest(written, names);
    const hint = meant === undefined ? `There are ${names.join(', ')}.` : `Did you mean ${meant}?`;
    throw new AfterglowError('usage', `Unknown command '${written}'. ${hint}`);
  });
  command.addCommand(
    onRun(check, run, async (invocation) =>
      (await import('../definition-checks.ts')).checkDefinitionFile(invocation),
    ),
  );
  command.addCommand(
    onRun(show, run, async (invocation) =>
      (await import('../definition-checks.ts')).showDefinitionFile(invocation),
    ),
  );
  command.addCommand(
    onRun(schema, run, async ({ output }) => {
      const { definitionJsonSchema } = await import('../../../shared/config/json-schema.ts');
      output.write(`${JSON.stringify(definitionJsonSchema(), undefined, 2)}\n`);
      return 0;
    }),
  );
  return command;
}
