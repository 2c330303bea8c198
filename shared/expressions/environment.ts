// The CEL dialect of the definition file: what the library has, ours on top, and what is refused because it is unsafe here.
import { Environment, EvaluationError } from '@marcbachmann/cel-js';

const DURATION = 'google.protobuf.Duration';
const SECONDS_PER_DAY = 86_400n;
const synchronous = { async: false };

interface TypeNode {
  readonly kind: string;
  readonly name: string;
  readonly valueType: TypeNode;
  isEmpty(): boolean;
}
interface Checker {
  check(node: unknown, context: unknown): TypeNode;
  getType(name: string): TypeNode;
  createError(code: string, message: string, node: unknown): Error;
}
interface Runner {
  run(node: unknown, context: unknown): unknown;
}
interface OrValue {
  readonly receiver: unknown;
  readonly fallback: unknown;
  /** Set by the check: the column is a double and the fallback an int. */
  widens: boolean;
}
interface OptionalValue {
  hasValue(): boolean;
  value(): unknown;
}

/** As the library's own, but `x.orValue(0)` is right for a double too: the library wants 0.0, people write 0. */
function orValueMacro({ receiver, args }: { receiver: unknown; args: readonly unknown[] }) {
  return {
    receiver,
    fallback: args[0],
    widens: false,
    async: false,
    typeCheck(checker: Checker, macro: OrValue, context: unknown): TypeNode {
      const optional = checker.check(macro.receiver, context);
      const fallback = checker.check(macro.fallback, context);
      if (optional.kind !== 'optional') {
        const text = `orValue() is for what may be NULL, and this is '${optional.name}'`;
        throw checker.createError('optional_expected', text, macro.receiver);
      }
      const { valueType } = optional;
      macro.widens = valueType.name === 'double' && fallback.name === 'int';
      const emptyList = fallback.kind === 'list' && valueType.kind === 'list' && fallback.isEmpty();
      if (macro.widens || emptyList || valueType.name === fallback.name) return valueType;
      const text = `orValue() needs a value of type '${valueType.name}', and this is '${fallback.name}'`;
      throw checker.createError('incompatible_argument_type', text, macro.fallback);
    },
    evaluate(runner: Runner, macro: OrValue, context: unknown): unknown {
      const optional = runner.run(macro.receiver, context) as OptionalValue;
      if (optional.hasValue()) return optional.value();
      const fallback = runner.run(macro.fallback, context);
      return macro.widens ? Number(fallback) : fallback;
    },
  };
}

function code(value: unknown, list: readonly unknown[]): bigint {
  const place = list.indexOf(value);
  if (place < 0) throw new EvaluationError({ code: 'not_in_list', message: 'the value is not in the list' });
  return BigInt(place);
}

function createEnvironment(): Environment {
  const environment = new Environment({
    enableOptionalTypes: true,
    limits: { maxAstNodes: 2_000, maxDepth: 50, maxListElements: 1_000, maxCallArguments: 8 },
  });
  environment.registerFunction('optional<double>.orValue(ast): dyn', orValueMacro, synchronous);
  environment.registerFunction('code(A, list<A>): int', code, synchronous);
  environment.registerFunction(
    `days(${DURATION}): int`,
    (duration: { seconds: bigint }) => duration.seconds / SECONDS_PER_DAY,
    synchronous,
  );
  for (const [operator, apply] of Object.entries(ARITHMETIC)) {
    environment.registerOperator(`int ${operator} double: double`, (a: bigint, b: number) =>
      apply(Number(a), b),
    );
    environment.registerOperator(`double ${operator} int: double`, (a: number, b: bigint) =>
      apply(a, Number(b)),
    );
  }
  // JavaScript's loose equality compares a bigint with a number by their exact values.
  // biome-ignore lint/suspicious/noDoubleEquals: that exactness is wanted, and conversion would lose it.
  environment.registerOperator('int == double', (a: bigint | number, b: bigint | number) => a == b);
  return environment;
}

const ARITHMETIC: Readonly<Record<string, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
};

export const baseEnvironment = createEnvironment();
