const DIGITS = 7;
const SCALE = 10 ** DIGITS;
/** The longest of them: sign, one digit, point, seven digits, comma. */
const NUMBER_BYTES_MAX = 11;
const [COMMA, MINUS, POINT, ZERO, OPEN, CLOSE] = [...',-.0[]'].map((letter) => letter.charCodeAt(0)) as [
  number,
  number,
  number,
  number,
  number,
  number,
];

/**
 * Numbers between -1 and 1 as a JSON list with seven digits each. Written byte by byte, since turning a thousand numbers
 * into their shortest text is most of what an answer would cost.
 */
export function numberList(values: Float64Array): Buffer {
  const bytes = Buffer.allocUnsafe(values.length * NUMBER_BYTES_MAX + 2);
  let place = 0;
  bytes[place++] = OPEN;
  for (let index = 0; index < values.length; index += 1) {
    if (index > 0) bytes[place++] = COMMA;
    const scaled = Math.round((values[index] ?? 0) * SCALE);
    let rest = scaled < 0 ? -scaled : scaled;
    if (scaled < 0) bytes[place++] = MINUS;
    const whole = rest >= SCALE ? 1 : 0;
    rest -= whole * SCALE;
    bytes[place] = ZERO + whole;
    bytes[place + 1] = POINT;
    for (let digit = DIGITS; digit > 0; digit -= 1) {
      const next = (rest / 10) | 0;
      bytes[place + 1 + digit] = ZERO + (rest - next * 10);
      rest = next;
    }
    place += DIGITS + 2;
  }
  bytes[place++] = CLOSE;
  return bytes.subarray(0, place);
}
