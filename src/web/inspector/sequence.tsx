/** Who sent what to whom, downwards in time. */
import type { ActorMessage } from "../../observe/inspection-frames.ts";

const SHOWN = 16;
const COLUMN = 190;
const ROW = 34;
const TOP = 44;

/** The sequence diagram of the newest messages. */
export function Sequence({ messages }: { readonly messages: readonly ActorMessage[] }) {
  const shown = messages.slice(-SHOWN);
  if (shown.length === 0) return <p class="empty">Nothing was said yet.</p>;
  const parties = [...new Set(shown.flatMap(({ from, to }) => [from ?? "the engine's loop", to]))];
  const at = (name: string | null) => 95 + COLUMN * parties.indexOf(name ?? "the engine's loop");
  const height = TOP + ROW * shown.length + 12;
  const width = COLUMN * parties.length;
  return (
    <div class="sequence" tabIndex={0}>
      <svg
        width={width}
        height={height}
        viewBox={`0 0 ${width} ${height}`}
        role="img"
        aria-label="Sequence diagram of the newest messages"
      >
        {parties.map((name) => (
          <g key={name}>
            <text x={at(name)} y="18" text-anchor="middle" style={{ fontWeight: 600 }}>
              {name}
            </text>
            <line x1={at(name)} y1="28" x2={at(name)} y2={height} stroke-dasharray="3 4" />
          </g>
        ))}
        {shown.map((message, row) => (
          <Arrow
            key={message.id}
            message={message}
            y={TOP + ROW * row + 14}
            from={at(message.from)}
            to={at(message.to)}
          />
        ))}
      </svg>
    </div>
  );
}

function Arrow({
  message,
  y,
  from,
  to,
}: {
  readonly message: ActorMessage;
  readonly y: number;
  readonly from: number;
  readonly to: number;
}) {
  const { event, before, after, tick } = message;
  const isLoop = from === to;
  const tip = isLoop ? to + 30 : to;
  const start = isLoop ? to : from;
  const way = Math.sign(tip - start);
  return (
    <g>
      <line class="arrow" x1={start} y1={y} x2={tip} y2={y} />
      <polygon points={`${tip},${y} ${tip - 8 * way},${y - 4} ${tip - 8 * way},${y + 4}`} />
      <text x={(start + tip) / 2} y={y - 5} text-anchor="middle">
        {event}
      </text>
      <text class="quiet" x={tip + 6 * way} y={y + 15} text-anchor={way > 0 ? "start" : "end"}>
        {tick} · {before === after ? before : `${before} → ${after}`}
      </text>
    </g>
  );
}
