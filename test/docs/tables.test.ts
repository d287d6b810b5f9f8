import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { withTables } from "../../bench/tables.ts";

/** Without the padding that the formatter gives to tables. */
const plain = (text: string) => text.replace(/ +/g, " ").replace(/-+/g, "-").replace(/\n+/g, "\n");

describe("the README's tables", () => {
  it("are those of the committed bench results", () => {
    const readme = readFileSync(join(resolve(import.meta.dirname, "../.."), "README.md"), "utf8");
    expect(plain(readme)).toBe(plain(withTables(readme)));
  });
});
