/** How the engine and its process are doing. */
import { signal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import type {
  CampaignRow,
  DashboardFrame,
  NodeFrame,
  Page,
  PerformanceFrame,
  ProcessVitals,
  TickPoint,
} from "../../observe/frames.ts";
import { bytes, clock, count, figure, NONE, percent, shortCount, span } from "../format.ts";
import { frame as frames } from "../service.ts";
import { useAsked } from "./asked.ts";
import { Chart } from "./chart.tsx";
import { Card, Empty, Loading, Meter, Tile, Trouble } from "./parts.tsx";
import { campaignHref } from "./route.ts";

/** Frames that the charts of the process go back. */
const KEPT = 240;

interface Moment {
  readonly atMs: number;
  readonly process: ProcessVitals;
}

/** The process as this page has seen it: the service keeps no past of it. */
const past = signal<readonly Moment[]>([]);

/** Keeps the figures of every frame, whichever view is shown. */
export function remember(): void {
  frames.subscribe((frame) => {
    const process = frame?.performance.process ?? null;
    if (process !== null) past.value = [...past.value.slice(1 - KEPT), { atMs: performance.now(), process }];
  });
}

/** The view. */
export function SystemView({ frame }: { readonly frame: DashboardFrame }) {
  const { process } = frame.performance;
  return (
    <>
      <div class="title">
        <h1>System</h1>
        <p class="quiet">
          The engine is {frame.engine}, at tick {count(frame.tick)}
          {process === null ? "" : `, and up for ${span(process.uptimeSeconds)}`}. For the long run, Prometheus reads{" "}
          <a href="/metrics">/metrics</a>; <a href="/openapi.json">/openapi.json</a> describes the service.
        </p>
      </div>
      <Tiles speed={frame.performance} quarantined={frame.states.quarantined} />
      <div class="columns">
        <Ticks />
        <Process />
      </div>
      <div class="columns">
        {process === null ? null : <Nodes nodes={process.nodes} cpuShare={process.cpuShare} />}
        <Recovery frame={frame} />
      </div>
    </>
  );
}

function Tiles({ speed, quarantined }: { readonly speed: PerformanceFrame; readonly quarantined: number }) {
  const { tickLatencyMs: latency, process } = speed;
  const refused = speed.refusedReports + speed.refusedFeeds;
  return (
    <div class="tiles">
      <Tile
        name="Tick latency, p99"
        value={latency === null ? NONE : `${figure(latency.p99)} ms`}
        note={
          latency === null ? "" : `p50 ${figure(latency.p50)} · p95 ${figure(latency.p95)} · max ${figure(latency.max)}`
        }
      />
      <Tile
        name="Throughput"
        value={`${shortCount(speed.decisionsPerSecond)}/s`}
        note={`${shortCount(speed.decisions)} decisions so far`}
      />
      <Tile
        name="Late ticks"
        value={count(speed.lateTicks)}
        note="by more than half a period"
        tone={speed.lateTicks > 0 ? "warn" : "good"}
      />
      <Tile
        name="Restarts"
        value={count(speed.restarts)}
        note={`${count(quarantined)} in quarantine`}
        tone={quarantined > 0 ? "bad" : ""}
      />
      <Tile
        name="Refused records"
        value={count(refused)}
        note={`${count(speed.refusedReports)} reports, ${count(speed.refusedFeeds)} of feeds`}
        tone={refused > 0 ? "warn" : ""}
      />
      {process === null ? null : (
        <>
          <Tile
            name="Loop delay, p99"
            value={`${figure(process.eventLoopDelayMs)} ms`}
            note={`${count(process.viewers)} ${process.viewers === 1 ? "viewer" : "viewers"}`}
          />
          <Tile
            name="Memory"
            value={bytes(process.residentBytes)}
            note={`${bytes(process.heapUsedBytes)} of it on the heap`}
          />
        </>
      )}
    </div>
  );
}

function Ticks() {
  const { value: ticks, trouble } = useAsked<readonly TickPoint[]>("/v1/ticks", 2_000);
  const last = ticks?.at(-1)?.tick;
  const series = useMemo(() => {
    const all = ticks ?? [];
    const x = all.map(({ tick }) => tick);
    return {
      latency: {
        x,
        lines: [{ name: "latency", colour: "series-0", values: all.map(({ latencyMs }) => latencyMs) }],
      },
      rate: {
        x,
        lines: [{ name: "decisions", colour: "series-2", values: all.map(({ decisions }) => decisions) }],
      },
    };
  }, [last]);
  const showX = (tick: number) => count(tick);
  return (
    <Card title="Ticks" note="The last 600, by their number.">
      <Trouble text={trouble} />
      {ticks === null ? (
        trouble === null && <Loading lines={6} />
      ) : ticks.length < 2 ? (
        <Empty>The charts begin with the next ticks.</Empty>
      ) : (
        <>
          <figure>
            <figcaption class="quiet small">Latency, from a tick’s beginning to its last decision</figcaption>
            <Chart
              label="Latency of the last ticks in milliseconds"
              {...series.latency}
              isFilled
              legend="none"
              height={150}
              showX={showX}
              showY={(value) => `${figure(value)} ms`}
            />
          </figure>
          <figure>
            <figcaption class="quiet small">Decisions in a tick</figcaption>
            <Chart
              label="Decisions of the last ticks"
              {...series.rate}
              isFilled
              legend="none"
              height={150}
              showX={showX}
              showY={(value) => shortCount(value)}
            />
          </figure>
        </>
      )}
    </Card>
  );
}

function Process() {
  const moments = past.value;
  const series = useMemo(() => {
    const x = moments.map(({ atMs }) => (atMs - (moments.at(-1)?.atMs ?? 0)) / 1000);
    const line = (name: string, colour: string, of: (process: ProcessVitals) => number) => {
      return { x, lines: [{ name, colour, values: moments.map(({ process }) => of(process)) }] };
    };
    return {
      delay: line("delay", "series-1", ({ eventLoopDelayMs }) => eventLoopDelayMs),
      memory: line("memory", "series-3", ({ residentBytes }) => residentBytes),
    };
  }, [moments]);
  const showX = (seconds: number) => (seconds === 0 ? "now" : `${figure(seconds, 0)} s`);
  return (
    <Card title="Process" note="Since this page was opened.">
      {moments.length < 3 ? (
        <Empty>The charts begin with the next frames.</Empty>
      ) : (
        <>
          <figure>
            <figcaption class="quiet small">Event-loop delay, 99th percentile</figcaption>
            <Chart
              label="Event-loop delay in milliseconds"
              {...series.delay}
              isFilled
              legend="none"
              leastMax={20}
              leastSpan={60}
              height={150}
              showX={showX}
              showY={(value) => `${figure(value)} ms`}
            />
          </figure>
          <figure>
            <figcaption class="quiet small">Resident memory</figcaption>
            <Chart
              label="Resident memory"
              {...series.memory}
              isFilled
              legend="none"
              leastSpan={60}
              height={150}
              showX={showX}
              showY={bytes}
            />
          </figure>
        </>
      )}
    </Card>
  );
}

function Nodes({ nodes, cpuShare }: { readonly nodes: readonly NodeFrame[]; readonly cpuShare: number }) {
  return (
    <Card
      title="Nodes and threads"
      note="Since the last frame. Processor: share of one core. Load: runnable tasks of all cores."
    >
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th class="left">Node</th>
              <th class="left">Thread</th>
              <th class="left">Busy</th>
              <th>Processor</th>
              <th>Load</th>
            </tr>
          </thead>
          <tbody>
            {nodes.flatMap((node) =>
              node.threads.map((thread, at) => (
                <tr key={`${node.name} ${thread.name}`}>
                  <td class="left">{at === 0 ? node.name : ""}</td>
                  <td class="left">{thread.name}</td>
                  <td class="left">
                    <Meter
                      value={thread.busyShare}
                      label={`busy ${percent(thread.busyShare)} of the time`}
                      tone={thread.busyShare > 0.85 ? "bad" : thread.busyShare > 0.6 ? "warn" : ""}
                    />
                    <span class="quiet small share">{percent(thread.busyShare)}</span>
                  </td>
                  <td>{at === 0 ? percent(cpuShare) : ""}</td>
                  <td>{at === 0 ? `${figure(node.loadAverage)} of ${node.cores}` : ""}</td>
                </tr>
              )),
            )}
          </tbody>
        </table>
      </div>
    </Card>
  );
}

/** Kinds of events that are about failures. */
const FAILURES = ["campaign.restarted", "campaign.quarantined", "supervisor.restarted", "supervisor.stopped"];

function Recovery({ frame }: { readonly frame: DashboardFrame }) {
  const { value } = useAsked<Page<CampaignRow>>("/v1/campaigns?state=quarantined&limit=20", 2_000);
  const failures = frame.events.filter(({ type }) => FAILURES.includes(type));
  const held = value?.items ?? [];
  return (
    <Card title="Failures and recovery" note="Campaigns in quarantine, and what was restarted lately.">
      {held.length === 0 ? null : (
        <ul class="tags" aria-label="In quarantine">
          {held.map(({ id }) => (
            <li key={id}>
              <a class="chip" href={campaignHref(id)}>
                <i class="dot square is-quarantined" aria-hidden="true" />
                {id}
              </a>
            </li>
          ))}
        </ul>
      )}
      {failures.length === 0 ? (
        <Empty>{held.length === 0 ? "Nothing has failed lately." : "Nothing was restarted lately."}</Empty>
      ) : (
        <ol class="lines" tabIndex={0} aria-label="Failures, newest first">
          {failures.toReversed().map((line) => (
            <li key={line.id}>
              <time>{clock(line.timeMs)}</time>
              <span>
                {line.campaign === null ? null : <a href={campaignHref(line.campaign)}>{line.campaign}</a>} {line.text}
              </span>
            </li>
          ))}
        </ol>
      )}
    </Card>
  );
}
