/** 1 check found something, 2 usage or definition, 3 part unreachable, 4 refused, 70 defect. */
export type ExitCode = 1 | 2 | 3 | 4 | 70;

export interface CatalogueEntry {
  readonly exit: ExitCode;
  readonly meaning: string;
  readonly remedy: string;
}
