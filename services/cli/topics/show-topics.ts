import { connectKafkaAdmin } from '../../../shared/kafka/admin.ts';
import { createLogger } from '../../../shared/telemetry/logger.ts';
import { requireDefinition } from '../definition.ts';
import { initTopics } from '../init/topics.ts';
import type { Invocation } from '../invocation.ts';
import { chooseParts } from '../settings.ts';
import { topicLines, topicReports } from './topic-report.ts';

/** `topics`: 0 all are as they should be, 1 one is missing or differs. */
export async function showTopics(invocation: Invocation): Promise<number> {
  const { output } = invocation;
  const definition = await requireDefinition(invocation);
  const { brokers } = chooseParts(invocation);
  const logger = createLogger('topics', invocation.logLevel ?? 'silent');
  const kafka = await connectKafkaAdmin({ brokers, clientId: `${definition.pipeline}.topics`, logger });
  try {
    const wanted = initTopics(definition);
    const described = await kafka.describeTopics(wanted.map(({ topic }) => topic));
    const present = described.flatMap((each) => (each === undefined ? [] : [each.topic]));
    // Before the ends, which go on: who reads would seem to be ahead of them.
    const groups = await kafka.groupOffsets(present);
    const ends = (await Promise.all(present.map((topic) => kafka.ends(topic)))).flat();
    const reports = topicReports(definition, { wanted, described, ends, groups });
    if (output.isJson) for (const report of reports) output.json(report);
    else for (const line of topicLines(reports, output.paint)) output.line(line);
    return reports.every(({ state }) => state === 'fine') ? 0 : 1;
  } finally {
    await kafka.close();
  }
}

/** `topics --asyncapi`: needs nothing but the definition. */
export async function printAsyncApi(invocation: Invocation): Promise<number> {
  const definition = await requireDefinition(invocation);
  const { asyncApiDocument, asyncApiYaml } = await import('./asyncapi.ts');
  const document = asyncApiDocument(definition);
  if (invocation.output.isJson) invocation.output.json(document);
  else invocation.output.write(asyncApiYaml(document));
  return 0;
}
