import { Signer } from '@aws-sdk/rds-signer';
import { AfterglowError } from '../errors/catalogue.ts';

export interface TokenRequest {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly region: string | undefined;
}

/**
 * A password for one login, signed here with the usual AWS credentials and good for 15 minutes: no call is made. A
 * connection that is up outlives it.
 */
export async function databaseToken({ host, port, user, region }: TokenRequest): Promise<string> {
  if (region === undefined) {
    throw new AfterglowError(
      'usage',
      `The region of ${host} is not known, and a token of Amazon is signed for one.`,
      {
        remedy: 'Set AWS_REGION, or use the address that Amazon gave the cluster.',
      },
    );
  }
  return await new Signer({ hostname: host, port, username: user, region }).getAuthToken();
}
