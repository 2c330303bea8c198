import { classify } from '../../../shared/aws/errors.ts';
import { createLambda } from '../../../shared/aws/lambda.ts';
import type { AwsSettings } from '../../../shared/aws/settings.ts';
import type { Definition } from '../../../shared/config/definition.ts';
import type { Fault } from '../../../shared/errors/policy.ts';
import { type Finding, findings } from './finding.ts';

export interface FunctionFacts {
  readonly enrichment: string;
  readonly function: string;
  readonly qualifier: string | undefined;
  /** Why it cannot be called; undefined: it can. */
  readonly fault: Fault | undefined;
}

const ANSWER_MAX_MS = 5_000;

/** Asks about each function without running it: the one kind of model for which that is possible. */
export async function readFunctionFacts(
  { enrichments }: Definition,
  settings: AwsSettings,
): Promise<readonly FunctionFacts[]> {
  const asked = Object.entries(enrichments).flatMap(([enrichment, { model }]) =>
    model.kind === 'lambda' ? [{ enrichment, function: model.function, qualifier: model.qualifier }] : [],
  );
  if (asked.length === 0) return [];
  const client = createLambda(settings, { requestTimeoutMs: ANSWER_MAX_MS });
  try {
    return await Promise.all(
      asked.map(async (each) => {
        const fault = await client.check(each, AbortSignal.timeout(ANSWER_MAX_MS)).then(
          () => undefined,
          (error: unknown) => classify(error, { service: 'lambda', stopped: 'deadline' }),
        );
        return { ...each, fault };
      }),
    );
  } finally {
    client.close();
  }
}

/** Pure. */
export function checkFunctions(
  facts: readonly FunctionFacts[],
  mode: AwsSettings['mode'],
): readonly Finding[] {
  const { ok, failed, unreachable } = findings('aws');
  return facts.map(({ enrichment, function: name, qualifier, fault }) => {
    const called = qualifier === undefined ? name : `${name}:${qualifier}`;
    if (fault === undefined) return ok(`function ${called} of ${enrichment} may be called`);
    if (fault.code === 'ResourceNotFoundException') {
      const fix =
        mode === 'local'
          ? `npx afterglow aws-local --function ${called}=<module>  # and AFTERGLOW_AWS_LOCAL_URL where it answers`
          : `aws lambda get-function --function-name ${called}  # its name, its alias, or the region is another`;
      return failed(`There is no function ${called}, which ${enrichment} calls.`, fix);
    }
    if (fault.code.startsWith('AccessDenied')) {
      const fix = `Allow lambda:InvokeFunction on function:${called} for the role of the enricher.`;
      return failed(`Function ${called} of ${enrichment} may not be called.`, fix);
    }
    const message = `Function ${called} of ${enrichment} does not answer (${fault.code}).`;
    return fault.kind === 'unavailable'
      ? unreachable(message, 'Check the route to AWS from here, or the VPC endpoint of Lambda.')
      : failed(message, `aws lambda get-function --function-name ${called}  # its state says why`);
  });
}
