export interface ProcessAtStart {
  readonly pid: number;
  readonly start: string;
}

interface FoundProcess extends ProcessAtStart {
  readonly parent: number;
  readonly name: string;
  readonly command: string;
  readonly state: string;
}

export function parseStat(text: string): {
  readonly name: string;
  readonly state: string;
  readonly parent: number;
  readonly group: number;
  readonly foregroundGroup: number;
  readonly start: string;
};
export function isNpm(found: { readonly name: string; readonly command: string }): boolean;
export function npmAncestors(
  pid: number,
  read?: (pid: number) => FoundProcess | undefined,
): readonly ProcessAtStart[];
export function isAlive(ancestor: ProcessAtStart, read?: (pid: number) => FoundProcess | undefined): boolean;
