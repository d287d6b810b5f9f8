/** `campaign-engine inspect`: the statecharts of a simulation, live in the browser, with time under control. */
import { Command } from "commander";
import { machines } from "../../machines/index.ts";
import { TimeControl } from "../server/time-control.ts";
import { parsePort, serve } from "./serve.ts";
import { parsePeriod, parseSeed } from "./simulate.ts";

interface InspectOptions {
  readonly every: number;
  readonly port: number;
  readonly seed?: number;
  readonly play?: boolean;
  readonly json?: boolean;
}

/** The `inspect` command. */
export function inspectCommand(): Command {
  return new Command("inspect")
    .summary("look at the statecharts of a running simulation in the browser")
    .description(
      "Opens a page, on this machine alone, with every statechart drawn and alive: play, pause and step time, pick an actor, send it events.",
    )
    .addHelpText(
      "before",
      `Examples:
  campaign-engine inspect                       the preset calm-day, paused at its first tick
  campaign-engine inspect storm --play --every 200ms
  campaign-engine inspect portfolio             that statechart alone, driven by hand
`,
    )
    .argument("[scenario or statechart]", "scenario file, name of a preset, or name of a statechart", "calm-day")
    .option("--play", "let time go on at once, instead of beginning paused")
    .option("--every <duration>", "a tick every so often while it plays", parsePeriod, 500)
    .option("--port <number>", "port to listen on; 0 takes a free one", parsePort, 0)
    .option("--seed <number>", "play with this seed instead of the scenario's", parseSeed)
    .option("--json", "say where the page is as one line of JSON")
    .action(async (what: string, { every, port, seed, play = false, json }: InspectOptions) => {
      const isChart = machines.some(({ name }) => name === what);
      const time = new TimeControl({ isPlaying: play, everyMs: every });
      const page = `inspector#chart=${isChart ? `${what}&alone=` : "campaign"}`;
      const options = {
        demo: true,
        every,
        port,
        host: "127.0.0.1",
        allowHost: [],
        drain: 100,
        metricsPerCampaign: 0,
        threads: 1,
      };
      const given = { ...(seed === undefined ? {} : { seed }), ...(json === undefined ? {} : { json }) };
      await serve(isChart ? "calm-day" : what, { ...options, ...given }, { time, page });
    });
}
