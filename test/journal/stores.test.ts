import { execFileSync } from "node:child_process";
import {
  chmodSync,
  closeSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, describe, expect, it } from "vitest";
import { MemoryStore } from "../../src/journal/memory-store.ts";
import { APPLICATION_ID, MIGRATIONS } from "../../src/journal/schema.ts";
import { SqliteStore } from "../../src/journal/sqlite-store.ts";
import { tearWrite } from "../crash/torn-write.ts";
import { entry, storeContract, ticksOf } from "./store-contract.ts";

const folder = mkdtempSync(join(tmpdir(), "stores-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let places = 0;
const newDirectory = () => join(folder, String((places += 1)));

storeContract("memory", () => {
  const store = new MemoryStore();
  return { open: () => store };
});

storeContract("SQLite", () => {
  const directory = newDirectory();
  return { open: () => new SqliteStore(directory) };
});

/** A directory with a log of so many entries. */
async function written(entries: number, size = 100): Promise<string> {
  const directory = newDirectory();
  const store = new SqliteStore(directory);
  const epoch = await store.claim(0);
  for (let tick = 0; tick < entries; tick += 1) {
    await store.append(0, epoch, tick, [entry(tick, `${tick} `.padEnd(size, "x"))]);
  }
  await store.close();
  return directory;
}

const fileOf = (directory: string) => join(directory, "journal.sqlite");

function edit(directory: string, sql: string): void {
  const db = new DatabaseSync(fileOf(directory));
  db.exec(sql);
  db.close();
}

/** A directory that a process has left behind by a crash: its last writes are in the write-ahead file only. */
function crashed(entries: number): string {
  const directory = newDirectory();
  const root = join(import.meta.dirname, "../..");
  const code = `
    const { SqliteStore } = await import(${JSON.stringify(join(root, "src/journal/sqlite-store.ts"))});
    const store = new SqliteStore(${JSON.stringify(directory)});
    const epoch = await store.claim(0);
    for (let tick = 0; tick < ${entries}; tick += 1)
      await store.append(0, epoch, tick, [{ kind: "tick", tick, bytes: new Uint8Array(5000).fill(tick) }]);
    process.kill(process.pid, "SIGKILL");`;
  try {
    execFileSync(process.execPath, ["--input-type=module", "-e", code], { stdio: "pipe" });
  } catch {
    // It ends by its own signal.
  }
  return directory;
}

describe("the SQLite store's failures", () => {
  it("has exactly what was acknowledged when a write is torn at any byte (J1, J2)", async () => {
    for (let seed = 1; seed <= 25; seed += 1) await tearWrite(folder, seed);
  });

  it("has all that was acknowledged when its process is killed, and its lock is free (J1)", async () => {
    const store = new SqliteStore(crashed(6));
    expect(await ticksOf(store)).toEqual([0, 1, 2, 3, 4, 5]);
    await store.close();
  });

  it("cuts off the torn tail of the last write, whole groups only (J2)", async () => {
    const directory = crashed(6);
    const wal = `${fileOf(directory)}-wal`;
    const fd = openSync(wal, "r+");
    ftruncateSync(fd, statSync(wal).size - 3_000);
    closeSync(fd);
    const store = new SqliteStore(directory);
    expect(await ticksOf(store)).toEqual([0, 1, 2, 3, 4]);
    expect(await store.append(0, await store.claim(0), 5, [entry(5)])).toBe(6);
    await store.close();
  });

  it.each([
    ["a byte changed", "UPDATE entries SET bytes = CAST('other' AS BLOB) WHERE id = 3", 3],
    ["an entry is missing", "DELETE FROM entries WHERE id = 4", 4],
    ["the tail is missing", "DELETE FROM entries WHERE id > 4", 5],
    ["two entries changed places", "UPDATE entries SET tick = 1 - tick WHERE id <= 2", 1],
  ])("refuses a log in which %s, with its place (J5)", async (_, sql, seq) => {
    const directory = await written(6);
    edit(directory, sql);
    const store = new SqliteStore(directory);
    await expect(ticksOf(store)).rejects.toMatchObject({
      code: "CE_STATE_CORRUPT",
      message: expect.stringContaining(`Entry ${seq} `),
    });
    await store.close();
  });

  it("refuses pages overwritten in the middle of the file (J5)", async () => {
    const directory = await written(40, 3_000);
    const fd = openSync(fileOf(directory), "r+");
    writeSync(fd, Buffer.alloc(8_192, 0xaa), 0, 8_192, 20 * 4_096);
    closeSync(fd);
    const read = async () => {
      const store = new SqliteStore(directory);
      try {
        return await ticksOf(store);
      } finally {
        await store.close();
      }
    };
    await expect(read()).rejects.toMatchObject({ code: "CE_STATE_CORRUPT" });
  });

  it("refuses a second owner of the directory while the first lives, and lets readers in", async () => {
    const directory = await written(2);
    const store = new SqliteStore(directory);
    expect(() => new SqliteStore(directory)).toThrow(expect.objectContaining({ code: "CE_STATE_BUSY" }));
    const reader = new SqliteStore(directory, { isReadOnly: true });
    expect(await ticksOf(reader)).toEqual([0, 1]);
    await store.append(0, await store.claim(0), 2, [entry(2)]);
    expect(await ticksOf(reader)).toEqual([0, 1, 2]);
    await reader.close();
    await store.close();
    await new SqliteStore(directory).close();
  });

  it("refuses foreign files and leaves them as they are", async () => {
    const text = newDirectory();
    await new SqliteStore(text).close();
    writeFileSync(fileOf(text), "A letter to a friend, longer than a header of SQLite. ".repeat(20));
    const before = readFileSync(fileOf(text), "utf8");
    expect(() => new SqliteStore(text)).toThrow(expect.objectContaining({ code: "CE_STATE_FOREIGN" }));
    expect(readFileSync(fileOf(text), "utf8")).toBe(before);
    const other = newDirectory();
    await new SqliteStore(other).close();
    rmSync(fileOf(other));
    edit(other, "CREATE TABLE recipes (name TEXT)");
    expect(() => new SqliteStore(other)).toThrow(expect.objectContaining({ code: "CE_STATE_FOREIGN" }));
  });

  it("refuses a file of a newer version, and brings one of an older version up to date", async () => {
    const newer = await written(1);
    edit(newer, `PRAGMA user_version = ${MIGRATIONS.length + 1}`);
    expect(() => new SqliteStore(newer)).toThrow(expect.objectContaining({ code: "CE_STATE_NEWER" }));
    const older = newDirectory();
    await new SqliteStore(older).close();
    rmSync(fileOf(older));
    edit(older, `${MIGRATIONS[0]}; PRAGMA user_version = 1; PRAGMA application_id = ${APPLICATION_ID}`);
    edit(older, "INSERT INTO shards (shard, epoch) VALUES (0, 41)");
    const store = new SqliteStore(older);
    expect(await store.claim(0)).toBe(42);
    expect(await store.snapshots(0)).toEqual([]);
    await store.close();
  });

  it("refuses an append that does not fit, keeps what is there, and goes on when there is room", async () => {
    const directory = newDirectory();
    const small = new SqliteStore(directory, { maxPages: 20 });
    const epoch = await small.claim(0);
    await small.append(0, epoch, 0, [entry(0)]);
    const big = [entry(1), entry(2, "x".repeat(100_000))];
    await expect(small.append(0, epoch, 1, big)).rejects.toMatchObject({ code: "CE_STATE_FULL" });
    expect(await ticksOf(small)).toEqual([0]);
    expect(await small.append(0, epoch, 1, [entry(1)])).toBe(2);
    await small.close();
    const roomy = new SqliteStore(directory);
    expect(await roomy.append(0, await roomy.claim(0), 2, big)).toBe(4);
    expect(await ticksOf(roomy)).toEqual([0, 1, 1, 2]);
    await roomy.close();
  });

  it("keeps its write-ahead file short, whoever has stopped reading in the middle", async () => {
    const directory = newDirectory();
    const store = new SqliteStore(directory);
    const epoch = await store.claim(0);
    await store.append(0, epoch, 0, [entry(0), entry(1)]);
    for await (const { seq } of store.read(0)) if (seq === 1) break;
    for (let seq = 2; seq < 202; seq += 1) {
      await store.append(0, epoch, seq, [entry(seq, "x".repeat(200_000))]);
      await new Promise((turned) => setImmediate(turned));
    }
    expect(statSync(fileOf(directory)).size).toBeGreaterThan(20e6);
    expect(statSync(`${fileOf(directory)}-wal`).size).toBeLessThan(10e6);
    await store.close();
  });

  it("says where there is no state, and where none can be made", async () => {
    const isReadOnly = true;
    expect(() => new SqliteStore(newDirectory(), { isReadOnly })).toThrow(
      expect.objectContaining({ code: "CE_STATE_MISSING" }),
    );
    const file = newDirectory();
    writeFileSync(file, "");
    expect(() => new SqliteStore(file)).toThrow(expect.objectContaining({ code: "CE_STATE_UNWRITABLE" }));
  });

  it.skipIf(process.getuid?.() === 0)("refuses a directory that it may not write to", async () => {
    const directory = await written(1);
    chmodSync(directory, 0o555);
    expect(() => new SqliteStore(directory)).toThrow(expect.objectContaining({ code: "CE_STATE_UNWRITABLE" }));
    chmodSync(directory, 0o755);
  });
});
