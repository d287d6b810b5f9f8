import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ByteReader, ByteWriter } from "../../src/journal/columns.ts";

const whole = fc.oneof(fc.integer({ min: -200, max: 200 }), fc.integer(), fc.maxSafeInteger(), fc.constant(-0));
const anything = fc.oneof(whole, fc.double(), fc.constantFrom(-0, 2 ** 50, -(2 ** 50), 2 ** 50 + 1, 2 ** 31, Infinity));
const list = fc.oneof(
  fc.array(anything),
  fc.array(whole),
  fc.tuple(anything, fc.nat({ max: 20 })).map(([value, length]) => Array.from({ length }, () => value)),
);
const kind = fc.constantFrom(Float64Array, Int32Array, Uint8Array, Array);
/** Columns, each as far as a list of some kind can hold it. */
const columns = fc.array(
  fc.record({
    values: fc.tuple(kind, list).map(([type, values]) => (type as typeof Float64Array).from(values)),
    isRising: fc.boolean(),
  }),
  { minLength: 1, maxLength: 5 },
);

function written(many: readonly { readonly values: ArrayLike<number>; readonly isRising: boolean }[]): Uint8Array {
  const writer = new ByteWriter();
  for (const { values, isRising } of many) writer.column(values, values.length, isRising);
  return writer.take();
}

describe("columns as bytes", () => {
  it("are read as they were written, to the bit, into lists of any kind that can hold them (CO1)", () => {
    fc.assert(
      fc.property(columns, (many) => {
        const reader = new ByteReader(written(many));
        for (const { values } of many) {
          const into = (values.constructor as typeof Float64Array).from({ length: values.length }, () => 7);
          reader.column(into, values.length);
          for (let i = 0; i < values.length; i += 1) expect(Object.is(into[i], values[i])).toBe(true);
        }
      }),
    );
  });

  it("are the same bytes whatever kind of list holds the numbers, and whoever wrote before (CO2)", () => {
    fc.assert(
      fc.property(columns, (many) => {
        const plain = many.map(({ values, isRising }) => ({ values: [...values], isRising }));
        const [first, second] = [new ByteWriter(), new ByteWriter()];
        second.column([1, 2, 3], 3);
        first.takeOver(second);
        expect([...written(plain)]).toEqual([...written(many)]);
        for (const { values, isRising } of many) second.column(values, values.length, isRising);
        first.take();
        first.takeOver(second);
        expect([...first.take()]).toEqual([...written(many)]);
      }),
    );
  });

  it("are refused where they end too early (CO1)", () => {
    fc.assert(
      fc.property(columns, fc.nat(), (many, cut) => {
        const bytes = written(many);
        const reader = new ByteReader(bytes.subarray(0, cut % bytes.length));
        const read = () => {
          for (const { values } of many) reader.column(new Float64Array(values.length), values.length);
        };
        expect(read).toThrow(expect.objectContaining({ code: "CE_STATE_CORRUPT" }));
      }),
    );
  });

  it("stay what they were: logs of earlier versions are replayed to the same bytes", () => {
    const bytes = written([
      { values: [1, -1, 300, 2 ** 40], isRising: false },
      { values: Int32Array.of(5, 6, 9), isRising: true },
      { values: [8, 8, 8], isRising: true },
      { values: [0.5, -0], isRising: false },
    ]);
    const columnByColumn = ["000201d804808080808040", "010a0206", "0210", "03000000000000e03f0000000000000080"];
    expect(Buffer.from(bytes).toString("hex")).toBe(columnByColumn.join(""));
  });
});
