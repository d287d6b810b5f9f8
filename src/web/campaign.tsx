/** One campaign: where its money went, what it decided and why, and what more would buy. */
import { useMemo } from "preact/hooks";
import type { CampaignDetail, DashboardFrame, DecisionFrame, ParetoFrame } from "../observe/frames.ts";
import { useAsked } from "./asked.ts";
import { Chart } from "./chart.tsx";
import { confirm } from "./dialog.tsx";
import { clock, count, figure, money, NONE, percent, shortMoney } from "./format.ts";
import { paceTone } from "./overview.tsx";
import { Card, Meter, State, STATE_MEANINGS, Tile } from "./parts.tsx";

/** The page. */
export function Campaign({ id, frame }: { readonly id: string; readonly frame: DashboardFrame }) {
  const at = `/v1/campaigns/${encodeURIComponent(id)}`;
  const { value: one, trouble } = useAsked<CampaignDetail>(at, 900);
  const { value: pareto } = useAsked<ParetoFrame | null>(`${at}/pareto`, 3_000);
  if (one === null) {
    return (
      <main>
        <Back />
        <p class="empty">{trouble ?? "Loading…"}</p>
      </main>
    );
  }
  const { currency } = frame;
  const used = one.limitMicros === 0 ? 0 : one.usedMicros / one.limitMicros;
  return (
    <main>
      <div class="actions">
        <Back />
        <span class="grow" />
        <Controls one={one} currency={currency} />
      </div>
      <div class="actions">
        <h1>{one.id}</h1> <State state={one.state} />
        <span class="muted">{one.heldBecause === null ? STATE_MEANINGS[one.state] : one.heldBecause}</span>
      </div>
      {trouble === null ? null : (
        <p class="banner caution" role="alert">
          {trouble}
        </p>
      )}
      <div class="tiles">
        <Tile
          name="Spent"
          value={shortMoney(one.spentMicros, currency)}
          note={`${money(one.reservedMicros, currency)} reserved`}
        />
        <Tile
          name={one.dailyBudgetMicros === null ? "Budget" : "Budget of the day"}
          value={shortMoney(one.limitMicros, currency)}
          note={`${percent(used)} spent or reserved`}
        />
        <Tile
          name="Pace"
          value={percent(one.pace)}
          note={`plan ${shortMoney(one.planMicros, currency)}`}
          tone={paceTone(one.pace)}
        />
        <Tile name="Conversions" value={count(one.conversions)} note={`${count(one.clicks)} clicks`} />
        <Tile
          name="Cost per conversion"
          value={money(one.cpaMicros, currency)}
          note={`worth ${money(one.valuePerConversionMicros, currency)}${one.cpaTargetMicros === null ? "" : `, target ${money(one.cpaTargetMicros, currency)}`}`}
          tone={
            one.cpaMicros === null
              ? ""
              : one.cpaMicros > (one.cpaTargetMicros ?? one.valuePerConversionMicros)
                ? "bad"
                : "good"
          }
        />
      </div>
      <div class="columns">
        <Pacing one={one} frame={frame} />
        <Pareto curve={pareto} currency={currency} />
        <PlatformsOf one={one} currency={currency} />
        <History one={one} frame={frame} />
      </div>
      <Decisions one={one} currency={currency} />
    </main>
  );
}

function Back() {
  return <a href="#/">← All campaigns</a>;
}

function Controls({ one, currency }: { readonly one: CampaignDetail; readonly currency: string }) {
  const at = `/v1/campaigns/${encodeURIComponent(one.id)}`;
  if (one.state === "ended") return <span class="muted">Ended: it never bids again.</span>;
  const isHeld = one.state === "paused" || one.state === "quarantined";
  return (
    <span class="actions">
      <button
        type="button"
        class="button"
        onClick={() =>
          confirm({
            title: `Top up ${one.id}`,
            text: "Adds to its budget at once. Budgets are never lowered.",
            verb: "Top up",
            currency,
            method: "POST",
            path: `${at}/top-up`,
            body: {},
          })
        }
      >
        Top up…
      </button>
      <button
        type="button"
        class="button"
        onClick={() =>
          confirm(
            isHeld
              ? {
                  title: `Resume ${one.id}`,
                  text: "It bids again from the next tick on, with a clean record of failures.",
                  verb: "Resume",
                  method: "POST",
                  path: `${at}/resume`,
                  body: {},
                }
              : {
                  title: `Pause ${one.id}`,
                  text: "It places no more bids until it is resumed. Bids that are out are still settled.",
                  verb: "Pause",
                  method: "POST",
                  path: `${at}/pause`,
                  body: {},
                },
          )
        }
      >
        {isHeld ? "Resume…" : "Pause…"}
      </button>
      <button
        type="button"
        class="button danger"
        onClick={() =>
          confirm({
            title: `End ${one.id}`,
            text: "It never bids again. This cannot be undone.",
            verb: "End for good",
            isDangerous: true,
            needsReason: true,
            method: "POST",
            path: `${at}/end`,
            body: {},
          })
        }
      >
        End…
      </button>
    </span>
  );
}

