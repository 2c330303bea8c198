// Vectors as PostgreSQL reads them. They are kept in half precision, so nothing more has to travel: of the 65,536 halves each
// is written once, and a vector is put together from those, at a tenth of what writing its numbers out would cost.

const HALVES = 65_536;
/** Enough to tell any two halves apart. */
const SIGNIFICANT_DIGITS = 5;
/** Neither a number nor finite: all exponent bits are set. */
const EXPONENT_BITS = 0x7c00;

let texts: readonly string[] | undefined;

function halfTexts(): readonly string[] {
  const bits = Uint16Array.from({ length: HALVES }, (_, half) => half);
  return Array.from(new Float16Array(bits.buffer), (value) =>
    Object.is(value, -0) ? '-0' : String(Number(value.toPrecision(SIGNIFICANT_DIGITS))),
  );
}

/** From little-endian floats. What no half can hold is written out as it is, for the database to refuse. */
export function vectorText(base64: string): string {
  texts ??= halfTexts();
  const bytes = Buffer.from(base64, 'base64');
  const floats = new Float32Array(Math.floor(bytes.length / Float32Array.BYTES_PER_ELEMENT));
  for (let place = 0; place < floats.length; place += 1) {
    floats[place] = bytes.readFloatLE(place * Float32Array.BYTES_PER_ELEMENT);
  }
  const halves = new Uint16Array(new Float16Array(floats).buffer);
  const parts = new Array<string>(halves.length);
  for (let place = 0; place < halves.length; place += 1) {
    const half = halves[place] as number;
    if ((half & EXPONENT_BITS) === EXPONENT_BITS) return `[${floats.join(',')}]`;
    parts[place] = texts[half] as string;
  }
  return `[${parts.join(',')}]`;
}
