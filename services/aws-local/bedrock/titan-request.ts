import type { Checks } from '../checks.ts';
import type { JsonObject } from '../request-body.ts';
import { malformed, tooManyTokens, typeName } from './malformed.ts';
import type { TitanModel } from './titan-models.ts';
import { tokenCount } from './tokens.ts';

export interface TitanRequest {
  readonly text: string;
  readonly tokens: number;
  readonly dimensions: number;
  readonly normalize: boolean;
  readonly types: readonly EmbeddingType[];
}

export type EmbeddingType = 'float' | 'binary';

/** What is asked for, or the error of the first rule it breaks: shape, then characters, then tokens. */
export function readTitanRequest(
  body: JsonObject | undefined,
  model: TitanModel,
  checks: Checks,
): TitanRequest {
  if (body === undefined) throw malformed('the body is not a JSON object');
  const { inputText, dimensions, normalize = true, embeddingTypes = ['float'] } = body;
  if (inputText === undefined) throw malformed('#: required key [inputText] not found');
  const extraneous = Object.keys(body).find((key) => !model.members.has(key));
  if (extraneous !== undefined) throw malformed(`#: extraneous key [${extraneous}] is not permitted`);
  if (typeof inputText !== 'string') throw malformed(`expected type: String, found: ${typeName(inputText)}`);
  if (typeof normalize !== 'boolean') {
    throw malformed(`#/normalize: expected type: Boolean, found: ${typeName(normalize)}`);
  }
  if (dimensions !== undefined && !model.dimensions.includes(Number(dimensions))) {
    throw malformed('#/dimensions: the value is not a valid enum value');
  }
  const types = readTypes(embeddingTypes);
  if (inputText === '') throw malformed('#/inputText: expected minLength: 1, actual: 0');
  const characters = inputText.length > model.charactersMax ? [...inputText].length : 0;
  if (checks.characters && characters > model.charactersMax) {
    throw malformed(`expected maxLength: ${model.charactersMax}, actual: ${characters}`);
  }
  const tokens = tokenCount(inputText);
  if (checks.tokens && tokens > model.tokensMax) {
    throw tooManyTokens(model.tokensMax, tokens);
  }
  const [dimensionsDefault = 0] = model.dimensions;
  return { text: inputText, tokens, dimensions: Number(dimensions ?? dimensionsDefault), normalize, types };
}

function readTypes(types: unknown): readonly EmbeddingType[] {
  if (!Array.isArray(types))
    throw malformed(`#/embeddingTypes: expected type: JSONArray, found: ${typeName(types)}`);
  return types.map((type: unknown, index) => {
    if (type === 'float' || type === 'binary') return type;
    throw malformed(`#/embeddingTypes/${index}: the value is not a valid enum value`);
  });
}
