/**
 * Columns of numbers as few bytes: whole numbers in as many as they need, one value for a column that repeats it, all else as it is.
 *
 * CO1 what is read is what was written, to the bit, NaN and −0 included; CO2 the same numbers give the same bytes.
 */
import { EngineError } from "../core/errors.ts";

/** How a column is written: its first byte. */
const Form = { plain: 0, rising: 1, same: 2, exact: 3 } as const;

/** Whole numbers beyond this are written as they are: twice as much must be safe. */
const MOST = 2 ** 51;
const HALF = 2 ** 31;

/** Writes numbers, columns and texts one after another; reused from step to step. */
export class ByteWriter {
  #bytes = new Uint8Array(4096);
  #view = new DataView(this.#bytes.buffer);
  #doubles = new Float64Array(0);
  #length = 0;

  /** What was written since the last call: a copy. */
  take(): Uint8Array {
    const bytes = this.#bytes.slice(0, this.#length);
    this.#length = 0;
    return bytes;
  }

  /** A whole number from −2^51 to 2^51. */
  integer(value: number): void {
    this.#reserve(10);
    this.#put(value);
  }

  text(text: string): void {
    const bytes = new TextEncoder().encode(text);
    this.integer(bytes.length);
    this.#bytesOf(bytes);
  }

  /** All that another writer has written, which begins anew. */
  takeOver(other: ByteWriter): void {
    this.#bytesOf(other.#bytes.subarray(0, other.#length));
    other.#length = 0;
  }

  /** Bytes as they are, without their number. */
  #bytesOf(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** The first `length` numbers of a column; `rising` where each is near the one before. */
  column(values: ArrayLike<number>, length: number, isRising = false): void {
    this.#reserve(1 + 10 * length);
    const numbers = this.#asDoubles(values, length);
    const form = formOf(numbers, length, isRising);
    this.#bytes[this.#length++] = form;
    if (form === Form.same) {
      if (length > 0) this.#put(numbers[0]);
    } else if (form === Form.exact) {
      for (let i = 0; i < length; i += 1) {
        this.#view.setFloat64(this.#length, numbers[i], true);
        this.#length += 8;
      }
    } else {
      this.#length = putAll(numbers, length, form === Form.rising, this.#bytes, this.#length);
    }
  }

  /** A column as doubles: loops over millions of numbers take half the time where they meet but one kind of list. */
  #asDoubles(values: ArrayLike<number>, length: number): Float64Array {
    if (values instanceof Float64Array) return values;
    if (this.#doubles.length < length) this.#doubles = new Float64Array(2 * length);
    if (ArrayBuffer.isView(values)) this.#doubles.set((values as Int32Array).subarray(0, length));
    else for (let i = 0; i < length; i += 1) this.#doubles[i] = values[i];
    return this.#doubles;
  }

  #put(value: number): void {
    this.#length = put(value, this.#bytes, this.#length);
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#bytes.length) return;
    const larger = new Uint8Array(2 * (this.#length + bytes));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}

/** Writes a signed number with its sign in the lowest bit, seven bits a byte. @returns the place after it */
function put(value: number, bytes: Uint8Array, from: number): number {
  let at = from;
  let rest = value < 0 ? -2 * value - 1 : 2 * value;
  while (rest >= HALF) {
    bytes[at++] = (rest % 128) + 128;
    rest = Math.floor(rest / 128);
  }
  while (rest >= 128) {
    bytes[at++] = (rest & 127) | 128;
    rest >>>= 7;
  }
  bytes[at++] = rest;
  return at;
}

/** Writes the first `length` numbers, or how far each is from the one before. @returns the place after them */
function putAll(values: Float64Array, length: number, isRising: boolean, bytes: Uint8Array, from: number): number {
  let at = from;
  let before = 0;
  for (let i = 0; i < length; i += 1) {
    at = put(values[i] - before, bytes, at);
    if (isRising) before = values[i];
  }
  return at;
}

function formOf(values: Float64Array, length: number, isRising: boolean): number {
  let isSame = true;
  for (let i = 0; i < length; i += 1) {
    if (!isWritable(values[i])) return Form.exact;
    if (values[i] !== values[0]) isSame = false;
  }
  if (isSame) return Form.same;
  return isRising ? Form.rising : Form.plain;
}

/** Whether a number can be written as a whole one: it is, of a size that can be doubled, and not −0. */
function isWritable(value: number): boolean {
  return Math.trunc(value) === value && value <= MOST / 2 && value >= -MOST / 2 && (value !== 0 || 1 / value > 0);
}

/** Reads what a {@link ByteWriter} wrote. @throws EngineError CE_STATE_CORRUPT where there is no more to read */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #one = new Float64Array(1);
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  integer(): number {
    this.#wholes(this.#one, 1, false);
    return this.#one[0];
  }

  text(): string {
    const length = this.integer();
    this.#expect(length);
    this.#at += length;
    return new TextDecoder().decode(this.#bytes.subarray(this.#at - length, this.#at));
  }

  /** Reads a column into the beginning of `into`. */
  column(into: { [index: number]: number }, length: number): void {
    if (into instanceof Float64Array) {
      this.#doubles(into, length);
      return;
    }
    const doubles = new Float64Array(length);
    this.#doubles(doubles, length);
    if (ArrayBuffer.isView(into)) (into as unknown as Int32Array).set(doubles);
    else for (let i = 0; i < length; i += 1) into[i] = doubles[i];
  }

  #doubles(into: Float64Array, length: number): void {
    const form = this.#byte();
    if (form === Form.same) {
      if (length > 0) into.fill(this.integer(), 0, length);
    } else if (form === Form.plain || form === Form.rising) {
      this.#wholes(into, length, form === Form.rising);
    } else if (form === Form.exact) {
      this.#expect(8 * length);
      for (let i = 0; i < length; i += 1) {
        into[i] = this.#view.getFloat64(this.#at, true);
        this.#at += 8;
      }
    } else throw unreadable(`no column is written in form ${form}`);
  }

  /** Whole numbers as `putAll` wrote them. */
  #wholes(into: Float64Array, length: number, isRising: boolean): void {
    const bytes = this.#bytes;
    let at = this.#at;
    let before = 0;
    for (let i = 0; i < length; i += 1) {
      let byte = bytes[at++];
      let number = byte & 127;
      for (let scale = 128; byte >= 128; scale *= 128) {
        byte = bytes[at++];
        number += (byte & 127) * scale;
      }
      // Beyond the end a byte is undefined, which ends the loop.
      if (byte === undefined) throw unreadable("it ends too early");
      const value = number % 2 === 0 ? number / 2 : -(number + 1) / 2;
      into[i] = before + value;
      if (isRising) before = into[i];
    }
    this.#at = at;
  }

  #byte(): number {
    this.#expect(1);
    return this.#bytes[this.#at++];
  }

  #expect(bytes: number): void {
    if (bytes < 0 || this.#at + bytes > this.#bytes.length) throw unreadable("it ends too early");
  }
}

function unreadable(what: string): EngineError {
  return new EngineError("CE_STATE_CORRUPT", `An entry of the log cannot be read: ${what}.`);
}
