import { type Container, ContainerError, type Invocation } from './container.ts';
import type { Rows } from './csv.ts';
import { payloadFormat } from './payload.ts';

/** Linear Learner: the three forms that all built-in algorithms but XGBoost read, and a label beside each score. */
export const linearLearner: Container = {
  readRows,
  describeWidth,
  answerFormat,
  writeScores(scores, format) {
    const records = scores.map(
      (text) => `{"score":${text},"predicted_label":${Number(text) >= 0.5 ? 1 : 0}}`,
    );
    return format === 'application/json'
      ? `{"predictions":[${records.join(',')}]}`
      : records.map((record) => `${record}\n`).join('');
  },
};

/** Random Cut Forest: as the others, but its list is called `scores`. */
export const randomCutForest: Container = {
  readRows,
  describeWidth,
  answerFormat,
  writeScores(scores, format) {
    const records = scores.map((text) => `{"score":${text}}`);
    return format === 'application/json'
      ? `{"scores":[${records.join(',')}]}`
      : records.map((record) => `${record}\n`).join('');
  },
};

function readRows({ rows, contentType }: Invocation): Rows {
  const format = payloadFormat(contentType);
  if (format === undefined) throw new ContainerError(415, `Content-type ${contentType} is not supported.`);
  if (rows !== undefined) return rows;
  throw new ContainerError(
    400,
    `Customer Error: Unable to decode payload: Incorrect data format (${format}).`,
  );
}

function describeWidth(width: number, expected: number): string {
  return `Customer Error: The feature dimension of the input: ${width} does not match the feature dimension of the model: ${expected}.`;
}

/** As the request was. */
function answerFormat({ contentType }: Invocation) {
  return payloadFormat(contentType) ?? 'application/json';
}