function Pacing({ one, frame }: { readonly one: CampaignDetail; readonly frame: DashboardFrame }) {
  const { currency, tickMs, timeMs, tick } = frame;
  const series = useMemo(() => {
    const past = one.decisions.toReversed();
    const timeOf = (at: number) => timeMs - (tick - at) * tickMs;
    const x = past.map((decision) => timeOf(decision.tick));
    const span = Math.max(1, one.endTick - one.startTick);
    const planAt = (at: number) => (one.budgetMicros * Math.min(1, Math.max(0, (at - one.startTick) / span))) / 1e6;
    return {
      x,
      lines: [
        { name: "spent", colour: "--c0", values: past.map(({ spentMicros }) => spentMicros / 1e6), isStepped: true },
        {
          name: "with reservations",
          colour: "--c5",
          values: past.map(({ spentMicros, reservedMicros }) => (spentMicros + reservedMicros) / 1e6),
          isStepped: true,
        },
        { name: "plan", colour: "--muted", values: past.map((decision) => planAt(decision.tick)), isDashed: true },
      ],
    };
  }, [one.decisions[0]?.id]);
  return (
    <Card title="Pacing" note="spend against an even plan, over the last decisions">
      {series.x.length < 2 ? (
        <p class="empty">The chart begins with the next decisions.</p>
      ) : (
        <Chart
          label={`Spend of ${one.id} against plan`}
          {...series}
          showX={clock}
          showY={(value) => shortMoney(value * 1e6, currency)}
        />
      )}
    </Card>
  );
}

function Pareto({ curve, currency }: { readonly curve: ParetoFrame | null; readonly currency: string }) {
  const series = useMemo(() => {
    if (curve === null) return null;
    const all = [...curve.points, curve.operating].sort((a, b) => a.spendMicros - b.spendMicros);
    const here = curve.operating;
    return {
      x: all.map(({ spendMicros }) => spendMicros / 1e6),
      lines: [
        { name: "conversions", colour: "--c0", values: all.map(({ conversions }) => conversions) },
        {
          name: "here",
          colour: "--c1",
          values: all.map((point) => (point === here ? point.conversions : null)),
          isDots: true,
        },
      ],
    };
  }, [curve]);
  return (
    <Card title="What more money would buy" note="expected conversions over spend, for the rest of the flight">
      {series === null || curve === null ? (
        <p class="empty">This policy knows no such curve, or the campaign does not run.</p>
      ) : (
        <>
          <Chart
            label="Expected conversions over spend"
            {...series}
            showX={(value) => shortMoney(value * 1e6, currency)}
            showY={(value) => figure(value)}
          />
          <p class="muted small">
            At {money(curve.operating.gammaMicros, currency)} per further conversion it expects{" "}
            {figure(curve.operating.conversions)} conversions for {money(curve.operating.spendMicros, currency)}, of
            which {money(curve.operating.wasteMicros, currency)} on clicks that prove too dear.
          </p>
        </>
      )}
    </Card>
  );
}

