import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { EngineError } from "../../src/core/errors.ts";
import { decimalMark, formatDay, parseNumber, parseTime } from "../../src/platforms/cells.ts";
import { mergeReports, readRecordings } from "../../src/platforms/recording.ts";
import { parseReport } from "../../src/platforms/report-file.ts";
import type { ReportOptions } from "../../src/platforms/report-file.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const read = async (text: string, options?: ReportOptions, file = "a.csv") =>
  mergeReports([await parseReport(encode(text), file, options)], options);
const fault = async (text: string, options?: ReportOptions): Promise<EngineError> => {
  const error = await read(text, options).then(
    () => undefined,
    (cause: unknown) => cause,
  );
  expect(error).toBeInstanceOf(EngineError);
  return error as EngineError;
};
const HEADER = "campaign,date,platform,impressions,clicks,cost,conversions,revenue,sales\n";
const ROW = "c1,2020-04-01,def,2275,25,55.2194,3,101.0875,2228.68\n";

describe("recordings", () => {
  it("sums campaigns per platform and day, exactly, and says so (C1)", async () => {
    const recording = await read(`${HEADER}${ROW}c2,2020-04-01,def,100,5,0.000001,1,0,0\n`);
    const [platform] = recording.platforms;
    expect(platform.id).toBe("def");
    expect(platform.clicks[0]).toBe(30);
    expect(platform.costMicros[0]).toBe(55_219_401);
    expect(platform.valueMicros[0]).toBe(101_087_500);
    expect(recording.currency).toBeNull();
    expect(recording.warnings).toEqual(["a.csv: 2 campaigns are added up per platform."]);
  });

  it("marks the days without a row as gaps (C2)", async () => {
    const recording = await read(`${HEADER}${ROW}${ROW.replace("04-01", "04-04")}`);
    expect([...recording.platforms[0].isGap]).toEqual([0, 1, 1, 0]);
    expect(formatDay(recording.startMs)).toBe("2020-04-01");
  });

  it("reads 5-minute logs", async () => {
    const text = "platform,utc,part,impressions,cost,clicks\n1458,2013-06-07T14:10,train,1240,51.1650,0\n";
    const recording = await read(`${text}1458,2013-06-07T14:20,train,100,1,2\n`);
    expect(recording).toMatchObject({ tickMs: 300_000, ticks: 3, hasConversions: false });
  });

  it("adds up repeated rows with a warning", async () => {
    const recording = await read(HEADER + ROW + ROW);
    expect(recording.platforms[0].clicks[0]).toBe(50);
    expect(recording.warnings[0]).toContain(
      "1 rows repeat a date and campaign and are added up; the first is on line 3",
    );
  });

  it("reads semicolons, decimal commas, thousands points, quotes and a byte order mark as it reads the plain file", async () => {
    const plain =
      "Date,Campaign name,Cost (EUR),Impressions,Clicks (destination),Conversions\n2024-05-01,x,1234.5,56789,12,1.5\n";
    const european =
      '\uFEFFDate;Campaign name;Cost (EUR);Impressions;"Clicks (destination)";Conversions\r\n2024-05-01;"x";1.234,5;56.789;12;1,5\r\n';
    const { platforms, currency } = await read(plain);
    expect(currency).toBe("EUR");
    expect((await read(european)).platforms).toEqual(platforms);
    const utf16 = new Uint8Array(Buffer.from(european.replaceAll(";", "\t"), "utf16le"));
    expect(mergeReports([await parseReport(utf16, "a.csv")]).platforms).toEqual(platforms);
  });

  it("skips the preamble and the totals of Google's exports and takes dashes for nothing", async () => {
    const text = `Report\n"May 1, 2024 - May 2, 2024"
Day,Campaign,Currency code,Clicks,Impr.,CTR,Avg. CPC,Cost,Conversions,Conv. value
2024-05-01,x,USD,10,"1,000",1.00%,0.50,5.00,--,--
2024-05-02,x,USD,--,--,--,--,--,--,--
Total: Campaigns,--,USD,10,"1,000",1.00%,0.50,5.00,0,0
`;
    const recording = await read(text, { dialect: "google" });
    expect(recording.platforms[0]).toMatchObject({ id: "google", clicks: Float64Array.of(10) });
    expect(recording.warnings).toEqual(["a.csv: skipped 1 total row; the first is on line 6."]);
  });

  it("skips the summary row of Meta's exports, and refuses rows of several days", async () => {
    const header = "Reporting starts,Reporting ends,Campaign name,Amount spent (USD),Impressions,Link clicks,Results\n";
    const row = '2024-05-01,2024-05-01,x,"1,234.50","10,000",100,4\n';
    const recording = await read(`${header}2024-05-01,2024-05-31,,9999,1,1,1\n${row}`);
    expect(recording.platforms[0].costMicros[0]).toBe(1_234_500_000);
    const error = await fault(header + row.replace("05-01,x", "05-31,x"));
    expect(error.place).toMatchObject({ line: 2, column: 2, field: "Reporting ends" });
  });

  it.each([
    ["an empty file", "", { line: 1, expected: "a header line" }],
    ["a header without rows", HEADER, { line: 1 }],
    ["an unknown header", "a,b,c\n1,2,3\n", { line: 1, field: "header" }],
    ["a truncated row", `${HEADER}${ROW}c1,2020-04-02,def,2275,25`, { line: 3, column: 5 }],
    ["a row without a date", HEADER + ROW.replace("2020-04-01", ""), { line: 2, column: 2, field: "date" }],
    ["a day that does not exist", HEADER + ROW.replace("04-01", "02-30"), { line: 2, field: "date" }],
    ["NaN", HEADER + ROW.replace("2275", "NaN"), { line: 2, column: 4, field: "impressions" }],
    ["a negative cost", HEADER + ROW.replace("55.2194", "-1"), { line: 2, column: 6, field: "cost" }],
    ["half a click", HEADER + ROW.replace(",25,", ",2.5,"), { line: 2, field: "clicks" }],
    ["decimal commas between commas", HEADER + ROW.replace("55.2194", '"55,21"'), { line: 2, field: "cost" }],
    ["a quote that never ends", `${HEADER}"${ROW}`, { expected: "a CSV table" }],
    ["a row without a platform", HEADER + ROW.replace("def", ""), { line: 2, field: "platform" }],
  ])("refuses %s with its place", async (_, text, place) => {
    const error = await fault(text);
    expect(error.code).toBe("CE_DATA_INVALID");
    expect(error.place).toMatchObject({ file: "a.csv", ...place });
    expect(error.place.expected).toBeTruthy();
  });

  it("refuses a dialect other than the one asked for", async () => {
    const error = await fault(HEADER + ROW, { dialect: "meta" });
    expect(error.message).toContain("is a online_adv report");
    expect(error.place).toMatchObject({ line: 1, expected: "a meta report" });
  });

  it("refuses two currencies, in one file or in two", async () => {
    const header = "Day,Campaign,Currency code,Clicks,Impr.,Cost\n";
    const error = await fault(`${header}2024-05-01,x,USD,1,1,1\n2024-05-02,x,EUR,1,1,1\n`);
    expect(error.place).toMatchObject({ line: 3, column: 3, expected: "USD" });
    const reports = await Promise.all(
      ["USD", "EUR"].map((code) => parseReport(encode(`${header}2024-05-01,x,${code},1,1,1\n`), `${code}.csv`)),
    );
    expect(() => mergeReports(reports)).toThrow("EUR.csv is in EUR, USD.csv in USD");
  });

  it("refuses files whose days do not overlap, and joins those that do, a platform each", async () => {
    const of = (day: string, file: string) =>
      parseReport(encode(`Day,Campaign,Currency code,Clicks,Impr.,Cost\n${day},x,USD,1,1,1\n`), file);
    const [a, b, c] = await Promise.all([of("2024-05-01", "a"), of("2024-05-01", "b"), of("2024-06-01", "c")]);
    expect(mergeReports([a, b]).platforms.map(({ id }) => id)).toEqual(["google", "google-2"]);
    expect(() => mergeReports([a, b, c])).toThrow("c is about 2024-06-01");
  });

  it.each([
    ["rows", { maxRows: 1 }],
    ["columns", { maxColumns: 8 }],
    ["platforms", { maxPlatforms: 1 }],
    ["ticks", { maxCells: 50 }],
  ])("refuses too many %s", async (_, limits) => {
    const error = await fault(HEADER + ROW + ROW.replace("2020-04-01,def", "2020-05-01,ghi"), { limits });
    expect(error.code).toBe("CE_DATA_TOO_LARGE");
    expect(error.place.hint).toBeTruthy();
  });
});

