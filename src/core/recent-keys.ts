/**
 * Keys of what was seen lately: a set that forgets its oldest members.
 *
 * RK1 the last `capacity` different keys are known, no others; RK2 a key costs the same however many are known.
 */
import type { Savable } from "./saved.ts";

/** The last `capacity` keys. */
export class RecentKeys<Key> implements Savable<readonly Key[]> {
  readonly #capacity: number;
  readonly #keys = new Set<Key>();
  /** In the order in which they came, in a ring: a set that forgets from its front takes ever longer to find it (RK2). */
  readonly #ring: Key[] = [];
  /** Place of the oldest in a ring that is full. */
  #oldest = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  has(key: Key): boolean {
    return this.#keys.has(key);
  }

  /** Adds a key; one that is known keeps its age. */
  add(key: Key): void {
    if (this.#keys.has(key)) return;
    this.#keys.add(key);
    if (this.#ring.length < this.#capacity) {
      this.#ring.push(key);
      return;
    }
    this.#keys.delete(this.#ring[this.#oldest]);
    this.#ring[this.#oldest] = key;
    this.#oldest = (this.#oldest + 1) % this.#capacity;
  }

  /** Oldest first. */
  save(): readonly Key[] {
    return [...this.#ring.slice(this.#oldest), ...this.#ring.slice(0, this.#oldest)];
  }

  restore(keys: readonly Key[]): void {
    this.#keys.clear();
    this.#ring.length = 0;
    this.#oldest = 0;
    for (const key of keys) this.add(key);
  }
}
