/** What threads posted of their campaigns' contexts, for whoever goes on with them: raw bytes that only a thread reads. */

/** The newest of each share of each thread's campaigns. */
export class Backups {
  readonly #byThread = new Map<number, Map<number, ArrayBuffer>>();

  /** Keeps a share in the place of the one before. */
  keep(thread: number, share: number, bytes: ArrayBuffer): void {
    const shares = this.#byThread.get(thread) ?? new Map<number, ArrayBuffer>();
    this.#byThread.set(thread, shares);
    shares.delete(share);
    shares.set(share, bytes);
  }

  /** All that a thread posted, oldest first: where campaigns are in two shares, the last counts. */
  of(thread: number): readonly ArrayBuffer[] {
    return [...(this.#byThread.get(thread)?.values() ?? [])];
  }
}
