/** Every mutant: the proof that the proofs can fail. */
import { ACTORS } from "./actors.ts";
import { SUPERVISION } from "./supervision.ts";
import { THREADS } from "./threads.ts";
import { SERVICE } from "./service.ts";
import { DECISIONS } from "./decisions.ts";
import { JOURNAL } from "./journal.ts";
import { MONEY } from "./money.ts";
import type { Mutant } from "./mutant.ts";

/** All faults that property, model and simulation tests must notice. */
export const MUTANTS: readonly Mutant[] = [
  ...MONEY,
  ...ACTORS,
  ...SUPERVISION,
  ...THREADS,
  ...DECISIONS,
  ...SERVICE,
  ...JOURNAL,
];
