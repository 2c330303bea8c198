import type { TopicDefinition } from '../../../shared/kafka/admin.ts';

/** One thing that set-up does, with the reason it gives for it. */
export type InitStep = SqlStep | TopicStep | TopicSettingsStep | GroupStartStep | RemovalStep;

export interface SqlStep {
  readonly kind: 'sql';
  readonly title: string;
  readonly reason: string;
  readonly statements: readonly string[];
}

export interface TopicStep {
  readonly kind: 'topic';
  readonly title: string;
  readonly reason: string;
  readonly topic: TopicDefinition;
}

export interface TopicSettingsStep {
  readonly kind: 'topic_settings';
  readonly title: string;
  readonly reason: string;
  readonly topic: string;
  /** Only those that change. */
  readonly settings: Readonly<Record<string, string>>;
}

/** A group that has never committed gets the end of its topic. */
export interface GroupStartStep {
  readonly kind: 'group_start';
  readonly title: string;
  readonly reason: string;
  readonly group: string;
  readonly topic: string;
}

export interface RemovalStep {
  readonly kind: 'remove_topics' | 'remove_groups';
  readonly title: string;
  readonly reason: string;
  readonly names: readonly string[];
}

/** A privilege that the connected role lacks, and the statement that gives it. */
export interface Lack {
  readonly what: string;
  readonly run: string;
}

export interface InitPlan {
  /** In order; empty when everything is as it should be. */
  readonly steps: readonly InitStep[];
  /** What a person may still want to do. */
  readonly notes: readonly string[];
  /** What the connected role may not do of it, with the statement that lets it. */
  readonly lacks: readonly Lack[];
}

/** No step when there is nothing to run. */
export function sqlStep(title: string, reason: string, statements: readonly string[]): readonly SqlStep[] {
  return statements.length === 0 ? [] : [{ kind: 'sql', title, reason, statements }];
}

/** As a script for psql; what is done in Kafka is told of in comments, since SQL cannot do it. */
export function printSql(plan: InitPlan): string {
  const sql: string[] = [];
  const kafka: string[] = [];
  for (const step of plan.steps) {
    if (step.kind === 'sql') {
      const comment = `-- ${oneLine(`${step.title}: ${step.reason}`)}`;
      sql.push(comment, ...step.statements.map((statement) => `${statement.replace(/;$/, '')};`), '');
    } else if (step.kind === 'topic') {
      const { topic, partitions, settings } = step.topic;
      kafka.push(`-- create topic ${topic}, ${partitions} partitions, ${settingsText(settings)}`);
    } else if (step.kind === 'topic_settings') {
      kafka.push(`-- alter topic ${step.topic}, ${settingsText(step.settings)}`);
    } else if (step.kind === 'group_start') {
      kafka.push(`-- commit the end of topic ${step.topic} for group ${step.group}, before the script above`);
    } else {
      const what = step.kind === 'remove_topics' ? 'topic' : 'group';
      kafka.push(...step.names.map((name) => `-- delete ${what} ${name}`));
    }
  }
  return [...(sql.length === 0 ? [] : ['begin;', '', ...sql, 'commit;']), ...kafka, ''].join('\n');
}

const settingsText = (settings: Readonly<Record<string, string>>): string =>
  Object.entries(settings)
    .map(([name, value]) => `${name}=${value}`)
    .join(', ');

/** A line break in a name would end the comment and let the rest run as SQL. */
const oneLine = (text: string): string => text.replaceAll(/[\r\n\u2028\u2029]/g, ' ');
