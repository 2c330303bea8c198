import { classify } from '../../../shared/aws/errors.ts';
import type { AwsSettings } from '../../../shared/aws/settings.ts';
import { callerIdentity } from '../../../shared/aws/sts.ts';
import type { Fault } from '../../../shared/errors/policy.ts';
import { type Finding, findings } from './finding.ts';

export interface AwsFacts {
  readonly settings: AwsSettings;
  readonly identity: { readonly arn: string; readonly account: string } | { readonly fault: Fault };
  /** Any answer at all counts. Undefined: not asked. */
  readonly isEndpointReachable: boolean | undefined;
  readonly endpoint: string | undefined;
}

const ANSWER_MAX_MS = 5_000;

export async function readAwsFacts(settings: AwsSettings): Promise<AwsFacts> {
  const endpoint =
    settings.mode === 'local'
      ? settings.endpoint
      : settings.region === undefined
        ? undefined
        : `https://runtime.sagemaker.${settings.region}.amazonaws.com`;
  const [identity, isEndpointReachable] = await Promise.all([
    callerIdentity(settings, AbortSignal.timeout(ANSWER_MAX_MS)).catch((error: unknown) => ({
      fault: classify(error, { service: 'sts', stopped: 'deadline' }),
    })),
    endpoint === undefined ? undefined : answers(endpoint),
  ]);
  return { settings, identity, isEndpointReachable, endpoint };
}

async function answers(url: string): Promise<boolean> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MAX_MS) });
    await answer.body?.cancel();
    return true;
  } catch {
    return false;
  }
}

/** Pure. */
export function checkAws({
  settings,
  identity,
  isEndpointReachable,
  endpoint,
}: AwsFacts): readonly Finding[] {
  const { ok, failed, unreachable } = findings('aws');
  if (settings.mode === 'local') {
    return isEndpointReachable === true
      ? [
          ok(
            `the stand-in answers at ${settings.endpoint}; calls cost nothing (AFTERGLOW_AWS=real uses Amazon)`,
          ),
        ]
      : [
          unreachable(
            `The stand-in at ${settings.endpoint} does not answer.`,
            'npx afterglow aws-local  # or npm start',
          ),
        ];
  }
  const found: Finding[] = [];
  if (settings.region === undefined) {
    found.push(
      failed('No region is set for real AWS.', 'export AWS_REGION=eu-west-1  # the region of your endpoints'),
    );
  }
  if ('fault' in identity) {
    const { fault } = identity;
    const isAway = fault.kind === 'unavailable';
    found.push(
      isAway
        ? unreachable(
            `AWS does not say who we are (${fault.code}).`,
            'Check the route to AWS, DNS, and HTTPS from here: curl -sI https://sts.amazonaws.com',
          )
        : failed(
            `AWS does not take our credentials: ${fault.message}`,
            'aws sts get-caller-identity  # with the same AWS_* variables has to work first',
          ),
    );
  } else found.push(ok(`calls are made as ${identity.arn}`));
  if (isEndpointReachable === false) {
    found.push(
      unreachable(
        `${endpoint} does not answer.`,
        'Check the route from here, or the VPC endpoint of SageMaker Runtime.',
      ),
    );
  }
  return found;
}
