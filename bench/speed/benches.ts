/** The speed benches by name, and how large they are. */
import { forecast } from "./forecast.ts";
import { inspector } from "./inspector.ts";
import { journal } from "./journal.ts";
import { ledger } from "./ledger.ts";
import { lifecycle } from "./lifecycle.ts";
import { decide } from "./policies.ts";
import { pool } from "./pool.ts";
import { throughput } from "./throughput/throughput.ts";
import type { Figure, Sizes } from "./timing.ts";
import { memory, scale, threads } from "./whole-engine.ts";

/** Every bench; each gets a process of its own. */
export const BENCHES: Readonly<Record<string, (sizes: Sizes) => Figure[] | Promise<Figure[]>>> = {
  lifecycle,
  pool,
  forecast,
  decide,
  ledger,
  throughput,
  scale,
  threads,
  inspector,
  journal,
  memory,
};

/** What is committed. */
export const FULL: Sizes = {
  campaigns: 10_000,
  fewCampaigns: 1_000,
  manyCampaigns: 100_000,
  ticks: 200,
  rounds: 7,
  repeats: 200_000,
};
/** For a look: a sixth of the time, noisier. */
export const QUICK: Sizes = {
  campaigns: 2_000,
  fewCampaigns: 500,
  manyCampaigns: 10_000,
  ticks: 100,
  rounds: 3,
  repeats: 50_000,
};
