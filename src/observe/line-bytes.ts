/**
 * The bytes of a log's lines, put together in place: no string is made of a figure, none is encoded.
 *
 * LB1 what is put in is JSON: a figure that is none (NaN, infinite) is null; LB2 there is always room: it grows.
 */

/** Up to this length a loop copies faster than a call. */
const SHORT = 12;
const ZERO = 0x30;
const MINUS = 0x2d;
const POINT = 0x2e;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
const TILDE = 0x7e;
/** Digits that are written with 32-bit arithmetic. */
const PART = 1_000_000_000;
/** Powers of ten. */
const POWERS = Array.from({ length: 10 }, (_, places) => 10 ** places);

/** Text to be put into lines again and again. */
export function encoded(text: string): Uint8Array {
  return Buffer.from(text);
}

/** Collects bytes. */
export class LineBytes {
  #bytes: Buffer;
  #length = 0;

  /** @param capacity bytes that there is room for at first */
  constructor(capacity: number) {
    this.#bytes = Buffer.allocUnsafeSlow(capacity);
  }

  /** Bytes so far. */
  get length(): number {
    return this.#length;
  }

  /** What was put in since the last {@link clear}: a view, good until then. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Begins anew. */
  clear(): void {
    this.#length = 0;
  }

  /** Bytes as they are. */
  put(piece: Uint8Array): void {
    const { length } = piece;
    const at = this.#reserve(length);
    const bytes = this.#bytes;
    if (length > SHORT) bytes.set(piece, at);
    else for (let i = 0; i < length; i += 1) bytes[at + i] = piece[i];
    this.#length = at + length;
  }

  /** Text as it is. */
  text(text: string): void {
    const at = this.#reserve(text.length * 3);
    this.#length = at + this.#bytes.write(text, at);
  }

  /** A string as JSON has it. */
  quoted(text: string): void {
    const { length } = text;
    const at = this.#reserve(length + 2);
    const bytes = this.#bytes;
    for (let i = 0; i < length; i += 1) {
      const code = text.charCodeAt(i);
      if (code < SPACE || code > TILDE || code === QUOTE || code === BACKSLASH) {
        this.text(JSON.stringify(text));
        return;
      }
      bytes[at + 1 + i] = code;
    }
    bytes[at] = QUOTE;
    bytes[at + 1 + length] = QUOTE;
    this.#length = at + length + 2;
  }

  /**
   * A number, rounded to so many decimals, 0..9, with none that are zero at the end. One that is too large to have so many is written as JSON has it.
   */
  decimal(value: number, places: number): void {
    const scale = POWERS[places];
    const scaled = Math.round(Math.abs(value) * scale);
    if (!(scaled <= Number.MAX_SAFE_INTEGER)) {
      this.text(Number.isFinite(value) ? String(value) : "null");
      return;
    }
    this.#reserve(32);
    if (value < 0 && scaled > 0) this.#bytes[this.#length++] = MINUS;
    const whole = Math.floor(scaled / scale);
    this.#whole(whole);
    const fraction = scaled - whole * scale;
    if (fraction > 0) this.#fraction(fraction, places);
  }

  /** Digits of a whole number that is safe and not negative. */
  #whole(value: number): void {
    if (value < PART) {
      const end = this.#length + lengthOf(value);
      this.#digits(value, this.#length, end);
      this.#length = end;
      return;
    }
    const high = Math.floor(value / PART);
    this.#whole(high);
    this.#digits(value - high * PART, this.#length, this.#length + 9);
    this.#length += 9;
  }

  #fraction(value: number, places: number): void {
    // As an integer: the remainder of a fraction takes ten times as long.
    let digits = value | 0;
    let left = places;
    while (digits % 10 === 0) {
      digits = (digits / 10) | 0;
      left -= 1;
    }
    this.#bytes[this.#length] = POINT;
    this.#digits(digits, this.#length + 1, this.#length + 1 + left);
    this.#length += 1 + left;
  }

  /** Fills `from` ≤ i < `end` with the last digits of a number below {@link PART}. */
  #digits(value: number, from: number, end: number): void {
    const bytes = this.#bytes;
    let rest = value | 0;
    for (let at = end - 1; at >= from; at -= 1) {
      const tens = (rest / 10) | 0;
      bytes[at] = ZERO + rest - tens * 10;
      rest = tens;
    }
  }

  /** Makes room for more bytes, and returns where they go (LB2). */
  #reserve(more: number): number {
    const at = this.#length;
    if (at + more > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow((at + more) * 2);
      larger.set(this.#bytes.subarray(0, at));
      this.#bytes = larger;
    }
    return at;
  }
}

/** Digits of a number below {@link PART}: its length in bits, times the logarithm of 2, one more where it reaches the next power of ten. */
function lengthOf(value: number): number {
  const guess = ((32 - Math.clz32(value)) * 1233) >> 12;
  return Math.max(1, value >= POWERS[guess] ? guess + 1 : guess);
}
