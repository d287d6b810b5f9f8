/** `npm run test:mutants`: plants each fault in a copy of the project, and prints which generated and property tests notice it. */
import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { SingleBar } from "cli-progress";
import Table from "cli-table3";
import { Command } from "commander";
import { plant } from "./mutant.ts";
import type { Mutant } from "./mutant.ts";
import { MUTANTS } from "./mutants.ts";

/** A test that failed. */
interface Failure {
  readonly file: string;
  readonly test: string;
}

/** What became of a mutant. Where no test could be run on it, `error` says why. */
interface Outcome {
  readonly mutant: Mutant;
  readonly killedBy: readonly Failure[];
  readonly error: string | null;
  readonly timeMs: number;
}

/** What is read of Vitest's JSON report. */
interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** What a copy of the project does without. */
const LEFT_OUT = [".git", "node_modules", "dist", "coverage"];
/** Two tests prove nothing here: golden hashes notice any change, good or bad, and a run of a thousand campaigns only takes longer. */
const TEST_NAMES = "^(?!.*(the bytes it always gave|with 1,000 campaigns))";
const WORKERS = 2;
/** A mutant whose tests do not end in this time is not counted as killed [ms]. */
const PATIENCE_MS = 120_000;

const program = new Command("test:mutants")
  .description("Plants faults one at a time and demands that property, model or simulation tests notice each.")
  .option("--only <text>", "mutants whose name contains this text", "")
  .option("--json", "print the outcomes as JSON");
const options = program.parse().opts<{ readonly only: string; readonly json?: boolean }>();
const chosen = MUTANTS.filter(({ name }) => name.includes(options.only));
if (chosen.length === 0) program.error(`no mutant's name contains "${options.only}"`, { exitCode: 2 });

const copies: string[] = [];
process.on("exit", () => {
  for (const copy of copies) rmSync(copy, { recursive: true, force: true });
});
process.on("SIGINT", () => process.exit(130));
for (let worker = 0; worker < WORKERS; worker += 1) copies.push(copyOfProject());

const unmutated = await failuresOf(copies[0], [...new Set(chosen.flatMap(({ killers }) => killers))]);
if (unmutated.error !== null || unmutated.failures.length > 0) {
  const why = unmutated.error ?? unmutated.failures.map(({ file, test }) => `  ${file}: ${test}`).join("\n");
  process.stderr.write(`The tests are not green on the project as it is:\n${why}\n`);
  process.exit(1);
}
const outcomes = await playAll();
process.stdout.write(options.json === true ? `${JSON.stringify(outcomes.map(flat), null, 2)}\n` : render(outcomes));
process.exitCode = outcomes.every(isKilled) ? 0 : 1;

function copyOfProject(): string {
  const copy = mkdtempSync(join(tmpdir(), "mutants-"));
  cpSync(ROOT, copy, { recursive: true, filter: (path) => !LEFT_OUT.includes(relative(ROOT, path)) });
  symlinkSync(join(ROOT, "node_modules"), join(copy, "node_modules"));
  return copy;
}

/** Deals the mutants out to the copies; outcomes stand in the order of the list. */
async function playAll(): Promise<Outcome[]> {
  const results: Outcome[] = [];
  const bar = new SingleBar({ format: "{bar} {value}/{total} mutants | {eta_formatted} left", stream: process.stderr });
  if (process.stderr.isTTY) bar.start(chosen.length, 0);
  let next = 0;
  const work = async (copy: string) => {
    for (let mine = next++; mine < chosen.length; mine = next++) {
      results[mine] = await tryOut(chosen[mine], copy);
      bar.increment();
    }
  };
  await Promise.all(copies.map(work));
  bar.stop();
  return results;
}

async function tryOut(mutant: Mutant, copy: string): Promise<Outcome> {
  const startedMs = performance.now();
  const path = join(copy, mutant.file);
  const source = readFileSync(path, "utf8");
  try {
    writeFileSync(path, plant(mutant, source));
    const { failures, error } = await failuresOf(copy, mutant.killers);
    return { mutant, killedBy: failures, error, timeMs: performance.now() - startedMs };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { mutant, killedBy: [], error: error.message, timeMs: performance.now() - startedMs };
  } finally {
    writeFileSync(path, source);
  }
}

/** Runs test files in a copy and tells which tests failed; a file that failed as a whole is an error unless tests failed too. */
function failuresOf(
  copy: string,
  files: readonly string[],
): Promise<{ failures: readonly Failure[]; error: string | null }> {
  const vitest = join(copy, "node_modules/vitest/vitest.mjs");
  const output = join(copy, "report.json");
  const reporting = ["--reporter=json", `--outputFile=${output}`];
  const args = [vitest, "run", ...files, ...reporting, `--testNamePattern=${TEST_NAMES}`, "--maxWorkers=1"];
  rmSync(output, { force: true });
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      args,
      { cwd: copy, timeout: PATIENCE_MS, killSignal: "SIGKILL", maxBuffer: 2 ** 28 },
      (ended, stdout, stderr) => {
        if (ended?.killed === true) return resolve({ failures: [], error: "the tests did not end" });
        if (!existsSync(output)) return resolve({ failures: [], error: `no report: ${stdout}${stderr}`.trim() });
        const { testResults } = JSON.parse(readFileSync(output, "utf8")) as Report;
        const failures = testResults.flatMap(({ name, assertionResults }) =>
          assertionResults
            .filter(({ status }) => status === "failed")
            .map(({ fullName }) => ({ file: relative(copy, name), test: fullName })),
        );
        const broken = testResults.find(({ status }) => status === "failed");
        const error = failures.length > 0 || broken === undefined ? null : `${broken.name}: ${broken.message}`;
        return resolve({ failures, error });
      },
    );
  });
}

function isKilled({ killedBy, error }: Outcome): boolean {
  return killedBy.length > 0 && error === null;
}

function flat({ mutant, killedBy, error, timeMs }: Outcome): object {
  return { name: mutant.name, breaks: mutant.breaks, file: mutant.file, killedBy, error, timeMs: Math.round(timeMs) };
}

function render(rows: readonly Outcome[]): string {
  const table = new Table({
    head: ["mutant", "breaks", "killed by", "s"],
    colWidths: [36, 26, 76, 6],
    colAligns: ["left", "left", "left", "right"],
    wordWrap: true,
    style: { head: [], border: [] },
  });
  for (const row of rows) {
    table.push([row.mutant.name, row.mutant.breaks, verdict(row), (row.timeMs / 1000).toFixed(1)]);
  }
  const killed = rows.filter(isKilled).length;
  return `${table.toString()}\n${killed} of ${rows.length} mutants killed.\n`;
}

/** The first two tests that noticed, and how many more did. */
function verdict({ killedBy, error }: Outcome): string {
  if (error !== null) return `ERROR ${error}`;
  if (killedBy.length === 0) return "SURVIVED";
  const names = killedBy.slice(0, 2).map(({ file, test }) => `${file.replace("test/", "")}: ${test}`);
  return [...names, ...(killedBy.length > 2 ? [`and ${killedBy.length - 2} more`] : [])].join("\n");
}
