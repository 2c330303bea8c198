import type { AwsAnswer, Protocol } from './operation.ts';

/** Clients of one protocol look into the header first, those of another into the body: either must do. */
type NamePlace = 'both' | 'header' | 'body';

/** An error as a service of AWS reports it: name and status are what clients match on. */
export class AwsError extends Error {
  readonly status: number;
  readonly members: Readonly<Record<string, unknown>>;
  readonly nameIn: NamePlace;

  /** `members` are further fields of the body, e.g. OriginalStatusCode. */
  constructor(
    name: string,
    status: number,
    message: string,
    members: Readonly<Record<string, unknown>> = {},
    nameIn: NamePlace = 'both',
  ) {
    super(message);
    this.name = name;
    this.status = status;
    this.members = members;
    this.nameIn = nameIn;
  }
}

/** The one writer of errors: the name in header and body, because the protocols of AWS read different ones. */
export function errorAnswer(error: AwsError, protocol: Protocol, requestId: string): AwsAnswer {
  if (protocol === 'query') return queryErrorAnswer(error, requestId);
  const type = protocol === 'json_1_1' ? 'application/x-amz-json-1.1' : 'application/json';
  return {
    status: error.status,
    headers: {
      'content-type': type,
      ...(error.nameIn === 'body' ? {} : { 'x-amzn-errortype': error.name }),
    },
    body: JSON.stringify({
      ...(error.nameIn === 'header' ? {} : { __type: error.name }),
      message: error.message,
      Message: error.message,
      ...error.members,
    }),
  };
}

function queryErrorAnswer(error: AwsError, requestId: string): AwsAnswer {
  const code =
    error.name === 'InvalidSignatureException'
      ? 'SignatureDoesNotMatch'
      : error.name.replace(/Exception$/, '');
  const type = error.status < 500 ? 'Sender' : 'Receiver';
  return {
    status: error.status,
    headers: { 'content-type': 'text/xml' },
    body:
      '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error>' +
      `<Type>${type}</Type><Code>${escapeXml(code)}</Code><Message>${escapeXml(error.message)}</Message>` +
      `</Error><RequestId>${requestId}</RequestId></ErrorResponse>`,
  };
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
