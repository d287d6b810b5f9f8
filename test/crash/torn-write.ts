/** A write to the SQLite store that a power cut tears at a random byte, by one seed. */
import { copyFileSync, mkdirSync, openSync, closeSync, rmSync, statSync, truncateSync, writeSync } from "node:fs";
import { join } from "node:path";
import { RandomStream } from "../../src/core/random.ts";
import { SqliteStore } from "../../src/journal/sqlite-store.ts";
import type { Entry } from "../../src/journal/store.ts";

const FILES = ["journal.sqlite", "journal.sqlite-wal"];
/** The end of what was written may be anything, up to so many bytes. */
const SCRAMBLED_BYTES = 600;

/** Writes groups of entries, tears the one after an acknowledged group, and opens what is left. @throws Error where it is not exactly what was acknowledged */
export async function tearWrite(folder: string, seed: number): Promise<void> {
  const random = new RandomStream(seed, "torn write");
  const below = (limit: number) => Math.floor(random.next() * limit);
  const [whole, torn] = [join(folder, `whole-${seed}`), join(folder, `torn-${seed}`)];
  const store = new SqliteStore(whole);
  const epoch = await store.claim(0);
  const written: number[] = [];
  const acknowledged = [{ entries: 0, walBytes: statSync(join(whole, FILES[1])).size }];
  for (let group = 2 + below(6); group > 0; group -= 1) {
    const entries = Array.from({ length: 1 + below(4) }, (): Entry => {
      written.push(written.length);
      const bytes = new Uint8Array(below(9_000)).fill(written.length % 256);
      return { kind: "tick", tick: written.length, bytes };
    });
    await store.append(0, epoch, written.length - entries.length, entries);
    acknowledged.push({ entries: written.length, walBytes: statSync(join(whole, FILES[1])).size });
  }
  mkdirSync(torn);
  for (const file of FILES) copyFileSync(join(whole, file), join(torn, file));
  await store.close();
  const at = below(acknowledged.length - 1);
  const [safe, next] = [acknowledged[at], acknowledged[at + 1]];
  const cut = safe.walBytes + below(next.walBytes - safe.walBytes);
  truncateSync(join(torn, FILES[1]), cut);
  if (random.next() < 0.5) scramble(join(torn, FILES[1]), Math.max(safe.walBytes, cut - SCRAMBLED_BYTES), cut, random);
  const left = new SqliteStore(torn);
  let entries = 0;
  for await (const { bytes, tick } of left.read(0)) {
    entries += 1;
    if (tick !== entries || bytes.some((byte) => byte !== tick % 256))
      throw new Error(`seed ${seed}: entry ${entries} is another`);
  }
  await left.close();
  if (entries !== safe.entries)
    throw new Error(`seed ${seed}: ${entries} entries are left of ${safe.entries} acknowledged`);
  for (const directory of [whole, torn]) rmSync(directory, { recursive: true });
}

function scramble(file: string, from: number, to: number, random: RandomStream): void {
  const descriptor = openSync(file, "r+");
  writeSync(
    descriptor,
    Uint8Array.from({ length: to - from }, () => Math.floor(random.next() * 256)),
    0,
    to - from,
    from,
  );
  closeSync(descriptor);
}
