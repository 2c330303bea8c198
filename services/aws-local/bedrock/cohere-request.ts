import type { Checks } from '../checks.ts';
import type { AwsError } from '../errors.ts';
import type { JsonObject } from '../request-body.ts';
import type { CohereModel } from './cohere-models.ts';
import { malformed, tooManyTokens, typeName } from './malformed.ts';
import { tokenCount } from './tokens.ts';

export interface CohereRequest {
  readonly texts: readonly string[];
  /** Of all texts, as far as they are read. */
  readonly tokens: number;
  readonly dimensions: number;
  /** Another purpose is another space. */
  readonly inputType: string;
  /** Whether the answer is to be keyed by type. */
  readonly isByType: boolean;
}

const TEXTS_MAX = 96;
const INPUT_TYPES = new Set(['search_document', 'search_query', 'classification', 'clustering']);
const EMBEDDING_TYPES = new Set(['float', 'int8', 'uint8', 'binary', 'ubinary']);

/** What is asked for, or the error of the first rule it breaks: shape, then count, characters and tokens of its texts. */
export function readCohereRequest(
  body: JsonObject | undefined,
  model: CohereModel,
  checks: Checks,
): CohereRequest {
  if (body === undefined) throw malformed('the body is not a JSON object');
  const extraneous = Object.keys(body).find((key) => !model.members.has(key));
  if (extraneous !== undefined) throw malformed(`#: extraneous key [${extraneous}] is not permitted`);
  const { texts, input_type: inputType, truncate = 'NONE', embedding_types: types } = body;
  const { output_dimension: dimensions = model.dimensions[0] } = body;
  if (inputType === undefined) throw malformed('#: required key [input_type] not found');
  if (!INPUT_TYPES.has(String(inputType))) throw notAmong('#/input_type');
  if (!model.truncations.includes(String(truncate))) throw notAmong('#/truncate');
  if (!model.dimensions.includes(Number(dimensions))) throw notAmong('#/output_dimension');
  checkTypes(types);
  const read = readTexts(texts, model, checks);
  const tokens = read.map((text) => tokensOf(text, { model, checks, isCut: truncate !== 'NONE' }));
  return {
    texts: read,
    tokens: tokens.reduce((sum, each) => sum + each, 0),
    dimensions: Number(dimensions),
    inputType: String(inputType),
    isByType: types !== undefined,
  };
}

function readTexts(texts: unknown, model: CohereModel, checks: Checks): readonly string[] {
  if (texts === undefined) throw malformed('#: required key [texts] not found');
  if (!Array.isArray(texts)) throw malformed(`#/texts: expected type: JSONArray, found: ${typeName(texts)}`);
  if (checks.batch_size && texts.length > TEXTS_MAX) {
    throw malformed(`#/texts: expected maximum item count: ${TEXTS_MAX}, found: ${texts.length}`);
  }
  return texts.map((text: unknown, place) => {
    const at = `#/texts/${place}`;
    if (typeof text !== 'string') throw malformed(`${at}: expected type: String, found: ${typeName(text)}`);
    const characters = text.length > model.charactersMax ? [...text].length : 0;
    if (checks.characters && characters > model.charactersMax) {
      throw malformed(`${at}: expected maxLength: ${model.charactersMax}, actual: ${characters}`);
    }
    return text;
  });
}

/** Two more than its own, with which the model frames it. */
const FRAME_TOKENS = 2;

function tokensOf(
  text: string,
  { model, checks, isCut }: { model: CohereModel; checks: Checks; isCut: boolean },
): number {
  const tokens = tokenCount(text) + FRAME_TOKENS;
  if (tokens <= model.tokensMax) return tokens;
  if (!isCut && checks.tokens) throw tooManyTokens(model.tokensMax, tokens);
  return model.tokensMax;
}

function checkTypes(types: unknown): void {
  if (types === undefined) return;
  if (!Array.isArray(types)) {
    throw malformed(`#/embedding_types: expected type: JSONArray, found: ${typeName(types)}`);
  }
  const place = types.findIndex((type: unknown) => !EMBEDDING_TYPES.has(String(type)));
  if (place >= 0) throw notAmong(`#/embedding_types/${place}`);
}

function notAmong(at: string): AwsError {
  return malformed(`${at}: the value is not a valid enum value`);
}
