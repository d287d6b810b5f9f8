/** The tables of the SQLite file, and how older files are brought up to date. */

/** "CEng" in ASCII: marks the file as one of this program's. */
export const APPLICATION_ID = 0x43_45_6e_67;

/** What makes a file of version n one of version n + 1, in order; an empty file has version 0. */
export const MIGRATIONS: readonly string[] = [
  `CREATE TABLE shards (
     shard INTEGER PRIMARY KEY,
     epoch INTEGER NOT NULL,
     seq INTEGER NOT NULL DEFAULT 0,
     sum INTEGER NOT NULL DEFAULT 0,
     forgotten INTEGER NOT NULL DEFAULT 0,
     forgotten_sum INTEGER NOT NULL DEFAULT 0
   ) STRICT;
   CREATE TABLE entries (
     id INTEGER PRIMARY KEY,
     epoch INTEGER NOT NULL,
     kind INTEGER NOT NULL,
     tick INTEGER NOT NULL,
     sum INTEGER NOT NULL,
     bytes BLOB NOT NULL
   ) STRICT;`,
  `CREATE TABLE snapshots (
     shard INTEGER NOT NULL,
     seq INTEGER NOT NULL,
     tick INTEGER NOT NULL,
     sum INTEGER NOT NULL,
     bytes BLOB NOT NULL,
     PRIMARY KEY (shard, seq)
   ) STRICT;
   CREATE TABLE campaigns (
     shard INTEGER NOT NULL,
     slot INTEGER NOT NULL,
     campaign TEXT NOT NULL,
     budget_micros INTEGER NOT NULL,
     spent_micros INTEGER NOT NULL,
     reserved_micros INTEGER NOT NULL,
     disputed_micros INTEGER NOT NULL,
     as_of_tick INTEGER NOT NULL,
     as_of_seq INTEGER NOT NULL,
     PRIMARY KEY (shard, slot)
   ) STRICT;`,
];
