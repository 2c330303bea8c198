import type { IncomingHttpHeaders } from 'node:http';

export type ServiceName = 'bedrock' | 'comprehend' | 'sagemaker' | 'sts';
/** Who writes errors how: restJson1 and JSON 1.1 with the name in header and body, or the XML of the query protocol. */
export type Protocol = 'rest_json' | 'json_1_1' | 'query';

export interface AwsRequest {
  readonly method: string;
  /** Still percent-encoded: a name may hold an encoded slash. */
  readonly segments: readonly string[];
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface AwsAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

/** An answer of a model: what the price list counts for it is paid, whether or not the client ever reads it. */
export interface ModelAnswer extends AwsAnswer {
  /** Hundreds of characters of Comprehend, tokens of Bedrock; 0 where the endpoint is paid by the hour. */
  readonly units: number;
}

/** Which inputs a fault follows: rows with this number at this column, counted from 0, or texts that hold this one. */
export type InputMatch = { readonly column: number; readonly equals: number } | { readonly contains: string };

/** How a fault bends what a model would have said. */
export interface Bend {
  readonly kind: 'rows' | 'not_a_number' | 'malformed' | 'empty';
  /** Rows too many, or with a minus too few. */
  readonly change?: number | undefined;
}

/** One call as counts, quotas and faults see it. */
export interface Call {
  /** Endpoint or model; empty where the operation has none. */
  readonly endpoint: string;
  /** Rows, documents or texts. */
  readonly rows: number;
  matches(input: InputMatch): boolean;
  /** Throws an AwsError for what the service refuses, in the order it checks. */
  answer(bend: Bend | undefined): ModelAnswer;
}

/** One operation of one service: a folder adds one and lists it in the router. */
export interface Operation {
  readonly service: ServiceName;
  readonly name: string;
  readonly protocol: Protocol;
  /** Whether a request is meant for it, from method, target and path alone. */
  accepts(request: AwsRequest): boolean;
  read(request: AwsRequest): Call;
}