function PlatformsOf({ one, currency }: { readonly one: CampaignDetail; readonly currency: string }) {
  const last = one.decisions[0];
  const spent = new Map(one.spentByPlatform.map(({ platform, spentMicros }) => [platform, spentMicros]));
  return (
    <Card title="Platforms" note="as the last decision saw them; ROI = CVR × value − CPC, per click">
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th class="left">Platform</th>
              <th class="left">Share of spend</th>
              <th>CVR</th>
              <th>CPC</th>
              <th>ROI</th>
              <th>Bid</th>
            </tr>
          </thead>
          <tbody>
            {one.platforms.map((platform) => {
              const seen = last?.candidates.find((candidate) => candidate.platform === platform);
              const share = one.spentMicros === 0 ? 0 : (spent.get(platform) ?? 0) / one.spentMicros;
              return (
                <tr key={platform}>
                  <td class="left">{platform}</td>
                  <td class="left">
                    <Meter value={share} label={`${percent(share)} of its spend`} />{" "}
                    <span class="muted small">{percent(share)}</span>
                  </td>
                  <td>{seen === undefined ? NONE : percent(seen.cvr, 2)}</td>
                  <td>{money(seen?.cpcMicros ?? null, currency)}</td>
                  <td class={seen === undefined ? "" : seen.roiMicros > 0 ? "good" : "bad"}>
                    {money(seen?.roiMicros ?? null, currency)}
                  </td>
                  <td>
                    {seen === undefined ? NONE : seen.bidMicros === 0 ? seen.verdict : money(seen.bidMicros, currency)}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </Card>
  );
}

function History({ one, frame }: { readonly one: CampaignDetail; readonly frame: DashboardFrame }) {
  const { tick, tickMs, timeMs } = frame;
  const changes = one.history;
  if (changes.length === 0) {
    return (
      <Card title="States">
        <p class="empty">No change of state yet.</p>
      </Card>
    );
  }
  const fromTick = changes[0].tick;
  const spans = changes.map((change, index) => ({
    ...change,
    ticks: Math.max(0.4, (changes[index + 1]?.tick ?? tick + 1) - change.tick),
  }));
  const all = spans.reduce((sum, { ticks }) => sum + ticks, 0);
  return (
    <Card title="States" note={`since ${clock(timeMs - (tick - fromTick) * tickMs)}`}>
      <div
        class="states"
        role="img"
        aria-label={`States since tick ${fromTick}: ${changes.map(({ state }) => state).join(", ")}`}
      >
        {spans.map((span, index) => (
          <i
            key={index}
            class={`is-${span.state}`}
            style={{ width: `${((100 * span.ticks) / all).toFixed(2)}%` }}
            title={`${span.state} from ${clock(timeMs - (tick - span.tick) * tickMs)}`}
          />
        ))}
      </div>
      <ol class="lines" tabIndex={0} aria-label="Changes of state, newest first">
        {changes.toReversed().map((change, index) => (
          <li key={changes.length - index}>
            <time>{clock(timeMs - (tick - change.tick) * tickMs)}</time>
            <State state={change.state} />
          </li>
        ))}
      </ol>
    </Card>
  );
}

const SHOWN_DECISIONS = 30;

function Decisions({ one, currency }: { readonly one: CampaignDetail; readonly currency: string }) {
  return (
    <Card title="Decisions" note="newest first; open one to see what it weighed">
      {one.decisions.length === 0 ? <p class="empty">None yet.</p> : null}
      {one.decisions.slice(0, SHOWN_DECISIONS).map((decision) => (
        <Decision key={decision.id} decision={decision} currency={currency} />
      ))}
    </Card>
  );
}

function Decision({ decision, currency }: { readonly decision: DecisionFrame; readonly currency: string }) {
  const bids = decision.candidates.filter(({ bidMicros }) => bidMicros > 0);
  return (
    <details class="decision">
      <summary>
        <span class="muted number">{clock(decision.timeMs)}</span>
        <State state={decision.state} />
        <span>
          {decision.reason}
          {decision.binding === "none" ? null : <span class="muted"> · limited by {decision.binding}</span>}
        </span>
        <span class="muted number wide-only">
          {bids.length === 0
            ? "no bid"
            : bids.map(({ platform, bidMicros }) => `${platform} ${money(bidMicros, currency)}`).join(", ")}
        </span>
      </summary>
      <div class="scroll">
        <p class="muted small">
          Gamma {money(decision.gammaMicros, currency)} per conversion; available{" "}
          {money(decision.availableMicros, currency)}.
        </p>
        <table>
          <thead>
            <tr>
              <th class="left">Platform</th>
              <th class="left">Verdict</th>
              <th>CVR</th>
              <th>± sd</th>
              <th>CPC</th>
              <th>ROI</th>
              <th>Bid</th>
              <th>Cap</th>
            </tr>
          </thead>
          <tbody>
            {decision.candidates.map((candidate) => (
              <tr key={candidate.platform}>
                <td class="left">{candidate.platform}</td>
                <td class="left">{candidate.verdict}</td>
                <td>{percent(candidate.cvr, 2)}</td>
                <td>{percent(candidate.cvrRelSd)}</td>
                <td>{money(candidate.cpcMicros, currency)}</td>
                <td>{money(candidate.roiMicros, currency)}</td>
                <td>{candidate.bidMicros === 0 ? NONE : money(candidate.bidMicros, currency)}</td>
                <td>{candidate.capMicros === 0 ? NONE : money(candidate.capMicros, currency)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
