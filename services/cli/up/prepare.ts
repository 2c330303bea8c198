// What a database needs before the services start, and how little of it is done to one that is not ours.
import { randomBytes } from 'node:crypto';
import type { Definition } from '../../../shared/config/definition.ts';
import { connectKafkaAdmin } from '../../../shared/kafka/admin.ts';
import { connectDatabase } from '../../../shared/postgres/connect.ts';
import { ROLES, type Role, roleName } from '../../../shared/side-tables/names.ts';
import { verifyRegistered } from '../../../shared/side-tables/revisions.ts';
import { createLogger } from '../../../shared/telemetry/logger.ts';
import { applyInit, SET_UP_TIMEOUT_MS } from '../init/apply.ts';
import { initTopics } from '../init/topics.ts';
import type { ServiceLogins } from './parts.ts';

/** Reads only. database_not_initialised, revision_unregistered: `init` has to be run by the one whose database it is. */
export async function requireInitialised(url: string, definition: Definition): Promise<void> {
  const client = await connectDatabase({ url, applicationName: 'afterglow up' });
  try {
    await client.query('set default_transaction_read_only to on');
    await verifyRegistered(client, definition);
  } finally {
    await client.end();
  }
}

/** A database that was set up with another Kafka: this one gets the topics, the database stays as it is. */
export async function createMissingTopics(brokers: readonly string[], definition: Definition): Promise<void> {
  const admin = await connectKafkaAdmin({
    brokers,
    clientId: `${definition.pipeline}.up`,
    logger: createLogger('up', 'silent'),
  });
  try {
    await admin.createTopics(initTopics(definition));
  } finally {
    await admin.close();
  }
}

/** Runs `init` on the database that Afterglow made. The services' logins get new passwords with every start. */
export async function initialiseOwnDatabase(
  url: string,
  brokers: readonly string[],
  definition: Definition,
): Promise<ServiceLogins> {
  const passwords = Object.fromEntries(ROLES.map((role) => [role, randomBytes(24).toString('base64url')]));
  const kafka = await connectKafkaAdmin({
    brokers,
    clientId: `${definition.pipeline}.up`,
    logger: createLogger('up', 'silent'),
  });
  const client = await connectDatabase({
    url,
    applicationName: 'afterglow init',
    statementTimeoutMs: SET_UP_TIMEOUT_MS,
  });
  try {
    await applyInit(client, kafka, { definition, createdByAfterglow: true, loginPasswords: passwords });
  } finally {
    await client.end();
    await kafka.close();
  }
  const login = (role: Role): string => {
    const address = new URL(url);
    address.username = roleName(definition.pipeline, role);
    address.password = passwords[role] ?? '';
    return address.href;
  };
  return { reader: login('reader'), enricher: login('enricher'), writer: login('writer') };
}
