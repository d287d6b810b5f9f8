/** One statechart driven alone: give it an event, see where it goes, take it back. */
import type { HandDrivenFrame } from "../../observe/inspection-frames.ts";
import { Card, Empty, Loading, Trouble } from "../dashboard/parts.tsx";
import { Verdict } from "./glass.tsx";
import { alone } from "./state.ts";

/** Most events that one is given. */
const MOST_STEPS = 200;

export function Alone({ frame, trouble }: { readonly frame: HandDrivenFrame | null; readonly trouble: string | null }) {
  const path = alone.value ?? [];
  const give = (place: number) => (alone.value = [...path, place]);
  return (
    <>
      <Card
        title="Driven alone"
        {...(frame === null
          ? {}
          : { note: frame.status === "active" ? `in ${frame.state}` : `${frame.status}, in ${frame.state}` })}
        actions={
          <>
            <button type="button" disabled={path.length === 0} onClick={() => (alone.value = path.slice(0, -1))}>
              Back
            </button>
            <button type="button" disabled={path.length === 0} onClick={() => (alone.value = [])}>
              Start over
            </button>
          </>
        }
      >
        <p class="small quiet">
          One of its kind with a sample input: no engine, nothing is carried out. Give it an event:
        </p>
        <Trouble text={trouble} />
        {frame === null ? <Loading /> : null}
        {frame?.failure == null ? null : <p class="bad small">It fails: {frame.failure}</p>}
        {frame !== null && frame.offers.length === 0 ? (
          <Empty>It takes no more events. Go back, or start over.</Empty>
        ) : null}
        <div class="actors offers">
          {(frame?.offers ?? []).map(({ event, detail, verdict }, place) => (
            <details key={`${path.length} ${place}`}>
              <summary>
                <button type="button" disabled={path.length >= MOST_STEPS} onClick={() => give(place)}>
                  {event}
                </button>
                <span class={verdict.error === null ? "quiet" : "bad"}>{outcome(frame!.state, verdict)}</span>
              </summary>
              {detail === "" ? null : <code>{detail}</code>}
              <div class="verdict small">
                <Verdict verdict={verdict} />
              </div>
            </details>
          ))}
        </div>
      </Card>
      {frame === null ? null : (
        <Card title="Events" note="newest first">
          {frame.steps.length === 0 ? <Empty>None yet.</Empty> : null}
          <ol class="log" tabIndex={0} aria-label="Events given, newest first">
            {frame.steps.toReversed().map(({ event, detail, before, after }, at) => (
              <li key={frame.steps.length - at}>
                <span class="quiet">{frame.steps.length - at}</span>
                <span>
                  <b>{event}</b> {before === after ? `in ${after}` : `${before} → ${after}`} <code>{detail}</code>
                </span>
              </li>
            ))}
          </ol>
          <details>
            <summary class="small quiet">What it knows</summary>
            <pre tabIndex={0}>{frame.context}</pre>
          </details>
        </Card>
      )}
    </>
  );
}

function outcome(state: string, { candidates, next, error }: HandDrivenFrame["offers"][number]["verdict"]): string {
  if (error !== null) return "makes it fail";
  if (next !== state) return `→ ${next ?? ""}`;
  return candidates.some(({ isTaken }) => isTaken) ? `stays ${state}` : "is let pass by";
}
