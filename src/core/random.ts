/**
 * Named, seeded random streams: the only source of randomness.
 *
 * R1 a stream is a function of (seed, name) alone, so that adding a stream never moves another;
 * R2 its state can be saved and restored, so that a resumed run draws the same numbers.
 */
import { xoroshiro128plus, xoroshiro128plusFromState } from "pure-rand/generator/xoroshiro128plus";
import type { JumpableRandomGenerator } from "pure-rand/types/JumpableRandomGenerator";
import type { Savable } from "./saved.ts";

/** 32-bit FNV-1a hash of a name, mixed with a seed. */
export function hashSeed(seed: number, name: string): number {
  let hash = 0x811c9dc5 ^ (seed | 0);
  for (let i = 0; i < name.length; i += 1) {
    hash ^= name.charCodeAt(i);
    hash = Math.imul(hash, 0x01000193);
  }
  // Finaliser of MurmurHash3: FNV alone leaves the high bits of short names alike.
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) | 0;
}

/** One uniform number in [0, 1) with 32 random bits, a function of (seed, name): where a draw has a name of its own, it needs no stream. */
export function uniformOf(seed: number, name: string): number {
  return (hashSeed(seed, name) >>> 0) / 0x1_0000_0000;
}

/** The next uniform number in [0, 1), with 53 random bits. */
function uniform(generator: JumpableRandomGenerator): number {
  const high = generator.next() >>> 5;
  const low = generator.next() >>> 6;
  return (high * 67_108_864 + low) / 9_007_199_254_740_992;
}

/** A stream of uniform draws. */
export class RandomStream implements Savable<readonly number[]> {
  #generator: JumpableRandomGenerator;

  constructor(seed: number, name: string) {
    this.#generator = xoroshiro128plus(hashSeed(seed, name));
  }

  /** The next uniform number in [0, 1). Bound, so that it can be handed to `d3-random` as a source. */
  readonly next = (): number => uniform(this.#generator);

  /** The state from which it goes on (R2). */
  save(): readonly number[] {
    return this.#generator.getState();
  }

  restore(state: readonly number[]): void {
    this.#generator = xoroshiro128plusFromState(state);
  }
}

/** Words of a generator's state. */
const WORDS = 4;

/** Streams by the hundred thousand, at 16 bytes each: each draws what the {@link RandomStream} of its name draws. */
export class RandomStreams implements Savable<Int32Array> {
  readonly #seed: number;
  readonly #nameOf: (stream: number) => string;
  /** By stream. All zero where nothing was drawn yet: no generator comes to that. */
  readonly #states: Int32Array;

  /** @param nameOf each of `length` streams */
  constructor(seed: number, length: number, nameOf: (stream: number) => string) {
    this.#seed = seed;
    this.#nameOf = nameOf;
    this.#states = new Int32Array(length * WORDS);
  }

  /** Draws uniform numbers in [0, 1) from one stream, for the places `from` ≤ i < `to` of a list. */
  draw(stream: number, into: Float64Array, from: number, to: number): void {
    const generator = this.#generatorOf(stream);
    for (let i = from; i < to; i += 1) into[i] = uniform(generator);
    this.#states.set(generator.getState(), stream * WORDS);
  }

  /** The states from which they go on (R2). */
  save(): Int32Array {
    return this.#states;
  }

  restore(states: Int32Array): void {
    this.#states.set(states);
  }

  #generatorOf(stream: number): JumpableRandomGenerator {
    const at = stream * WORDS;
    const [a, b, c, d] = [this.#states[at], this.#states[at + 1], this.#states[at + 2], this.#states[at + 3]];
    if ((a | b | c | d) === 0) return xoroshiro128plus(hashSeed(this.#seed, this.#nameOf(stream)));
    return xoroshiro128plusFromState([a, b, c, d]);
  }
}
