/** Keys of what was seen lately: a set that forgets its oldest members. */
import type { Savable } from "./saved.ts";

/** The last `capacity` keys. */
export class RecentKeys<Key> implements Savable<readonly Key[]> {
  readonly #capacity: number;
  readonly #keys = new Set<Key>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  has(key: Key): boolean {
    return this.#keys.has(key);
  }

  add(key: Key): void {
    this.#keys.add(key);
    if (this.#keys.size <= this.#capacity) return;
    const [oldest] = this.#keys;
    this.#keys.delete(oldest);
  }

  save(): readonly Key[] {
    return [...this.#keys];
  }

  restore(keys: readonly Key[]): void {
    this.#keys.clear();
    for (const key of keys) this.#keys.add(key);
  }
}
