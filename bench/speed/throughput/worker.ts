/** A flight of one contestant: sends decisions per CPU second. Arguments: contestant and world as JSON. */
import { fly } from "../flights.ts";
import { benchWorld } from "../world.ts";
import type { Contestant } from "./contestants.ts";

const [contestant, size] = process.argv.slice(2);
const { policy, platforms, log } = JSON.parse(contestant) as Contestant;
const { campaigns, ticks } = JSON.parse(size) as { readonly campaigns: number; readonly ticks: number };

const { engine } = await fly(benchWorld(campaigns, ticks, policy, platforms), {
  log,
  warmupTicks: Math.floor(ticks / 2),
});
process.send!(1e6 / engine);
