import type { AwsSettings } from '../aws/settings.ts';
import { type Enrichment, outputsOf } from '../config/definition.ts';
import { AfterglowError } from '../errors/catalogue.ts';
import type { Model } from './model.ts';

export interface OpenModel extends Disposable {
  readonly model: Model;
}

/** The model of an enrichment, by its kind. A kind is one folder here and one entry in this list. */
export async function openModel(
  enrichment: Enrichment,
  aws: AwsSettings,
  callsMax: number,
): Promise<OpenModel> {
  const config = enrichment.model;
  switch (config.kind) {
    case 'sagemaker': {
      const [{ createSagemakerRuntime }, { createSagemakerModel }] = await Promise.all([
        import('../aws/sagemaker-runtime.ts'),
        import('./sagemaker/model.ts'),
      ]);
      const client = createSagemakerRuntime(aws, { callsMax });
      const model = createSagemakerModel(config, client, { outputs: Object.keys(outputsOf(enrichment)) });
      return { model, [Symbol.dispose]: () => client.close() };
    }
    default:
      throw new AfterglowError(
        'definition_invalid',
        `This version calls no models of kind ${config.kind} yet.`,
        {
          remedy: 'Remove that enrichment from the definition file; kind sagemaker works.',
        },
      );
  }
}
