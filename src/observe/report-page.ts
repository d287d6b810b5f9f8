/** What runs in the reader's browser: style and script of the HTML report. Data comes from the page's JSON, nothing from elsewhere. */

/** CSS of the page. Colours are those of Okabe and Ito, told apart by colour-blind readers, brightened for the dark. */
export const PAGE_STYLE = `
:root { color-scheme: light dark; --page: #f6f7f9; --card: #fff; --text: #1b2330; --muted: #5d6878; --line: #dde2e9; --grid: #e9ecf1;
  --c0: #0072b2; --c1: #d55e00; --c2: #009e73; --c3: #b0558b; --c4: #b07d00; --c5: #3a9fd6; --c6: #6b5bd2; --c7: #7a6a4f;
  --good: #00785a; --bad: #b84a00; --gap: #9aa4b2; }
@media (prefers-color-scheme: dark) { :root { --page: #12161c; --card: #1a2029; --text: #e6eaf0; --muted: #9aa6b6; --line: #2d3643;
  --grid: #262e39; --c0: #56b4e9; --c1: #ff8a3d; --c2: #2fc59b; --c3: #e291c0; --c4: #f0c63c; --c5: #9ccdf0; --c6: #a99cf5; --c7: #c7b28b;
  --good: #2fc59b; --bad: #ff8a3d; --gap: #6b7686; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 24px 16px 48px; }
h1 { font-size: 26px; line-height: 1.2; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 16px; margin: 0 0 2px; }
p { margin: 0; }
.note { color: var(--muted); font-size: 13px; margin-bottom: 8px; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(max(150px, 18%), 1fr)); gap: 12px; margin: 20px 0 12px; }
.tile, section { background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
.tile { padding: 10px 14px; }
.tile dt { color: var(--muted); font-size: 13px; }
.tile dd { margin: 0; font-size: 20px; font-weight: 600; font-variant-numeric: tabular-nums; white-space: nowrap; }
.tile small { color: var(--muted); font-size: 12px; display: block; }
.good { color: var(--good); } .bad { color: var(--bad); }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(440px, 100%), 1fr)); gap: 12px; }
section { padding: 14px 16px; margin: 0 0 12px; min-width: 0; }
main > .plots { margin-bottom: 12px; }
.plots section { margin: 0; }
.wide { grid-column: 1 / -1; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: 13px; }
.data th, .data td { padding: 5px 6px; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--grid); }
.data th { color: var(--muted); font-weight: 500; }
.data th:first-child, .data td:first-child, .data td.text { text-align: left; }
.data td.text { white-space: normal; color: var(--muted); }
.data tr.total td { font-weight: 600; border-bottom: 0; }
.bars { display: grid; grid-template-columns: max-content 1fr max-content; gap: 7px 12px; align-items: center; }
.bars i { display: block; height: 14px; border-radius: 3px; min-width: 2px; }
.bars span { font-variant-numeric: tabular-nums; text-align: right; }
select { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: 3px 8px; max-width: 100%; }
label { display: inline-flex; gap: 8px; align-items: center; margin-bottom: 8px; color: var(--muted); }
code { display: block; padding: 10px 12px; background: var(--page); border-radius: 6px; font: 13px/1.5 ui-monospace, Menlo, Consolas, monospace; overflow-wrap: anywhere; user-select: all; }
.plot { min-height: 240px; }
.uplot { width: 100%; }
.uplot .u-legend { font-size: 12px; text-align: left; margin: 4px 0 0; }
.uplot .u-legend .u-series > * { padding: 1px 4px 1px 0; }
.uplot .u-legend th { font-weight: 500; }
.uplot .u-legend .u-value { min-width: 4.5em; font-variant-numeric: tabular-nums; }
@media print { body { background: none; } section, .tile { break-inside: avoid; } }
`;

