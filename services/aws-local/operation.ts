import type { IncomingHttpHeaders } from 'node:http';

export type ServiceName = 'sagemaker' | 'sts';
/** Who writes errors how: JSON with a header, or the XML of the query protocol. */
export type Protocol = 'json' | 'query';

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
  readonly body: string;
}

/** How a fault bends what a model would have said. */
export interface Bend {
  readonly kind: 'rows' | 'not_a_number' | 'malformed' | 'empty';
  /** Rows too many, or with a minus too few. */
  readonly change?: number | undefined;
}

/** One call as counts and faults see it. */
export interface Call {
  /** Endpoint or model; empty where the operation has none. */
  readonly endpoint: string;
  readonly rows: number;
  /** Whether any row has this number at this column: for faults that follow an input. */
  matches(column: number, equals: number): boolean;
  /** Throws an AwsError for what the service refuses, in the order it checks. */
  answer(bend: Bend | undefined): AwsAnswer;
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
