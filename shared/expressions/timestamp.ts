const ZERO = 48;
const PATTERN =
  /^(\d{4,6})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?(?:Z|([+-])(\d\d)(?::?(\d\d))?(?::(\d\d))?)?)?( BC)?$/;
const MINUTE_MS = 60_000;

/**
 * PostgreSQL's text of timestamptz, timestamp and date, cut to milliseconds; without a zone it is taken as UTC.
 * Undefined for what no instant can hold: infinity, or a text of another form.
 */
export function parseTimestamp(text: string): Date | undefined {
  return parseCommonForm(text) ?? parseAnyForm(text);
}

/** '2026-11-20 09:15:02.123456+00': nearly every value has this form, and reading digits is four times the regex's speed. */
function parseCommonForm(text: string): Date | undefined {
  const length = text.length;
  if (length < 22 || !text.endsWith('+00') || text.charCodeAt(4) !== 45 || text.charCodeAt(10) !== 32)
    return undefined;
  const year = two(text, 0) * 100 + two(text, 2);
  let milliseconds = 0;
  for (let place = 20, scale = 100; place < length - 3 && scale >= 1; place += 1, scale /= 10) {
    milliseconds += (text.charCodeAt(place) - ZERO) * scale;
  }
  if (year < 100) return undefined;
  const instant = Date.UTC(
    year,
    two(text, 5) - 1,
    two(text, 8),
    two(text, 11),
    two(text, 14),
    two(text, 17),
    milliseconds,
  );
  return Number.isNaN(instant) ? undefined : new Date(instant);
}

function two(text: string, at: number): number {
  return (text.charCodeAt(at) - ZERO) * 10 + (text.charCodeAt(at + 1) - ZERO);
}

function parseAnyForm(text: string): Date | undefined {
  const match = PATTERN.exec(text);
  if (match === null) return undefined;
  const [
    ,
    year,
    month,
    day,
    hours,
    minutes,
    seconds,
    fraction,
    sign,
    zoneHours,
    zoneMinutes,
    zoneSeconds,
    era,
  ] = match;
  const date = new Date(0);
  date.setUTCFullYear(era === undefined ? Number(year) : 1 - Number(year), Number(month) - 1, Number(day));
  date.setUTCHours(Number(hours ?? 0), Number(minutes ?? 0), Number(seconds ?? 0));
  date.setUTCMilliseconds(Number((fraction ?? '').padEnd(3, '0').slice(0, 3)));
  const zoneMs =
    (Number(zoneHours ?? 0) * 60 + Number(zoneMinutes ?? 0)) * MINUTE_MS + Number(zoneSeconds ?? 0) * 1000;
  const instant = date.getTime() - (sign === '-' ? -zoneMs : zoneMs);
  return Number.isNaN(instant) ? undefined : new Date(instant);
}
