import type { Definition } from '../../../shared/config/definition.ts';
import type { KafkaAdmin, TopicDefinition, TopicDescription } from '../../../shared/kafka/admin.ts';
import { differenceText, initTopics, lackingSettings } from '../init/topics.ts';
import { type Finding, findings } from './finding.ts';

export interface KafkaFacts {
  readonly brokers: readonly string[];
  readonly brokerCount: number;
  /** In the order of the wanted ones; undefined: missing. */
  readonly topics: readonly (TopicDescription | undefined)[];
}

export async function readKafkaFacts(
  kafka: KafkaAdmin,
  brokers: readonly string[],
  definition: Definition,
): Promise<KafkaFacts> {
  return {
    brokers,
    brokerCount: await kafka.brokerCount(),
    topics: await kafka.describeTopics(initTopics(definition).map(({ topic }) => topic)),
  };
}

const SAFE_REPLICAS = 3;

/** Pure: every topic is there, keeps what it has to keep for long enough, and is written safely. */
export function checkKafka(definition: Definition, facts: KafkaFacts): readonly Finding[] {
  const { ok, failed, warning } = findings('kafka');
  const wanted = initTopics(definition);
  const found: Finding[] = [];
  const missing = wanted.filter((_, index) => facts.topics[index] === undefined).map(({ topic }) => topic);
  if (missing.length > 0) {
    found.push(failed(`Missing: ${missing.join(', ')}.`, 'npx afterglow init'));
  }
  for (const [index, topic] of wanted.entries()) {
    const actual = facts.topics[index];
    if (actual !== undefined) found.push(...checkTopic(topic, actual, facts));
  }
  const replicated = facts.topics.filter(
    (topic) => topic !== undefined && topic.replicationFactor < SAFE_REPLICAS,
  );
  if (facts.brokerCount >= SAFE_REPLICAS && replicated.length > 0) {
    found.push(
      warning(
        `${replicated.length} topics have fewer than ${SAFE_REPLICAS} replicas although there are ${facts.brokerCount} brokers.`,
        'kafka-reassign-partitions.sh --help  # or make them anew while they are empty',
      ),
    );
  }
  if (found.some(({ outcome }) => outcome === 'failed')) return found;
  return [
    ok(
      `${facts.brokerCount} ${facts.brokerCount === 1 ? 'broker' : 'brokers'}, ${wanted.length} topics as they should be`,
    ),
    ...found,
  ];
}

function checkTopic(
  wanted: TopicDefinition,
  actual: TopicDescription,
  { brokers }: KafkaFacts,
): readonly Finding[] {
  const { failed, warning } = findings('kafka');
  const found: Finding[] = [];
  if (actual.partitions !== wanted.partitions) {
    found.push(
      failed(
        `${wanted.topic} has ${actual.partitions} partitions, the definition says ${wanted.partitions}: keys would lose their places.`,
        `Write partitions: ${actual.partitions} for its source in afterglow.yaml.`,
      ),
    );
  }
  const alter = (settings: Readonly<Record<string, string>>): string => {
    const list = Object.entries(settings)
      .map(([name, value]) => (value.includes(',') ? `${name}=[${value}]` : `${name}=${value}`))
      .join(',');
    return `kafka-configs.sh --bootstrap-server ${brokers[0] ?? ''} --alter --entity-type topics --entity-name ${wanted.topic} --add-config ${list}`;
  };
  const lacking = lackingSettings(wanted.settings, actual.settings);
  if (Object.keys(lacking).length > 0) {
    found.push(failed(`${wanted.topic}: ${differenceText(lacking, actual.settings)}.`, alter(lacking)));
  }
  const inSync = Number(actual.settings['min.insync.replicas'] ?? 1);
  if (inSync > actual.replicationFactor) {
    found.push(
      failed(
        `${wanted.topic}: min.insync.replicas is ${inSync} with ${actual.replicationFactor} replicas, so nothing can be written.`,
        alter({ 'min.insync.replicas': String(Math.max(1, actual.replicationFactor - 1)) }),
      ),
    );
  } else if (actual.replicationFactor >= SAFE_REPLICAS && inSync < 2) {
    found.push(
      warning(
        `${wanted.topic}: min.insync.replicas is ${inSync}, so one broken disk can lose what was confirmed.`,
        alter({ 'min.insync.replicas': '2' }),
      ),
    );
  }
  return found;
}
