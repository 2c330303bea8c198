export type PartName = 'postgres' | 'kafka';

/** What a person who waits wants to know. `bytes` of `bytesTotal` are present while something is fetched. */
export interface ProgressEvent {
  readonly part: PartName;
  readonly phase:
    | 'download'
    | 'verify'
    | 'unpack'
    | 'place'
    | 'create'
    | 'clean'
    | 'port'
    | 'start'
    | 'ready';
  readonly message: string;
  readonly bytes?: number;
  readonly bytesTotal?: number;
}

export type Progress = (event: ProgressEvent) => void;
