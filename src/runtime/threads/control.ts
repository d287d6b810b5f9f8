/** How far a thread has come in a round, and whether it lives: a few cells of shared memory that both sides wait on. */

/** What a thread has published of a round. */
export class Control {
  readonly #cells: Int32Array;

  /** @param buffer of {@link Control.BYTES}; one a thread */
  constructor(buffer: SharedArrayBuffer) {
    this.#cells = new Int32Array(buffer);
  }

  static readonly BYTES = 3 * 64;
  /** {@link published} of a whole round. */
  static readonly DONE = 2 ** 31 - 1;

  /** Before a round: nothing is published. */
  reset(): void {
    Atomics.store(this.#cells, 0, 0);
  }

  /** Slots below this are answered for. */
  get published(): number {
    return Atomics.load(this.#cells, 0);
  }

  publish(below: number): void {
    Atomics.store(this.#cells, 0, below);
    Atomics.notify(this.#cells, 0);
  }

  /** Sign of life, between two publications. Not atomic: nobody else writes it, nothing is ordered by it, and it comes with every campaign. */
  beat(): void {
    this.#cells[16] += 1;
  }

  get beats(): number {
    return Atomics.load(this.#cells, 16);
  }

  /** The thread says that it ends. */
  die(): void {
    Atomics.store(this.#cells, 32, 1);
    Atomics.notify(this.#cells, 0);
  }

  get isDead(): boolean {
    return Atomics.load(this.#cells, 32) === 1;
  }

  /** Blocks until more than `seen` is published, or for so long. */
  wait(seen: number, forMs: number): void {
    Atomics.wait(this.#cells, 0, seen, forMs);
  }
}
