import type { IncomingHttpHeaders } from 'node:http';
import type { Checks } from './checks.ts';
import type { Bend, BendKind } from './faults/bend.ts';
import type { InputMatch } from './faults/rule.ts';

export type ServiceName = 'bedrock' | 'comprehend' | 'lambda' | 'sagemaker' | 'sts';
/** Who writes errors how: restJson1 and JSON 1.1 with the name in header and body, or the XML of the query protocol. */
export type Protocol = 'rest_json' | 'json_1_1' | 'query';

export interface AwsRequest {
  readonly method: string;
  /** Path and query as they were sent. */
  readonly url: string;
  /** Still percent-encoded: a name may hold an encoded slash. */
  readonly segments: readonly string[];
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface AwsAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
  /**
   * What the price list counts, whether or not the client ever reads the answer: hundreds of characters of Comprehend,
   * tokens of Bedrock, milliseconds of a function, 0 for an endpoint that is paid by the hour. Left out: not an answer of a model.
   */
  readonly paidUnits?: number;
}

/** One call as counts, quotas and faults see it. */
export interface Call {
  /** Endpoint or model; empty where the operation has none. */
  readonly endpoint: string;
  /** Rows, documents or texts. */
  readonly rows: number;
  /** What a quota of tokens counts, before anything is answered; 0 where there is none. */
  readonly tokens: number;
  /** Where the models of one operation can be made to give different wrong answers. */
  readonly bends?: ReadonlySet<BendKind>;
  matches(input: InputMatch): boolean;
  /** Throws an AwsError for what the service refuses, in the order it checks. */
  answer(bend: Bend | undefined): AwsAnswer | Promise<AwsAnswer>;
}

/** One operation of one service: a folder adds one and lists it in the router. */
export interface Operation {
  readonly service: ServiceName;
  readonly name: string;
  readonly protocol: Protocol;
  /** Which wrong answers its model can be made to give. */
  readonly bends: ReadonlySet<BendKind>;
  /** Whether a request is meant for it, from method, target and path alone. */
  accepts(request: AwsRequest): boolean;
  read(request: AwsRequest, checks: Checks): Call;
}
