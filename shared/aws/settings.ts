import { AfterglowError } from '../errors/catalogue.ts';

/** Which Amazon is meant: the stand-in on this machine, or the real one, which costs money and has to be asked for. */
export type AwsSettings =
  | { readonly mode: 'local'; readonly endpoint: string }
  | { readonly mode: 'real'; readonly region: string | undefined };

export const LOCAL_REGION = 'us-east-1';
/** Not secrets: the stand-in takes any well-formed signature. */
export const LOCAL_CREDENTIALS = { accessKeyId: 'AFTERGLOWLOCAL000000', secretAccessKey: 'afterglow-local' };

/** Local unless AFTERGLOW_AWS=real says otherwise: AWS_REGION or a profile in someone's shell must not spend money. */
export function awsSettings(environment: Readonly<Record<string, string | undefined>>): AwsSettings {
  const mode = environment.AFTERGLOW_AWS;
  if (mode === 'real') return { mode, region: environment.AWS_REGION };
  if (mode !== undefined && mode !== '' && mode !== 'local') {
    throw new AfterglowError('usage', `AFTERGLOW_AWS is "${mode}"; it takes "local" or "real".`);
  }
  const endpoint = environment.AFTERGLOW_AWS_LOCAL_URL;
  if (endpoint === undefined || endpoint === '') throw new AfterglowError('model_service_unreachable');
  const url = URL.parse(endpoint);
  if (url?.protocol !== 'http:') {
    throw new AfterglowError(
      'usage',
      `AFTERGLOW_AWS_LOCAL_URL is "${endpoint}"; it takes an address such as http://127.0.0.1:4100.`,
    );
  }
  return { mode: 'local', endpoint };
}
