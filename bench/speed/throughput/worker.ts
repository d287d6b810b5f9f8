/** One contestant in a process of its own, as an engine has it: answers each message by a flight's decisions per CPU second. Arguments: contestant and world as JSON. */
import { fly } from "../flights.ts";
import { benchWorld } from "../world.ts";
import type { Contestant } from "./contestants.ts";

const [contestant, size] = process.argv.slice(2);
const { policy, platforms, log } = JSON.parse(contestant) as Contestant;
const { campaigns, ticks } = JSON.parse(size) as { readonly campaigns: number; readonly ticks: number };
const world = benchWorld(campaigns, ticks, policy, platforms);

process.on("message", () => {
  void fly(world, { log }).then(({ engine }) => process.send!(1e6 / engine));
});
