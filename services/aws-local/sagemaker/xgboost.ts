import { type Container, ContainerError, type Invocation } from './container.ts';
import type { Rows } from './csv.ts';

/** The built-in XGBoost container: it reads CSV and nothing else that we write. */
export const xgboost: Container = {
  readRows,
  describeWidth: (width, expected) =>
    `Unable to evaluate payload provided: Feature size of csv inference data ${width} is not consistent ` +
    `with feature size of trained model ${expected}.`,
  answerFormat: () => 'text/csv',
  writeScores(scores, format) {
    const records = scores.map((text) => `{"score":${text}}`);
    return format === 'application/json'
      ? `{"predictions":[${records.join(',')}]}`
      : records.map((record) => `${record}\n`).join('');
  },
};

function readRows({ rows, contentType }: Invocation): Rows {
  const [type = '', ...parameters] = contentType
    .toLowerCase()
    .split(';')
    .map((part) => part.trim());
  if (type !== 'text/csv') {
    throw new ContainerError(415, `Content-type ${type} not supported. Supported content-type is text/csv.`);
  }
  if (parameters.some((parameter) => parameter.startsWith('label_size=') && parameter !== 'label_size=1')) {
    throw new ContainerError(415, 'Label size of csv inference data has to be 1.');
  }
  if (rows !== undefined) return rows;
  // The real one quotes the cell; row values have no place in a log that might be shared.
  throw new ContainerError(
    415,
    'Loading csv data failed with Exception, please ensure data is in csv format: could not convert string to float',
  );
}
