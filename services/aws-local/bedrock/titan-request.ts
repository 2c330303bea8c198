import type { Checks } from '../checks.ts';
import { AwsError } from '../errors.ts';
import { isObject, type JsonObject } from '../request-body.ts';
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
    throw new AwsError(
      'ValidationException',
      400,
      `400 Bad Request: Too many input tokens. Max input tokens: ${model.tokensMax}, request input token count: ${tokens}`,
    );
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

function malformed(what: string): AwsError {
  return new AwsError(
    'ValidationException',
    400,
    `Malformed input request: ${what}, please reformat your input and try again.`,
  );
}

/** As the service's own parser calls them. */
function typeName(value: unknown): string {
  if (value === null) return 'Null';
  if (Array.isArray(value)) return 'JSONArray';
  if (isObject(value)) return 'JSONObject';
  return { string: 'String', number: 'Number', boolean: 'Boolean' }[String(typeof value)] ?? 'Null';
}
