/**
 * A policy of your own, as a module: bids nine tenths of what a click is worth wherever that is more than it costs, with an even part of
 * what is left as its cap. In a project of yours, import the types from "campaign-engine".
 */
import type { Candidate, Decision } from "../../core/decision.ts";
import type { Policy, PolicyInput } from "../../core/policy/policy.ts";

/** Share of a click's value that is bid. */
const SHADING = 0.9;

function decide({ tick, spec, platforms, board, account }: PolicyInput): Decision {
  const open = spec.platforms.filter((platform) => board.evidence[platform] > 0);
  const candidates = open.map((platform): Candidate => {
    const { floorMicros, overDeliveryFactor } = platforms[platform];
    const [cvr, cpcMicros] = [board.cvr[platform], board.cpcMicros[platform]];
    const worthMicros = cvr * spec.valuePerConversionMicros;
    const wantedMicros = Math.min(Math.round(SHADING * worthMicros), spec.maxBidMicros);
    // What all caps together may come to is what is available now, over-delivery included.
    const capMicros = Math.floor(account.availableMicros / open.length / overDeliveryFactor);
    const isBid = wantedMicros >= Math.max(1, floorMicros, spec.minBidMicros, cpcMicros) && capMicros >= cpcMicros;
    return {
      platform,
      cvr,
      cvrRelSd: board.cvrRelSd[platform],
      cpcMicros,
      roiMicros: worthMicros - cpcMicros,
      marginalMicros: worthMicros,
      bidMicros: isBid ? wantedMicros : 0,
      capMicros: isBid ? capMicros : 0,
      verdict: isBid ? "bid" : "below-price",
    };
  });
  const about = { tick, binding: "none", gammaMicros: 0, candidates } as const;
  if (account.availableMicros === 0) return { ...about, kind: "exhausted", reason: "exhausted.budget" };
  const isBid = candidates.some(({ bidMicros }) => bidMicros > 0);
  return isBid
    ? { ...about, kind: "bid", reason: "bid.placed" }
    : { ...about, kind: "hold", reason: "hold.unprofitable" };
}

const steadyBids: Policy<null> = {
  name: "steady-bids",
  description: "Nine tenths of a click's value, wherever that is more than it costs.",
  create: () => null,
  decide: (input, memory) => ({ decision: decide(input), memory }),
  learn: (_, memory) => memory,
};

export default steadyBids;
