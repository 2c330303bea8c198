export interface TitanModel {
  /** The first one is the default. */
  readonly dimensions: readonly number[];
  readonly charactersMax: number;
  readonly tokensMax: number;
  /** What a request may hold. */
  readonly members: ReadonlySet<string>;
  readonly hasTypes: boolean;
  readonly salt: number;
}

const TOKENS_MAX = 8_192;

const MODELS: Readonly<Record<string, TitanModel>> = {
  'amazon.titan-embed-text-v2:0': {
    dimensions: [1_024, 512, 256],
    charactersMax: 50_000,
    tokensMax: TOKENS_MAX,
    members: new Set(['inputText', 'dimensions', 'normalize', 'embeddingTypes']),
    hasTypes: true,
    salt: 2,
  },
  'amazon.titan-embed-text-v1': {
    dimensions: [1_536],
    charactersMax: Number.POSITIVE_INFINITY, // only tokens are counted
    tokensMax: TOKENS_MAX,
    members: new Set(['inputText']),
    hasTypes: false,
    salt: 1,
  },
};

const ARN = /^arn:aws:bedrock:[a-z0-9-]*:\d*:foundation-model\/(.+)$/;

/** By its id or the ARN of it. */
export function titanModel(modelId: string): TitanModel | undefined {
  const id = ARN.exec(modelId)?.[1] ?? modelId;
  return Object.hasOwn(MODELS, id) ? MODELS[id] : undefined;
}
