/** What more or less money would buy a campaign, and where it stands. */
import { useMemo } from "preact/hooks";
import type { CampaignDetail, DashboardFrame, ParetoFrame } from "../../observe/frames.ts";
import { figure, money, percent, shortCount, shortMoney } from "../format.ts";
import { useAsked } from "./asked.ts";
import { Chart } from "./chart.tsx";
import type { Line } from "./chart.tsx";
import { Card, Empty, Loading } from "./parts.tsx";

/** How far the curve goes, in times of the spend that is expected; and its least points. */
const REACH = 3;
const LEAST_POINTS = 4;
const DAY_MS = 86_400_000;

interface ParetoProps {
  readonly one: CampaignDetail;
  readonly frame: DashboardFrame;
}

/** The card. */
export function Pareto({ one, frame }: ParetoProps) {
  const path = `/v1/campaigns/${encodeURIComponent(one.id)}/pareto`;
  const { value: curve, isOld, trouble } = useAsked<ParetoFrame | null>(path, 3_000);
  // Long flights are shown by the day: nobody thinks in the money of two years.
  const days = ((one.endTick - Math.max(frame.tick, one.startTick)) * frame.tickMs) / DAY_MS;
  const isByDay = days > 2;
  return (
    <Card
      title="What more money would buy"
      note={`Expected conversions over spend, ${isByDay ? "a day, " : ""}for the rest of the flight.`}
    >
      {curve === null ? (
        <NoCurve one={one} isLoading={isOld && trouble === null} />
      ) : (
        <Curve curve={curve} share={isByDay ? 1 / days : 1} valueMicros={one.valuePerConversionMicros} frame={frame} />
      )}
    </Card>
  );
}

function NoCurve({ one, isLoading }: { readonly one: CampaignDetail; readonly isLoading: boolean }) {
  if (isLoading) return <Loading lines={5} />;
  return (
    <Empty>
      {one.policy === "gamma-pacing"
        ? "There is no curve while the campaign does not run."
        : `The policy ${one.policy} knows no such curve.`}
    </Empty>
  );
}

interface CurveProps {
  readonly curve: ParetoFrame;
  /** What share of the flight's figures is shown. */
  readonly share: number;
  readonly valueMicros: number;
  readonly frame: DashboardFrame;
}

function Curve({ curve, share, valueMicros, frame }: CurveProps) {
  const { currency } = frame;
  const here = curve.operating;
  const series = useMemo(() => {
    // The part of the curve that can be reached from here; far beyond it, nobody decides anything.
    const farMicros = Math.max(
      REACH * here.spendMicros,
      Math.min(curve.budgetLeftMicros, 2 * REACH * here.spendMicros),
    );
    const near = curve.points.filter(({ spendMicros }, at) => spendMicros <= farMicros || at < LEAST_POINTS);
    const all = [...near, here].sort((a, b) => a.spendMicros - b.spendMicros);
    const lines: Line[] = [
      { name: "conversions", colour: "series-0", values: all.map(({ conversions }) => conversions * share) },
      {
        name: "here now",
        colour: "series-1",
        look: "spot",
        values: all.map((point) => (point === here ? point.conversions * share : null)),
      },
    ];
    const { cpaTargetMicros } = curve;
    if (cpaTargetMicros !== null) {
      const most = (all.at(-1)?.conversions ?? 0) * share;
      const values = all.map(({ spendMicros }) => {
        const conversions = (spendMicros / cpaTargetMicros) * share;
        return conversions > most ? null : conversions;
      });
      lines.push({ name: "CPA target", colour: "quiet", look: "dashed", values });
    }
    return { x: all.map(({ spendMicros }) => (spendMicros * share) / 1e6), lines };
  }, [curve]);
  return (
    <>
      <Chart
        label="Expected conversions over spend"
        {...series}
        height={230}
        legend="names"
        mark={{ x: (curve.budgetLeftMicros * share) / 1e6, name: "budget left" }}
        showX={(value) => shortMoney(value * 1e6, currency)}
        showY={(value) => shortCount(value)}
      />
      <p class="quiet small">
        It pays up to <b>{money(here.gammaMicros, currency)}</b> for one more conversion,{" "}
        {percent(here.gammaMicros / valueMicros)} of its value, and expects{" "}
        <b>{figure(here.conversions * share)} conversions</b> for{" "}
        <b>{shortMoney(here.spendMicros * share, currency)}</b>.
      </p>
    </>
  );
}
