/** How the engine and its process are doing. */
import { signal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import type { DashboardFrame } from "../observe/frames.ts";
import { Chart } from "./chart.tsx";
import { bytes, count, figure, NONE, percent, shortCount, span } from "./format.ts";
import { Card, Tile } from "./parts.tsx";
import { frame as frames } from "./service.ts";

/** Frames that the charts of this page go back. */
const KEPT = 300;

interface Moment {
  readonly atMs: number;
  readonly decisionsPerSecond: number | null;
  readonly delayMs: number | null;
  readonly cpuShare: number | null;
  readonly residentBytes: number | null;
}

/** The recent past as this page has seen it: the service keeps none. */
const past = signal<readonly Moment[]>([]);

/** Keeps the figures of every frame, whichever page is shown. */
export function remember(): void {
  frames.subscribe((frame) => {
    if (frame === null) return;
    const { decisionsPerSecond, process } = frame.performance;
    const moment = {
      atMs: performance.now(),
      decisionsPerSecond,
      delayMs: process?.eventLoopDelayMs ?? null,
      cpuShare: process?.cpuShare ?? null,
      residentBytes: process?.residentBytes ?? null,
    };
    past.value = [...past.value.slice(1 - KEPT), moment];
  });
}

/** The page. */
export function System({ frame }: { readonly frame: DashboardFrame }) {
  const { performance: speed } = frame;
  const { tickLatencyMs: latency, process } = speed;
  const refused = speed.refusedReports + speed.refusedFeeds;
  return (
    <main>
      <div class="tiles">
        <Tile
          name="Engine"
          value={frame.engine}
          note={`tick ${count(frame.tick)}`}
          tone={frame.engine === "running" ? "good" : "warn"}
        />
        <Tile
          name="Tick latency, p99"
          value={latency === null ? NONE : `${figure(latency.p99)} ms`}
          {...(latency === null
            ? {}
            : { note: `p50 ${figure(latency.p50)}, p95 ${figure(latency.p95)}, max ${figure(latency.max)} ms` })}
        />
        <Tile
          name="Throughput"
          value={`${shortCount(speed.decisionsPerSecond)} /s`}
          note={`${shortCount(speed.decisions)} decisions so far`}
        />
        <Tile
          name="Late ticks"
          value={count(speed.lateTicks)}
          note="more than half a period"
          tone={speed.lateTicks > 0 ? "warn" : "good"}
        />
        <Tile
          name="Restarts"
          value={count(speed.restarts)}
          note={`${count(frame.states.quarantined)} in quarantine`}
          tone={frame.states.quarantined > 0 ? "bad" : ""}
        />
        <Tile
          name="Refused"
          value={count(refused)}
          note={`${count(speed.refusedReports)} reports, ${count(speed.refusedFeeds)} feed records`}
          tone={refused > 0 ? "warn" : ""}
        />
        {process === null ? null : (
          <>
            <Tile name="Memory" value={bytes(process.residentBytes)} note={`heap ${bytes(process.heapUsedBytes)}`} />
            <Tile name="Processor" value={percent(process.cpuShare)} note="of one core" />
            <Tile
              name="Event-loop delay, p99"
              value={`${figure(process.eventLoopDelayMs)} ms`}
              note={`${count(process.viewers)} viewers`}
            />
            <Tile name="Up for" value={span(process.uptimeSeconds)} />
          </>
        )}
      </div>
      <Card title="The last minutes" note="since this page was opened">
        <Past />
      </Card>
      <p class="muted small">
        For the long run, Prometheus reads <a href="/metrics">/metrics</a>; the service is described at{" "}
        <a href="/openapi.json">/openapi.json</a>.
      </p>
    </main>
  );
}

function Past() {
  const moments = past.value;
  const x = useMemo(() => moments.map(({ atMs }) => (atMs - performance.now()) / 1000), [moments]);
  if (moments.length < 3) return <p class="empty">Listening…</p>;
  const plot = (
    name: string,
    label: string,
    colour: string,
    values: readonly (number | null)[],
    showY: (value: number) => string,
  ) => (
    <div key={name}>
      <h3 class="muted small">{name}</h3>
      <Chart
        label={label}
        x={x}
        lines={[{ name, colour, values }]}
        height={140}
        hasLegend={false}
        showX={(value) => `${Math.round(value)} s`}
        showY={showY}
      />
    </div>
  );
  return (
    <div class="sparks">
      {plot(
        "Decisions a second",
        "Decisions a second",
        "--c0",
        moments.map((one) => one.decisionsPerSecond),
        (value) => shortCount(value),
      )}
      {plot(
        "Event-loop delay",
        "Event-loop delay in milliseconds",
        "--c1",
        moments.map((one) => one.delayMs),
        (value) => `${figure(value)} ms`,
      )}
      {plot(
        "Processor",
        "Share of one core",
        "--c2",
        moments.map((one) => one.cpuShare),
        (value) => percent(value),
      )}
      {plot(
        "Resident memory",
        "Resident memory",
        "--c3",
        moments.map((one) => one.residentBytes),
        bytes,
      )}
    </div>
  );
}
