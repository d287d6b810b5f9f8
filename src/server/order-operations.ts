/** Operations that change something: campaigns, kill switches. Every one is on record with who, when and why. */
import type { CampaignSpec } from "../core/campaign.ts";
import type { OperatorAction } from "../core/operator.ts";
import type { KillSwitchAnswer } from "../observe/frames.ts";
import type { LiveRun } from "./live-run.ts";
import { operation } from "./operation.ts";
import type { Operation } from "./operation.ts";
import { Problem } from "./problem.ts";
import { campaignPath, endOrder, killSwitch, newCampaign, plainOrder, topUpOrder } from "./schemas.ts";
import type { NewCampaign } from "./schemas.ts";

const onCampaign = (
  verb: "pause" | "resume",
  action: Extract<OperatorAction, "campaign.pause" | "campaign.resume">,
  summary: string,
) =>
  operation({
    method: "post",
    path: `/v1/campaigns/{id}/${verb}`,
    summary,
    params: campaignPath,
    body: plainOrder,
    answer: "The campaign, as a CampaignRow with its past.",
    handle: async ({ params, body }, run) => {
      const slot = run.slotOf(params.id);
      await run.order({ action, slot }, body);
      return run.view.campaign(slot);
    },
  });

/** The operations that change something. */
export const orderOperations: readonly Operation[] = [
  operation({
    method: "post",
    path: "/v1/campaigns",
    summary: "Creates a campaign, which begins to bid with the next tick of its flight.",
    body: newCampaign,
    answer: "The campaign, as a CampaignDetail.",
    status: 201,
    handle: async ({ body }, run) => {
      const campaign = specOf(body, run);
      const slot = await run.order({ action: "campaign.create", campaign }, body);
      return run.view.campaign(slot!);
    },
  }),
  onCampaign("pause", "campaign.pause", "Pauses a campaign: it does not bid until it is resumed."),
  onCampaign("resume", "campaign.resume", "Lets a paused or quarantined campaign go on."),
  operation({
    method: "post",
    path: "/v1/campaigns/{id}/top-up",
    summary: "Adds to a campaign's budget.",
    params: campaignPath,
    body: topUpOrder,
    answer: "The campaign, as a CampaignDetail.",
    handle: async ({ params, body }, run) => {
      const slot = run.slotOf(params.id);
      const { micros, key } = body;
      const once = key === undefined ? undefined : `${params.id} ${key}`;
      await run.order({ action: "campaign.top-up", slot, micros }, body, once);
      return run.view.campaign(slot);
    },
  }),
  operation({
    method: "post",
    path: "/v1/campaigns/{id}/end",
    summary: "Ends a campaign for good: it never bids again, and what is out is settled.",
    params: campaignPath,
    body: endOrder,
    answer: "The campaign, as a CampaignDetail.",
    handle: async ({ params, body }, run) => {
      const slot = run.slotOf(params.id);
      await run.order({ action: "campaign.end", slot }, body);
      return run.view.campaign(slot);
    },
  }),
  operation({
    method: "get",
    path: "/v1/kill-switch",
    summary: "The kill switches that are engaged.",
    answer: "A KillSwitchAnswer.",
    handle: (_, run) => switches(run),
  }),
  operation({
    method: "put",
    path: "/v1/kill-switch",
    summary: "Engages or releases the kill switch of one campaign, one platform, or everything.",
    body: killSwitch,
    answer: "The kill switches that are engaged.",
    handle: async ({ body }, run) => {
      const { engaged } = body;
      if (body.scope === "all") await run.order({ action: engaged ? "engine.pause" : "engine.resume" }, body);
      else if (body.scope === "platform") {
        const platform = run.platformOf(body.id);
        await run.order({ action: engaged ? "platform.close" : "platform.open", platform }, body);
      } else {
        const slot = run.slotOf(body.id);
        await run.order({ action: engaged ? "campaign.pause" : "campaign.resume", slot }, body);
      }
      return switches(run);
    },
  }),
];

function switches(run: LiveRun): KillSwitchAnswer {
  const { platforms, stoppedBecause } = run.frame().value;
  const closed = platforms.flatMap(({ id, closedBecause }) =>
    closedBecause === null ? [] : [{ id, why: closedBecause }],
  );
  return { all: stoppedBecause, platforms: closed };
}

function specOf(wanted: NewCampaign, run: LiveRun): CampaignSpec {
  run.assertStarted();
  if (run.engine.ledger.size >= run.maxCampaigns) {
    throw new Problem("order.refused", `There is room for ${run.maxCampaigns} campaigns.`);
  }
  const { platforms, goals, startTick = run.engine.nextTick, endTick = run.engine.ticks } = wanted;
  if (endTick <= startTick) {
    throw new Problem("request.invalid", "The flight ends before it starts.", { field: "endTick" });
  }
  if (endTick > run.engine.ticks) {
    throw new Problem("request.invalid", `The engine runs until tick ${run.engine.ticks}.`, { field: "endTick" });
  }
  const maxBidMicros = wanted.maxBidMicros ?? Number.MAX_SAFE_INTEGER;
  if (wanted.minBidMicros > maxBidMicros) {
    throw new Problem("request.invalid", "The lowest bid is above the highest.", { field: "minBidMicros" });
  }
  const indices =
    platforms === undefined ? [...run.market.platforms.keys()] : platforms.map((id) => run.platformOf(id));
  const { impressions = null, clicks = null, conversions = null } = goals;
  return {
    id: wanted.id,
    portfolio: wanted.portfolio ?? run.view.defaults.portfolio,
    budgetMicros: wanted.budgetMicros,
    dailyBudgetMicros: wanted.dailyBudgetMicros ?? null,
    flight: { startTick, endTick },
    valuePerConversionMicros: wanted.valuePerConversionMicros,
    goals: { impressions, clicks, conversions },
    cpaTargetMicros: wanted.cpaTargetMicros ?? null,
    platforms: [...new Set(indices)].sort((a, b) => a - b),
    minBidMicros: wanted.minBidMicros,
    maxBidMicros,
    policy: wanted.policy,
    forecaster: wanted.forecaster ?? run.view.defaults.forecaster,
    wasteAversion: wanted.wasteAversion,
    wasteAllowance: wanted.wasteAllowance,
  };
}
