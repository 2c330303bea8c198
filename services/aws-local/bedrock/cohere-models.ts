export interface CohereModel {
  /** The first one is the default. */
  readonly dimensions: readonly number[];
  /** Of one text; v4 counts tokens only. */
  readonly charactersMax: number;
  readonly tokensMax: number;
  /** What a request may hold. */
  readonly members: ReadonlySet<string>;
  /** What `truncate` may say, the first one is the default. */
  readonly truncations: readonly [none: 'NONE', start: string, end: string];
  /** Answers only by the id of an inference profile. */
  readonly needsProfile: boolean;
  readonly salt: number;
}

const V3: CohereModel = {
  dimensions: [1_024],
  charactersMax: 2_048,
  tokensMax: 512,
  members: new Set(['texts', 'input_type', 'truncate', 'embedding_types']),
  truncations: ['NONE', 'START', 'END'],
  needsProfile: false,
  salt: 31,
};

const MODELS: Readonly<Record<string, CohereModel>> = {
  'cohere.embed-english-v3': V3,
  'cohere.embed-multilingual-v3': { ...V3, salt: 32 },
  'cohere.embed-v4:0': {
    dimensions: [1_536, 1_024, 512, 256],
    charactersMax: Number.POSITIVE_INFINITY,
    tokensMax: 128_000,
    members: new Set([...V3.members, 'output_dimension', 'max_tokens']),
    truncations: ['NONE', 'LEFT', 'RIGHT'],
    needsProfile: true,
    salt: 4,
  },
};

const ARN = /^arn:aws:bedrock:[a-z0-9-]*:\d*:(?:foundation-model|inference-profile)\/(.+)$/;
const PROFILE = /^(?:global|us|eu|apac)\./;

/** By its id, its inference profile or the ARN of either. */
export function cohereModel(
  modelId: string,
): { readonly model: CohereModel; readonly isProfile: boolean } | undefined {
  const id = ARN.exec(modelId)?.[1] ?? modelId;
  const plain = id.replace(PROFILE, '');
  const model = Object.hasOwn(MODELS, plain) ? MODELS[plain] : undefined;
  // v3 has no profiles, so an id of one names nothing.
  if (model === undefined || (id !== plain && !model.needsProfile)) return undefined;
  return { model, isProfile: id !== plain };
}
