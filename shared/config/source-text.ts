// The text of a definition file: its values with the environment filled in, and where each of them stands.
import {
  type Document,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  Scalar,
  visit,
} from 'yaml';
import type { Finding, Mistake, Path } from './mistake.ts';
import { placeInSource } from './place-in-source.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Far above any definition, far below what a parser of nested text could choke on. */
const LENGTH_MAX = 256 * 1024;
const DEPTH_MAX = 32;
const SUBSTITUTION = /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g;

export class SourceText {
  readonly file: string;
  readonly text: string;
  /** What the YAML says, undefined when it cannot be read at all. */
  readonly value: unknown;
  readonly findings: readonly Mistake[];
  readonly #document: Document | undefined;
  readonly #lines = new LineCounter();
  /** Paths, as JSON, of values that came from the environment: they are never shown. */
  readonly #secret = new Set<string>();

  constructor(file: string, text: string, environment: Environment) {
    this.file = file;
    this.text = text;
    const findings: Mistake[] = [];
    this.findings = findings;
    const refusal = refuse(text);
    if (refusal !== undefined) {
      findings.push(this.#mistakeAt(0, { path: [], ...refusal }));
      return;
    }
    const document = parseDocument(text, {
      lineCounter: this.#lines,
      prettyErrors: false,
      schema: 'core',
      stringKeys: true,
    });
    const broken = document.errors.find(({ code }) => code !== 'DUPLICATE_KEY');
    // After the first place that is not YAML everything else looks wrong too.
    const complaints = broken === undefined ? [...document.errors, ...document.warnings] : [broken];
    for (const { code, message, pos } of complaints) {
      const explained = explainSyntax(code, message, this.#lineAt(pos[0]));
      findings.push(this.#mistakeAt(pos[0], { path: [], ...explained }));
    }
    if (broken !== undefined) return;
    this.#document = document;
    visit(document, {
      Alias: (_key, alias, ancestors) => {
        const message = 'anchors and aliases are not used here';
        findings.push(
          this.#mistake(pathOf([...ancestors, alias]), alias, {
            message,
            instead: 'the value itself, twice',
          }),
        );
        return new Scalar(null);
      },
      Scalar: (key, scalar, ancestors) => {
        if (key === 'key' || typeof scalar.value !== 'string') return;
        const path = pathOf([...ancestors, scalar]);
        const filled = substitute(scalar.value, environment);
        for (const name of filled.unset) {
          const message = `the environment does not set ${name}`;
          const instead = `\${${name}:-a default}, or set ${name} before starting`;
          findings.push(this.#mistake(path, scalar, { message, instead }));
        }
        if (filled.fromEnvironment) this.#secret.add(JSON.stringify(path));
        if (filled.text !== scalar.value)
          scalar.value = scalar.type === 'PLAIN' ? plain(filled.text) : filled.text;
      },
    });
    this.value = document.toJS({ maxAliasCount: 0 });
  }

  /** True when the value, or a part of it, came from the environment. */
  isSecret(path: Path): boolean {
    return path.some((_, index) => this.#secret.has(JSON.stringify(path.slice(0, index + 1))));
  }

  /** A finding with its line. A place that is not written points at the nearest one that is. */
  locate(finding: Finding): Mistake {
    const { node, key } = this.#find(finding.path);
    const target = finding.atKey || node === undefined ? (key ?? node) : node;
    return this.#mistakeAt(this.#start(target, finding.offset), this.#conceal(finding));
  }

  /** What is said about an expression may quote it, and a hint may be near the value: neither for what came from the environment. */
  #conceal(finding: Finding): Finding {
    if (!this.isSecret(finding.path)) return finding;
    const { instead: _, ...rest } = finding;
    if (finding.offset === undefined) return rest;
    return { ...rest, message: 'the expression from the environment is not right here' };
  }

  #start(node: Node | undefined, offset: number | undefined): number {
    const start = node?.range?.[0] ?? 0;
    if (offset === undefined || !isScalar(node) || typeof node.value !== 'string' || node.range == null)
      return start;
    // What is missing at the end is missing after the last word, not after the line break behind it.
    const within = Math.min(offset, node.value.trimEnd().length);
    return start + placeInSource(this.text.slice(start, node.range[1]), node.value, within);
  }

  #find(path: Path): { node: Node | undefined; key: Node | undefined } {
    let node: Node | undefined = this.#document?.contents ?? undefined;
    let key: Node | undefined;
    for (const step of path) {
      const next = stepInto(node, step);
      if (next === undefined) return { node: key ?? node, key };
      [node, key] = [next.node, next.key ?? next.node];
    }
    return { node, key };
  }

