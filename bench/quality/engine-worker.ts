/** The engines' thread: flies every contender on the brief that the market sends. Worlds, paths and scores are never in it. */
import { workerData } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";
import type { Contender, FlightBrief } from "./brief.ts";
import { flyAll } from "./flight.ts";
import { Side, Wire } from "./wire.ts";

const { contenders, market } = workerData as {
  readonly contenders: readonly Contender[];
  readonly market: MessagePort;
};

market.on("message", ({ brief, memory }: { readonly brief: FlightBrief; readonly memory: SharedArrayBuffer }) => {
  const wire = new Wire(memory, Side.engines);
  flyAll(brief, contenders, wire.sheet, () => {
    wire.pass();
    wire.await();
  });
});
