import { ConverseCommand, InvokeModelCommand } from '@aws-sdk/client-bedrock-runtime';
import {
  BatchDetectDominantLanguageCommand,
  BatchDetectSentimentCommand,
  DetectSentimentCommand,
} from '@aws-sdk/client-comprehend';
import { InvokeEndpointCommand } from '@aws-sdk/client-sagemaker-runtime';
import type { AwsSdkClients } from './aws-sdk.ts';

export const TITAN_V2 = 'amazon.titan-embed-text-v2:0';
const ROWS = '45.5,1,1,14,3.2,0\n1.99,8,0,3,-1,6\n20,1,0,12,-1,6';
const TEXTS = ['Excellent quality.', 'It broke at once.', 'The cable is long.'];

/** One ordinary call of each kind: three rows, three texts, one text, one question. */
export function standInCalls({ sagemaker, comprehend, bedrock }: AwsSdkClients) {
  const endpoint = () =>
    sagemaker.send(
      new InvokeEndpointCommand({
        EndpointName: 'fraud-xgboost',
        Body: ROWS,
        ContentType: 'text/csv',
        Accept: 'text/csv',
      }),
    );
  const sentiments = (TextList: readonly string[] = TEXTS) =>
    comprehend.send(new BatchDetectSentimentCommand({ TextList: [...TextList], LanguageCode: 'en' }));
  const model = (inputText = 'a text') =>
    bedrock.send(
      new InvokeModelCommand({
        modelId: TITAN_V2,
        contentType: 'application/json',
        body: JSON.stringify({ inputText }),
      }),
    );
  const converse = () =>
    bedrock.send(
      new ConverseCommand({
        modelId: 'amazon.nova-lite-v1:0',
        messages: [{ role: 'user', content: [{ text: 'How many?' }] }],
      }),
    );
  return {
    endpoint,
    scores: async () => (await endpoint()).Body?.transformToString().trim().split('\n').map(Number),
    sentiments,
    sentiment: () => comprehend.send(new DetectSentimentCommand({ Text: 'Excellent.', LanguageCode: 'en' })),
    languages: () => comprehend.send(new BatchDetectDominantLanguageCommand({ TextList: TEXTS })),
    model,
    vector: async (): Promise<readonly unknown[]> =>
      JSON.parse((await model()).body.transformToString()).embedding,
    converse,
    /** By the name that a table of tests gives them. */
    byService: {
      sagemaker: endpoint,
      comprehend: () => sentiments(),
      bedrock: () => model(),
      converse,
    } as const,
  };
}
