/** `simulate --compare`: a policy against an equal split and the greedy rule, on the same seeds. */
import { SingleBar } from "cli-progress";
import { meanInterval } from "../core/comparison.ts";
import type { MeanInterval } from "../core/comparison.ts";
import { formatMoney } from "../core/money.ts";
import type { Policy } from "../core/policy/policy.ts";
import { play, withPolicy } from "./run.ts";
import type { RunPlan } from "./run.ts";

const CONTROL = "equal-split";
const RIVALS: readonly string[] = [CONTROL, "greedy-roi"];

/** One policy over all seeds. Net value is true expected value − invoiced cost [micros]. */
export interface ComparedPolicy {
  readonly policy: string;
  /** By seed. */
  readonly netMicros: readonly number[];
  readonly meanNetMicros: number;
  /** Its net value − that of the equal split, seed by seed; null for the equal split itself. */
  readonly overEqualSplit: MeanInterval | null;
  /** True where the whole 95 % interval lies above 0; null for the equal split, and with one seed alone. */
  readonly beatsEqualSplit: boolean | null;
}

/** A comparison: plain JSON. */
export interface Comparison {
  readonly seeds: readonly number[];
  readonly currency: string;
  readonly policies: readonly ComparedPolicy[];
}

/**
 * Plays the chosen policy (null: as the campaigns declare) and its rivals on every seed.
 * @param planOf the plan of a seed, the same for every policy
 * @param onRun called after every run with their number
 */
export async function compare(
  planOf: (seed: number) => RunPlan,
  seeds: readonly number[],
  chosen: string | Policy | null,
  onRun: (runs: number) => void = () => undefined,
): Promise<Comparison> {
  const own = typeof chosen === "string" || chosen === null ? (chosen ?? "as declared") : chosen.name;
  const names = [...new Set([own, ...RIVALS])];
  const nets = new Map(names.map((name): [string, number[]] => [name, []]));
  let currency = "";
  let runs = 0;
  for (const seed of seeds) {
    const plan = planOf(seed);
    ({ currency } = plan.config);
    for (const name of names) {
      const { trueNetMicros } = await play(
        name === "as declared" ? plan : withPolicy(plan, name === own ? (chosen ?? name) : name),
        {
          label: name,
          logLevel: "changes",
          signal: new AbortController().signal,
          hasProgress: false,
        },
      );
      nets.get(name)!.push(trueNetMicros);
      onRun((runs += 1));
    }
  }
  const control = nets.get(CONTROL)!;
  const policies = names.map((policy): ComparedPolicy => {
    const netMicros = nets.get(policy)!;
    const meanNetMicros = netMicros.reduce((sum, net) => sum + net, 0) / seeds.length;
    const overEqualSplit =
      policy === CONTROL
        ? null
        : meanInterval(
            netMicros.map((net, at) => net - control[at]),
            seeds[0],
          );
    const low = overEqualSplit?.low ?? null;
    return { policy, netMicros, meanNetMicros, overEqualSplit, beatsEqualSplit: low === null ? null : low > 0 };
  });
  return { seeds, currency, policies };
}

/** Compares with a progress bar over the runs, and prints the outcome. */
export async function compareAndPrint(
  planOf: (seed: number) => RunPlan,
  seeds: readonly number[],
  chosen: string | Policy | null,
  { json, progress }: { readonly json?: boolean; readonly progress: boolean },
): Promise<void> {
  const bar =
    progress && process.stderr.isTTY
      ? new SingleBar({
          format: "{bar} {value}/{total} runs | {eta_formatted} left",
          stream: process.stderr,
          clearOnComplete: true,
        })
      : null;
  bar?.start(seeds.length * new Set([chosen ?? "as declared", ...RIVALS]).size, 0);
  let comparison: Comparison;
  try {
    comparison = await compare(planOf, seeds, chosen, (runs) => bar?.update(runs));
  } finally {
    bar?.stop();
  }
  process.stdout.write(json === true ? `${JSON.stringify(comparison, null, 2)}\n` : describe(comparison));
}

function describe({ seeds, currency, policies }: Comparison): string {
  const money = (micros: number) => formatMoney(micros, currency);
  const lines = [
    `Mean net value over ${seeds.length} seeds from ${seeds[0]}, and what it is above an equal split (95 % interval)`,
    "",
  ];
  for (const { policy, meanNetMicros, overEqualSplit: over } of policies) {
    const interval = over?.low == null || over.high === null ? "" : ` (${money(over.low)} to ${money(over.high)})`;
    lines.push(
      `${policy.padEnd(16)} ${money(meanNetMicros).padStart(18)}  ${over === null ? "" : `${money(over.mean)}${interval}`}`.trimEnd(),
    );
  }
  const beaten = policies.filter(({ beatsEqualSplit }) => beatsEqualSplit === false);
  for (const { policy } of beaten)
    lines.push("", `!!! ${policy} DOES NOT BEAT AN EQUAL SPLIT: its interval is not above 0.`);
  if (seeds.length < 2) lines.push("", "One seed alone says nothing about chance: take --seeds 2 or more.");
  return `${lines.join("\n")}\n`;
}
