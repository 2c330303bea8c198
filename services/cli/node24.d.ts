export const NODE_ARGUMENTS: readonly string[];
export const NODE_ENVIRONMENT: Readonly<Record<string, string>>;
/** Undefined where none runs TypeScript. */
export function findNode(): string | undefined;
export function runWithNode24(
  program: string,
  programArguments: readonly string[],
  options?: { readonly linked?: boolean },
): void;
