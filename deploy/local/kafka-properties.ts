import { join } from 'node:path';
import { LOOPBACK } from './ports.ts';

/** server.properties of the one node, broker and controller at once. Only what differs from Kafka's own defaults. */
export function kafkaProperties(options: {
  readonly port: number;
  readonly controllerPort: number;
  readonly folder: string;
}): Readonly<Record<string, string | number | boolean>> {
  const { port, controllerPort, folder } = options;
  return {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@${LOOPBACK}:${controllerPort}`,
    'controller.listener.names': 'CONTROLLER',
    listeners: `BROKER://${LOOPBACK}:${port},CONTROLLER://${LOOPBACK}:${controllerPort}`,
    'advertised.listeners': `BROKER://${LOOPBACK}:${port}`,
    'listener.security.protocol.map': 'BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name': 'BROKER',
    'log.dirs': join(folder, 'log'),

    // A typing mistake must not become a topic.
    'auto.create.topics.enable': false,

    // One node holds the only copy.
    'offsets.topic.replication.factor': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,

    // Few partitions of the internal topics: each is created and loaded before the first group works.
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.num.partitions': 4,
    'share.coordinator.state.topic.num.partitions': 4,

    // A group of one needs no wait for others; short sessions make a killed consumer's partitions move soon.
    'group.initial.rebalance.delay.ms': 0,
    'group.min.session.timeout.ms': 1_000,

    // After a kill the same node may register again as soon as its former session has run out.
    'broker.session.timeout.ms': 5_000,
    'broker.heartbeat.interval.ms': 500,

    // Few cores, small heap: the cleaner's default buffer alone is 128 MB.
    'num.network.threads': 2,
    'num.io.threads': 4,
    'background.threads': 2,
    'log.cleaner.dedupe.buffer.size': 16_777_216,
  };
}

export function formatProperties(properties: Readonly<Record<string, string | number | boolean>>): string {
  const lines = Object.entries(properties).map(([name, value]) => `${name}=${escaped(String(value))}`);
  return `${lines.join('\n')}\n`;
}

/** A backslash escapes in this format, and the file is read as Latin-1. */
function escaped(value: string): string {
  return value
    .replaceAll('\\', '\\\\')
    .replace(/[^\x20-\x7e]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