/** JavaScript of the page; expects `uPlot` and the JSON in `#run`. */
export const PAGE_SCRIPT = String.raw`
"use strict";
(() => {
  const run = JSON.parse(document.getElementById("run").textContent);
  const { currency, platforms, states, timeline, pareto } = run;
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const color = (index) => css("--c" + (index % 8));
  const dashOf = (index) => (index < 8 ? undefined : [6, 3]);
  const stateColor = { idle: "--gap", evaluating: "--c3", bidding: "--c0", exhausted: "--c1", fallback: "--c4" };
  const units = (micros) => (micros === null ? null : micros / 1e6);
  const column = (series) => series.map(units);
  const seconds = timeline.timeMs.map((ms) => ms / 1000);
  const format = (value, digits) =>
    value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  const money = (digits) => (value) => (value === null ? "" : format(value, digits) + " " + currency);
  const percent = (digits) => (value) => (value === null ? "" : format(value * 100, digits) + " %");
  const count = (value) => (value === null ? "" : value.toLocaleString("en-US", { maximumFractionDigits: 1 }));
  const faded = (hex) => hex + "b0";

  /* Ticks with as many decimals as their distance needs. */
  const tickText = (scale, suffix) => (plot, ticks) => {
    const step = ticks.length > 1 ? Math.abs(ticks[1] - ticks[0]) * scale : 1;
    const digits = Math.max(0, Math.min(6, Math.ceil(-Math.log10(step) - 1e-9)));
    return ticks.map((value) => (value === null ? "" : format(value * scale, digits) + suffix));
  };

  function axis(label, scale, suffix, rest) {
    return {
      stroke: css("--muted"), grid: { stroke: css("--grid"), width: 1 }, ticks: { stroke: css("--grid"), width: 1 },
      font: "12px system-ui, sans-serif", labelFont: "12px system-ui, sans-serif", labelSize: 20, label,
      size(plot, values) {
        const longest = (values ?? []).reduce((most, text) => Math.max(most, text.length), 0);
        return Math.max(36, 22 + longest * 7.5);
      },
      values: tickText(scale, suffix), ...rest,
    };
  }

  /* Hours and minutes, and the date under the first tick of each day; simulated time is UTC. */
  const timeText = (plot, ticks) => {
    let day = "";
    return ticks.map((at) => {
      const [date, time] = new Date(at * 1000).toISOString().split("T");
      const isNew = date !== day;
      day = date;
      return time.slice(0, 5) + (isNew ? "\n" + date : "");
    });
  };

  const drawn = [];
  /* A plot that follows the width of its place. "build" is asked again when the colour scheme changes. */
  function plot(id, build) {
    const place = document.getElementById(id);
    if (place === null) return () => {};
    let chart = null;
    const draw = () => {
      chart?.destroy();
      const { data, ...options } = build();
      chart = new uPlot({ width: place.clientWidth, height: 240, ...options }, data, place);
    };
    draw();
    drawn.push(draw);
    new ResizeObserver(() => {
      if (chart.width !== place.clientWidth) chart.setSize({ width: place.clientWidth, height: chart.height });
    }).observe(place);
    return draw;
  }

  const overTime = (yAxis, series, rest) => ({
    tzDate: (ts) => uPlot.tzDate(new Date(ts * 1000), "Etc/UTC"),
    cursor: { sync: { key: "time" }, drag: { x: true, y: false } },
    axes: [axis(undefined, 1, "", { size: 44, space: 60, values: timeText }), yAxis],
    series: [{ value: (plot, at) => (at === null ? "" : new Date(at * 1000).toISOString().slice(0, 16).replace("T", " ")) }, ...series],
    ...rest,
  });
  const line = (label, stroke, value, rest) => ({
    label, stroke, width: 1.75, points: { show: false }, value: (plot, at) => value(at ?? null), ...rest,
  });

  function cumulated(rows) {
    let sum = 0;
    return timeline.timeMs.map((_, bin) => units((sum += rows.reduce((all, row) => all + row[bin], 0))));
  }

  plot("spend", () => ({
    data: [seconds, column(timeline.planMicros), cumulated(timeline.spendMicros)],
    ...overTime(axis("spent so far [" + currency + "]", 1, ""), [
      line("even plan", css("--gap"), money(2), { dash: [6, 4] }),
      line("spend", color(0), money(2), { width: 2.25 }),
    ]),
  }));

  plot("roi", () => ({
    data: [seconds, ...timeline.roiMicros.map(column)],
    ...overTime(
      axis("ROI per click [" + currency + "]", 1, ""),
      platforms.map((name, index) => line(name, color(index), money(3), { dash: dashOf(index) })),
    ),
  }));

  plot("states", () => {
    const order = ["bidding", "fallback", "evaluating", "idle", "exhausted"].filter((state) =>
      timeline.states[states.indexOf(state)].some((value) => value > 0));
    const own = order.map((state) => timeline.states[states.indexOf(state)]);
    const stacked = own.map((_, level) =>
      seconds.map((_, bin) => own.slice(0, level + 1).reduce((sum, row) => sum + (row[bin] ?? 0), 0)));
    return {
      data: [seconds, ...stacked],
      ...overTime(
        axis("campaigns", 1, "", { incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000] }),
        order.map((state, level) => ({
          label: state, stroke: css(stateColor[state]), width: 1, points: { show: false },
          fill: faded(css(stateColor[state])), value: (plot, at, series, bin) => count(bin === null ? null : own[level][bin]),
        })),
        {
          bands: order.slice(1).map((_, level) => ({ series: [level + 2, level + 1], fill: faded(css(stateColor[order[level + 1]])) })),
          scales: { y: { range: (plot, low, high) => [0, Math.max(1, high)] } },
        },
      ),
    };
  });

  const platform = document.getElementById("platform");
  const forecastAgainst = (id, label, scale, suffix, text, forecast, outcome) =>
    plot(id, () => {
      const at = platform.selectedIndex;
      /* A quiet minute's ratio can be far out: the forecast sets the scale. */
      const most = 3 * Math.max(0, ...forecast[at]);
      const range = (plot, low, high) => (most > 0 && high > most ? [Math.max(0, low), most] : uPlot.rangeNum(low, high, 0.1, true));
      return {
        data: [seconds, outcome[at], forecast[at]],
        ...overTime(axis(label, scale, suffix), [
          { ...line("outcome", css("--gap"), text), width: 0, paths: () => null, points: { show: true, size: 4, fill: css("--gap"), stroke: css("--gap") } },
          line("forecast", color(at), text, { width: 2.25 }),
        ], { scales: { y: { range } } }),
      };
    });
  const redrawCvr = forecastAgainst("cvr", "conversions per click", 100, " %", percent(2), timeline.forecastCvr, timeline.feedCvr);
  const redrawCpc = forecastAgainst("cpc", "price per click [" + currency + "]", 1, "", money(3),
    timeline.forecastCpcMicros.map(column), timeline.feedCpcMicros.map(column));
  platform?.addEventListener("change", () => { redrawCvr(); redrawCpc(); });

  const campaign = document.getElementById("campaign");
  const chosen = () => pareto[campaign.selectedIndex];
  const dot = (label, stroke, value, size) => ({
    label, stroke, width: 0, paths: () => null, value: (plot, at) => value(at ?? null), points: { show: true, size, fill: stroke, stroke },
  });
  const vertical = (x, stroke, text) => (chart) => {
    const { ctx, bbox } = chart;
    const left = chart.valToPos(x, "x", true);
    if (left < bbox.left || left > bbox.left + bbox.width) return;
    ctx.save();
    ctx.strokeStyle = stroke; ctx.fillStyle = stroke; ctx.setLineDash([5, 4]); ctx.lineWidth = devicePixelRatio;
    ctx.beginPath(); ctx.moveTo(left, bbox.top); ctx.lineTo(left, bbox.top + bbox.height); ctx.stroke();
    ctx.font = 12 * devicePixelRatio + "px system-ui, sans-serif"; ctx.textAlign = "right"; ctx.textBaseline = "top";
    ctx.fillText(text, left - 5 * devicePixelRatio, bbox.top + 3 * devicePixelRatio);
    ctx.restore();
  };
  /* Lines over spend, each a list of [spend, value]; their spends differ. */
  const overSpend = (curves, yAxis, series, budget) => ({
    data: uPlot.join(curves.map((points) => {
      const sorted = [...points].sort((a, b) => a[0] - b[0]).filter(([x], at, all) => at === 0 || x > all[at - 1][0]);
      return [sorted.map(([x]) => x), sorted.map(([, y]) => y)];
    })),
    cursor: { drag: { x: true, y: false } },
    scales: {
      x: { time: false, range: (plot, low, high) => [0, Math.max(high, budget) * 1.04] },
      y: { range: (plot, low, high) => [Math.min(0, low * 1.08), high * 1.15 || 1] },
    },
    axes: [axis("spend [" + currency + "]", 1, "", { size: 34 }), yAxis],
    series: [{ label: "spend", value: (plot, at) => money(2)(at ?? null) }, ...series.map((one) => ({ spanGaps: true, ...one }))],
    hooks: { draw: [vertical(budget, css("--muted"), "budget")] },
  });
  if (campaign !== null) {
    const tellEfficiency = () => {
      const { frontierEfficiency: share } = chosen();
      document.getElementById("efficiency").textContent = share === null ? "" : "frontier efficiency " + percent(1)(share);
    };
    tellEfficiency();
    const redrawFrontier = plot("frontier", () => {
      const { points, operating, budgetMicros, cpaTargetMicros, valuePoint, hindsight } = chosen();
      const pair = (point) => [units(point.spendMicros), point.conversions];
      const curves = [points.map(pair)];
      const series = [line("expected at the start", color(0), count, { width: 2.25 })];
      if (hindsight !== null) {
        curves.push(hindsight.map(pair));
        series.push(line("hindsight", css("--gap"), count));
      }
      if (cpaTargetMicros !== null) {
        const most = Math.min(Math.max(...points.map((point) => point.spendMicros)), cpaTargetMicros * Math.max(...points.map((point) => point.conversions)));
        curves.push([[0, 0], [units(most), most / cpaTargetMicros]]);
        series.push(line("CPA target", color(1), count, { dash: [6, 4] }));
      }
      curves.push([pair(valuePoint)], [pair(operating)]);
      series.push(dot("marginal cost = value", color(2), count, 10), dot("operating point", color(1), count, 12));
      return { height: 320, ...overSpend(curves, axis("conversions", 1, ""), series, units(budgetMicros)) };
    });
    const redrawWaste = plot("waste", () => {
      const { points, budgetMicros } = chosen();
      const curve = (name) => points.map((point) => [units(point.spendMicros), units(point[name])]);
      const series = [line("net value", color(2), money(2)), line("expected waste", color(1), money(2), { dash: [6, 4] })];
      const curves = [curve("netMicros"), curve("wasteMicros")];
      return { height: 320, ...overSpend(curves, axis("net value and waste [" + currency + "]", 1, ""), series, units(budgetMicros)) };
    });
    campaign.addEventListener("change", () => { tellEfficiency(); redrawFrontier(); redrawWaste(); });
  }

  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawn.forEach((draw) => draw()));
})();
`;