describe("report files on disk", () => {
  const folder = mkdtempSync(join(tmpdir(), "recording-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  it("are streamed", async () => {
    const file = join(folder, "big.csv");
    writeFileSync(file, HEADER + ROW.repeat(20_000));
    const recording = await readRecordings([file]);
    expect(recording.platforms[0].clicks[0]).toBe(500_000);
  });

  it("are refused when missing, a folder or too large", async () => {
    await expect(readRecordings([join(folder, "none.csv")])).rejects.toMatchObject({ code: "CE_DATA_UNREADABLE" });
    await expect(readRecordings([folder])).rejects.toMatchObject({ code: "CE_DATA_UNREADABLE" });
    const file = join(folder, "small.csv");
    writeFileSync(file, HEADER + ROW);
    const limits = { maxBytes: 100 };
    await expect(readRecordings([file], { limits })).rejects.toMatchObject({ code: "CE_DATA_TOO_LARGE" });
  });
});

describe("cells", () => {
  it("tell thousands from decimals by the table's mark", () => {
    expect(parseNumber("1,234.5", ".")).toBe(1234.5);
    expect(parseNumber("1.234,5", ",")).toBe(1234.5);
    expect(parseNumber("1.234", ",")).toBe(1234);
    expect(parseNumber("12,34", ".")).toBeNaN();
    expect(decimalMark("a;b\n0.125;3", ";")).toBe(".");
    expect(decimalMark("a;b\n1.125;3,5", ";")).toBe(",");
  });

  it("hold times in UTC", () => {
    for (const day of ["1970-01-01", "2000-02-29", "2020-12-31", "2100-03-01"]) {
      expect(parseTime(day)).toBe(Date.parse(day));
      expect(formatDay(parseTime(day))).toBe(day);
    }
    expect(parseTime("2013-06-07T14:10")).toBe(Date.parse("2013-06-07T14:10Z"));
    expect(parseTime("2023-02-29")).toBeNaN();
  });
});