  #lineAt(offset: number): string {
    return this.text.slice(this.text.lastIndexOf('\n', offset - 1) + 1).split('\n', 1)[0] ?? '';
  }

  #mistake(path: Path, node: Node, finding: Omit<Finding, 'path'>): Mistake {
    return this.#mistakeAt(node.range?.[0] ?? 0, { path, ...finding });
  }

  #mistakeAt(offset: number, { path, severity, message, instead }: Finding): Mistake {
    const { line, col } = this.#lines.linePos(offset);
    const place = {
      file: this.file,
      line: Math.max(line, 1),
      column: Math.max(col, 1),
      path: path.join('.'),
    };
    return {
      ...place,
      severity: severity ?? 'error',
      message,
      ...(instead === undefined ? {} : { instead }),
    };
  }
}

function stepInto(node: Node | undefined, step: string | number): { node: Node; key?: Node } | undefined {
  if (isSeq(node)) {
    const item = node.items[Number(step)];
    return item === undefined || item === null ? undefined : { node: item as Node };
  }
  if (!isMap(node)) return undefined;
  // The last one of a repeated key is the one whose value counts.
  const pair = node.items.findLast((item) => isScalar(item.key) && String(item.key.value) === String(step));
  if (pair === undefined) return undefined;
  const key = pair.key as Node;
  return { node: (pair.value as Node | null) ?? key, key };
}

function refuse(text: string): Omit<Finding, 'path'> | undefined {
  if (text.length > LENGTH_MAX) {
    return { message: `a definition has at most ${LENGTH_MAX / 1024} KiB, and this file is larger` };
  }
  let depth = 0;
  for (const character of text) {
    // Brackets in texts and comments count too: no real definition comes near the limit.
    if (character === '[' || character === '{') depth += 1;
    else if (character === ']' || character === '}') depth -= 1;
    if (depth > DEPTH_MAX) return { message: `brackets are nested more than ${DEPTH_MAX} deep` };
  }
  return undefined;
}

function pathOf(nodes: readonly unknown[]): Path {
  return nodes.flatMap((node, index): Path => {
    if (isPair(node) && isScalar(node.key)) return [String(node.key.value)];
    return isSeq(node) && index + 1 < nodes.length ? [node.items.indexOf(nodes[index + 1])] : [];
  });
}

function substitute(text: string, environment: Environment) {
  const unset: string[] = [];
  let fromEnvironment = false;
  const filled = text.replaceAll(SUBSTITUTION, (written, name: string, fallback: string | undefined) => {
    const value = environment[name];
    // As in a shell, an empty variable counts as unset.
    if (value !== undefined && value !== '') {
      fromEnvironment = true;
      return value;
    }
    if (fallback === undefined) unset.push(name);
    return fallback ?? written;
  });
  return { text: filled, unset, fromEnvironment };
}

/** A number or a boolean from the environment is one: `daily_usd: ${LIMIT:-25}`. In quotes it stays a text. */
function plain(text: string): string | number | boolean {
  if (/^-?\d{1,15}(?:\.\d{1,15})?$/.test(text)) return Number(text);
  return text === 'true' || text === 'false' ? text === 'true' : text;
}

function explainSyntax(code: string, message: string, line: string): Omit<Finding, 'path'> {
  if (code === 'DUPLICATE_KEY') return { message: 'this key is written twice', instead: 'it once' };
  if (code === 'MULTIPLE_DOCS')
    return { message: 'a second document begins here', instead: 'one definition a file' };
  if (code === 'TAB_AS_INDENT') return { message: 'a tab cannot indent', instead: 'spaces' };
  // Inside { } and [ ] YAML takes the braces of ${NAME} for its own.
  const unquoted = /(?<!["'\w])\$\{[^}]*\}?/.exec(line)?.[0];
  const instead = unquoted === undefined ? undefined : `it in quotes: "${unquoted}"`;
  return { instead, message: `this is not YAML: ${message.charAt(0).toLowerCase()}${message.slice(1)}` };
}
