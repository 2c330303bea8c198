// Times with microseconds, as PostgreSQL keeps them: a JavaScript Date would drop three digits.

/** RFC 3339, UTC, microseconds: '2026-11-20T09:15:02.123456Z'. */
export type Instant = string;

const MICROSECONDS_PER_MILLISECOND = 1000;

export function instantFromMicroseconds(epochMicroseconds: number): Instant {
  const milliseconds = Math.floor(epochMicroseconds / MICROSECONDS_PER_MILLISECOND);
  const rest = epochMicroseconds - milliseconds * MICROSECONDS_PER_MILLISECOND;
  return `${new Date(milliseconds).toISOString().slice(0, -1)}${String(rest).padStart(3, '0')}Z`;
}

export function instantFromMilliseconds(epochMilliseconds: number): Instant {
  return instantFromMicroseconds(Math.trunc(epochMilliseconds) * MICROSECONDS_PER_MILLISECOND);
}

/** Whole milliseconds since 1970. */
export function millisecondsOf(instant: Instant): number {
  return Date.parse(instant);
}
