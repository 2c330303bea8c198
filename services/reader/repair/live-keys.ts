// Which keys of an enriched topic have a result, as far as a portion of its records tells. Pure.
import type { RowKey } from '../../../shared/contracts/events.ts';
import type { FollowedRecord } from '../../../shared/kafka/follow.ts';

export interface PartitionKeys {
  readonly partition: number;
  /** Nothing that came before this portion is left. */
  readonly isEmptied: boolean;
  readonly live: readonly RowKey[];
  readonly dead: readonly RowKey[];
}

interface Keys {
  isEmptied: boolean;
  readonly byText: Map<string, { readonly key: RowKey; readonly isLive: boolean }>;
}

/** The last record of a key decides. What is no outcome of ours is passed over. */
export function keysOf(records: readonly FollowedRecord[]): readonly PartitionKeys[] {
  const partitions = new Map<number, Keys>();
  for (const { partition, key, value } of records) {
    const keys = partitions.get(partition) ?? { isEmptied: false, byText: new Map() };
    partitions.set(partition, keys);
    const status = value === null ? 'deleted' : statusOf(value);
    if (status === 'truncated') {
      keys.isEmptied = true;
      keys.byText.clear();
    }
    const rowKey = status === undefined || status === 'truncated' ? undefined : rowKeyOf(key);
    if (rowKey !== undefined) {
      keys.byText.set(JSON.stringify(rowKey), { key: rowKey, isLive: status !== 'deleted' });
    }
  }
  return [...partitions].map(([partition, { isEmptied, byText }]) => {
    const [live = [], dead = []] = [true, false].map((wanted) =>
      [...byText.values()].filter(({ isLive }) => isLive === wanted).map(({ key }) => key),
    );
    return { partition, isEmptied, live, dead };
  });
}

function statusOf(value: Buffer): string | undefined {
  const status = fieldsOf(value)?.status;
  return typeof status === 'string' ? status : undefined;
}

const KEY_VALUES = new Set(['string', 'number', 'boolean']);

function rowKeyOf(key: Buffer | null): RowKey | undefined {
  const fields = key === null ? undefined : fieldsOf(key);
  const isRowKey =
    fields !== undefined && Object.values(fields).every((value) => KEY_VALUES.has(typeof value));
  return isRowKey ? (fields as RowKey) : undefined;
}

function fieldsOf(json: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    const parsed: unknown = JSON.parse(json.toString());
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
      ? (parsed as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
}
