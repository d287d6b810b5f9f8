import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encoded, LineBytes } from "../../src/observe/line-bytes.ts";

/** What is there after something was put in, where there was hardly any room. */
function after(put: (into: LineBytes) => void): string {
  const into = new LineBytes(1);
  put(into);
  return into.bytes.toString();
}

describe("a decimal", () => {
  it.each([
    [0, 3, "0"],
    [-0, 3, "0"],
    [10, 3, "10"],
    [1_000_000_000, 0, "1000000000"],
    [999_999_999, 0, "999999999"],
    [Number.MAX_SAFE_INTEGER, 0, "9007199254740991"],
    [0.1, 9, "0.1"],
    [-628_040.979_06, 3, "-628040.979"],
    [1.000_5, 3, "1.001"],
    [1.000_000_001, 9, "1.000000001"],
    [-0.000_4, 3, "0"],
    [0.05, 2, "0.05"],
    [1e21, 3, "1e+21"],
    [Number.NaN, 3, "null"],
    [Number.NEGATIVE_INFINITY, 0, "null"],
  ])("%d to %d places is %s (LB1)", (value, places, text) => {
    expect(after((into) => into.decimal(value, places))).toBe(text);
  });

  it("is the number, to half of its last place", () => {
    fc.assert(
      fc.property(fc.double({ min: -1e6, max: 1e6, noNaN: true }), fc.nat(9), (value, places) => {
        const text = after((into) => into.decimal(value, places));
        expect(text).toMatch(/^-?(0|[1-9]\d*)(\.\d*[1-9])?$/);
        expect(text.split(".")[1]?.length ?? 0).toBeLessThanOrEqual(places);
        expect(Math.abs(Number(text) - value)).toBeLessThanOrEqual(0.500_001 / 10 ** places);
      }),
    );
  });

  it("is every whole number to the digit", () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.nat(9), (value, places) => {
        fc.pre(Math.abs(value) * 10 ** places <= Number.MAX_SAFE_INTEGER);
        expect(after((into) => into.decimal(value, places))).toBe(String(value));
      }),
    );
  });
});

describe("bytes", () => {
  it("are in the order in which they were put in, whatever their lengths (LB2)", () => {
    const piece = fc.record({ kind: fc.constantFrom("put", "text", "quoted"), text: fc.string({ unit: "binary" }) });
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const bytes = after((into) => {
          for (const { kind, text } of pieces) {
            if (kind === "put") into.put(encoded(text));
            else if (kind === "text") into.text(text);
            else into.quoted(text);
          }
        });
        const said = pieces.map(({ kind, text }) => (kind === "quoted" ? JSON.stringify(text) : text)).join("");
        expect(bytes).toBe(Buffer.from(said).toString());
      }),
    );
  });

  it("begin anew when cleared", () => {
    const into = new LineBytes(4);
    into.text("before");
    into.clear();
    into.text("after");
    expect(into.bytes.toString()).toBe("after");
    expect(into.length).toBe(5);
  });
});
