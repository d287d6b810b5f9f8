/** A campaign's last decisions, each with its reason and all that it weighed. */
import { useState } from "preact/hooks";
import type { CampaignDetail, DecisionFrame } from "../../observe/frames.ts";
import { clock, count, money, NONE, percent, price } from "../format.ts";
import { Card, Empty, State } from "./parts.tsx";

/** Decisions shown at first. */
const FEW = 12;

/** The card. */
export function Decisions({ one, currency }: { readonly one: CampaignDetail; readonly currency: string }) {
  const [isAll, setAll] = useState(false);
  const shown = isAll ? one.decisions : one.decisions.slice(0, FEW);
  return (
    <Card title="Last decisions" note="Newest first; open one to see what it weighed." class="decisions">
      {one.decisions.length === 0 ? <Empty>It has not decided yet.</Empty> : null}
      {shown.map((decision) => (
        <Decision key={decision.id} decision={decision} currency={currency} />
      ))}
      {isAll || one.decisions.length <= FEW ? null : (
        <p class="more">
          <button type="button" onClick={() => setAll(true)}>
            Show all {count(one.decisions.length)}
          </button>
        </p>
      )}
    </Card>
  );
}

function Decision({ decision, currency }: { readonly decision: DecisionFrame; readonly currency: string }) {
  const bids = decision.candidates.filter(({ bidMicros }) => bidMicros > 0);
  const offered = bids.map(({ platform, bidMicros }) => `${platform} ${price(bidMicros, currency)}`).join(" · ");
  return (
    <details class="decision">
      <summary>
        <time class="quiet">{clock(decision.timeMs)}</time>
        <State state={decision.state} />
        <span class="why">
          <code>{decision.reason}</code>
          <span class="wide">
            {decision.why}
            {decision.binding === "none" ? null : <span class="quiet">; what binds: {decision.binding}</span>}
          </span>
        </span>
        <span class="quiet bids wide" title={offered}>
          {offered === "" ? "no bid" : offered}
        </span>
      </summary>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th class="left">Platform</th>
              <th class="left">Verdict</th>
              <th>CVR</th>
              <th>± sd</th>
              <th>CPC</th>
              <th>ROI a click</th>
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
                <td>{price(candidate.cpcMicros, currency)}</td>
                <td class={candidate.roiMicros > 0 ? "good" : "bad"}>{price(candidate.roiMicros, currency)}</td>
                <td>{candidate.bidMicros === 0 ? NONE : price(candidate.bidMicros, currency)}</td>
                <td>{candidate.capMicros === 0 ? NONE : money(candidate.capMicros, currency)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="quiet small">
        Decided because {decision.why}. Marginal cost per conversion {money(decision.gammaMicros, currency)}; spent{" "}
        {money(decision.spentMicros, currency)}, reserved {money(decision.reservedMicros, currency)}, available{" "}
        {money(decision.availableMicros, currency)}.
      </p>
    </details>
  );
}
