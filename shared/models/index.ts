import type { AwsSettings } from '../aws/settings.ts';
import { type Enrichment, outputsOf } from '../config/definition.ts';
import { DEFAULT_PRICES } from '../spend/prices.ts';
import type { Model } from './model.ts';

export interface OpenModel extends Disposable {
  readonly model: Model;
}

/** The model of an enrichment, by its kind. A kind is one folder here and one entry in this list. */
export async function openModel(
  enrichment: Enrichment,
  aws: AwsSettings,
  callsMax: number,
  prices = DEFAULT_PRICES,
): Promise<OpenModel> {
  const config = enrichment.model;
  // Only the client that is needed is loaded: each of them takes its time and its memory.
  switch (config.kind) {
    case 'sagemaker': {
      const [{ createSagemakerRuntime }, { createSagemakerModel }] = await Promise.all([
        import('../aws/sagemaker-runtime.ts'),
        import('./sagemaker/model.ts'),
      ]);
      const client = createSagemakerRuntime(aws, { callsMax });
      return open(
        client,
        createSagemakerModel(config, client, { outputs: Object.keys(outputsOf(enrichment)) }),
        aws,
      );
    }
    case 'comprehend': {
      const [{ createComprehend }, { createComprehendModel }] = await Promise.all([
        import('../aws/comprehend.ts'),
        import('./comprehend/model.ts'),
      ]);
      const client = createComprehend(aws, { callsMax });
      return open(client, createComprehendModel(config, client, { prices }), aws);
    }
    case 'titan-embedding': {
      const [{ createBedrockRuntime }, { createTitanEmbeddingModel }] = await Promise.all([
        import('../aws/bedrock-runtime.ts'),
        import('./titan-embedding/model.ts'),
      ]);
      const client = createBedrockRuntime(aws, { callsMax });
      return open(client, createTitanEmbeddingModel(config, client, { prices }), aws);
    }
    case 'cohere-embedding': {
      const [{ createBedrockRuntime }, { createCohereEmbeddingModel }] = await Promise.all([
        import('../aws/bedrock-runtime.ts'),
        import('./cohere-embedding/model.ts'),
      ]);
      const client = createBedrockRuntime(aws, { callsMax });
      return open(client, createCohereEmbeddingModel(config, client, { prices }), aws);
    }
    case 'lambda': {
      const [{ createLambda }, { createLambdaModel }, { requestTimeoutMs }] = await Promise.all([
        import('../aws/lambda.ts'),
        import('./lambda/model.ts'),
        import('./lambda/limits.ts'),
      ]);
      const client = createLambda(aws, { callsMax, requestTimeoutMs: requestTimeoutMs(config.timeout) });
      const outputs = Object.keys(outputsOf(enrichment));
      return open(client, createLambdaModel(config, client, { outputs, prices }), aws);
    }
  }
}

/** What the stand-in answers is remembered apart: a database that was tried out with it is not to serve that as the model's own. */
function open(client: { close(): void }, model: Model, { mode }: AwsSettings): OpenModel {
  return { model: mode === 'local' ? ofStandIn(model) : model, [Symbol.dispose]: () => client.close() };
}

function ofStandIn(model: Model): Model {
  const { detector } = model;
  return {
    ...answeredLocally(model),
    ...(detector === undefined ? {} : { detector: answeredLocally(detector) }),
  };
}

const answeredLocally = <Asked extends Pick<Model, 'parameters'>>(model: Asked): Asked => ({
  ...model,
  parameters: { ...model.parameters, answered_by: 'stand-in' },
});
