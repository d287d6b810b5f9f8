import { Script } from "node:vm";
import { describe, expect, it } from "vitest";
import { escapeHtml, renderHtmlReport, scriptJson } from "../../src/observe/html-report.ts";
import { PAGE_SCRIPT } from "../../src/observe/report-page.ts";
import { RunObserver } from "../../src/observe/run-observer.ts";
import { bar, sparkline } from "../../src/observe/sparkline.ts";
import { renderComparison, renderTerminalReport } from "../../src/observe/terminal-report.ts";
import { playRun } from "./synthetic-run.ts";

function report(platforms?: readonly string[]) {
  const observer = new RunObserver();
  playRun([observer], { ticks: 300, platforms });
  return { summary: observer.summary(), timeline: observer.timeline() };
}

describe("sparkline", () => {
  it("draws 0 lowest and the maximum highest, and leaves gaps blank", () => {
    expect(sparkline([0, 1, 2, 3, 4, 5, 6, 7])).toBe("▁▂▃▄▅▆▇█");
    expect(sparkline([7, null, -3])).toBe("█ ▁");
    expect(sparkline([0, 0])).toBe("▁▁");
  });

  it("shrinks to means of neighbours", () => {
    expect(sparkline([0, 0, 6, 8, null, null], 3)).toBe("▁█ ");
  });

  it("shows a small share as one cell", () => {
    expect(bar(0.001, 4)).toBe("█░░░");
    expect(bar(0, 4)).toBe("░░░░");
    expect(bar(1, 4)).toBe("████");
  });
});

describe("terminal report", () => {
  it("stays within its width and is free of colour when told so", () => {
    const { summary, timeline } = report();
    for (const width of [100, 70]) {
      const text = renderTerminalReport(summary, timeline, { width, color: false });
      expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThanOrEqual(width);
      expect(text).not.toContain("\u001b");
    }
    expect(renderTerminalReport(summary, timeline, { color: true })).toContain("\u001b");
  });

  it("says what was run, what came of it and how to run it again", () => {
    const { summary, timeline } = report();
    const text = renderTerminalReport(summary, timeline, { color: false, reproduce: "campaign-engine simulate x" });
    expect(text).toContain("synthetic  seed 42, 300 ticks of 60 s, 4 campaigns, gamma-pacing");
    expect(text).toMatch(/^search +[\d.]+% /m);
    expect(text).toMatch(/^Total /m);
    expect(text).toContain("overspend 0.00 EUR");
    expect(text).toMatch(/Reproduce {2}campaign-engine simulate x$/);
  });

  it("marks the best figure of a comparison, and none where all are equal", () => {
    const { summary } = report();
    const worse = { ...summary, total: { ...summary.total, netMicros: summary.total.netMicros - 1_000_000 } };
    const lines = renderComparison(
      [
        { label: "gamma-pacing", summary },
        { label: "greedy-roi", summary: worse },
      ],
      { color: false },
    ).split("\n");
    expect(lines[1].match(/\*/g)).toHaveLength(1);
    expect(lines[2]).not.toContain("*");
  });
});

describe("HTML report", () => {
  it("requests nothing from outside, and forbids itself to (H1)", () => {
    const { summary, timeline } = report();
    const html = renderHtmlReport(summary, timeline);
    expect(html).not.toMatch(/\b(?:src|href)\s*=|url\(|@import|fetch\(|XMLHttpRequest/);
    expect(html).toContain("default-src 'none'");
    const addresses = html.match(/https?:\/\/[^\s"')]+/g);
    expect(addresses).toEqual(["https://github.com/leeoniya/uPlot"]); // the licence line of uPlot
  });

  it("shows hostile names as text (H2)", () => {
    const name = `</script><script>alert("x")</script>`;
    const { summary, timeline } = report([name, "b & c"]);
    const html = renderHtmlReport({ ...summary, name }, timeline, { reproduce: name });
    expect(html).not.toContain("<script>alert");
    expect(html).toContain("&lt;/script&gt;&lt;script&gt;alert(&quot;x&quot;)");
    expect(escapeHtml(`<a b='c'>&`)).toBe("&lt;a b=&#39;c&#39;&gt;&amp;");
    expect(JSON.parse(scriptJson({ name }))).toEqual({ name });
  });

  it("carries its data as JSON and a script that compiles", () => {
    const { summary, timeline } = report();
    const html = renderHtmlReport(summary, timeline);
    const json = /<script type="application\/json" id="run">(.*?)<\/script>/s.exec(html)?.[1] ?? "";
    expect(JSON.parse(json)).toMatchObject({ currency: "EUR", platforms: ["search", "social", "video"], timeline });
    expect(() => new Script(PAGE_SCRIPT)).not.toThrow();
    expect(html).not.toMatch(/>(?:NaN|undefined|null)</);
  });

  it("is the same page whatever the machine's speed (H3)", () => {
    const { summary, timeline } = report();
    const faster = { ...summary, performance: { decisionsPerSecond: 1, tickLatencyMs: null } };
    expect(renderHtmlReport(faster, timeline)).toBe(renderHtmlReport(summary, timeline));
  });

  it("draws the frontier only where it is given", () => {
    const { summary, timeline } = report();
    expect(renderHtmlReport(summary, timeline)).not.toContain('id="frontier"');
    const point = { spendMicros: 1, conversions: 1 };
    const pareto = [
      {
        campaign: "c1",
        points: [{ ...point, gammaMicros: 1, netMicros: 0, wasteMicros: 0 }],
        operating: point,
        budgetMicros: 2,
        cpaTargetMicros: null,
        valuePoint: point,
        hindsight: null,
        frontierEfficiency: null,
      },
    ];
    expect(renderHtmlReport(summary, timeline, { pareto })).toContain('id="frontier"');
  });
});
