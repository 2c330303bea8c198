import { AwsError } from '../errors.ts';
import type { AwsAnswer } from '../operation.ts';
import { modelError } from '../sagemaker/invoke-endpoint.ts';
import type { Strike } from './engine.ts';

const ERROR_NAMES = {
  500: 'InternalFailure',
  503: 'ServiceUnavailable',
  530: 'InternalDependencyException',
} as const;

/** The answer given instead of the service's own, if the fault is one of those; throws what is an error of AWS. */
export function replacedAnswer(strike: Strike | undefined, endpoint: string): AwsAnswer | undefined {
  switch (strike?.kind) {
    case 'throttle':
      throw new AwsError('ThrottlingException', strike.status, 'Rate exceeded');
    case 'error':
      throw new AwsError(ERROR_NAMES[strike.status], strike.status, 'Injected failure.');
    case 'model_error':
      throw modelError(
        endpoint,
        strike.original_status,
        strike.original_status === 0
          ? 'Your invocation timed out while waiting for a response.'
          : 'Injected.',
      );
    case 'named':
      throw new AwsError(strike.name, strike.status, strike.message);
    case 'bare':
      return strike.body === 'html'
        ? {
            status: strike.status,
            headers: { 'content-type': 'text/html' },
            body: '<html>Bad gateway</html>',
          }
        : { status: strike.status, headers: {}, body: '' };
    default:
      return undefined;
  }
}
