import { describeDatabase } from '../../../shared/postgres/connect.ts';
import type { Environment } from '../invocation.ts';
import type { PartView } from '../view/snapshot.ts';
import { awsOwner, databaseTitle, kafkaTitle, type UpPlan } from './plan.ts';

/** One address for each service. */
export interface ServiceLogins {
  readonly reader: string;
  readonly enricher: string;
  readonly writer: string;
}

/** Where everything is, once it runs. Holds passwords. */
export interface UpParts {
  readonly databaseUrl: string;
  readonly brokers: readonly string[];
  readonly awsEnvironment: Environment;
  /** Each service as itself, with its least rights, where Afterglow may make such logins: in its own database. */
  readonly logins: ServiceLogins | undefined;
  /** The embedded PostgreSQL's own. */
  readonly psql: string | undefined;
}

/** Pure: the parts as the live view shows them. */
export function partViews(plan: UpPlan, parts: UpParts): readonly PartView[] {
  const aws = awsOwner(plan);
  const localUrl = parts.awsEnvironment.AFTERGLOW_AWS_LOCAL_URL;
  return [
    { title: databaseTitle(plan), owner: plan.database.owner, address: describeDatabase(parts.databaseUrl) },
    { title: kafkaTitle(plan), owner: plan.kafka.owner, address: parts.brokers.join(',') },
    {
      title: 'AWS',
      owner: aws,
      address:
        aws === 'Amazon' ? (parts.awsEnvironment.AWS_REGION ?? '') : (localUrl?.replace('http://', '') ?? ''),
    },
  ];
}

/** What `afterglow env` prints and every other command in this folder finds. */
export function stackEnvironment(parts: UpParts): Record<string, string> {
  const { AFTERGLOW_AWS, AFTERGLOW_AWS_LOCAL_URL } = parts.awsEnvironment;
  return {
    DATABASE_URL: parts.databaseUrl,
    KAFKA_BROKERS: parts.brokers.join(','),
    ...(AFTERGLOW_AWS === undefined ? {} : { AFTERGLOW_AWS }),
    ...(AFTERGLOW_AWS_LOCAL_URL === undefined ? {} : { AFTERGLOW_AWS_LOCAL_URL }),
  };
}
