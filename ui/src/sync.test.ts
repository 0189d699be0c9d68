import { describe, expect, it } from "vitest";
import type { Link } from "./api";
import { Links } from "./paths";
import { Places, rowsOf } from "./rows";
import { anchorsOf, followed, joins, stubs, type Join, type Seen } from "./sync";

const link = (from: string | null, to: string | null, rule: Link["rule"] = "moved"): Link => ({ from, to, rule, note: null, detail: "" });
const seen = (rows: number, top: number, height = 100): Seen => ({ start: (row) => row * 20, total: rows * 20, top, height });
const join = (from: number, to: number): Join => ({ from, to, rule: "moved" });

describe("joins", () => {
  const links = [link("b", "c.b", "copied"), link("b", "c.b", "computed"), link("a", null, "dropped"), link("zzz", "c.b")];
  const of = (body: unknown, side: "from" | "to"): Places => new Places(rowsOf(body, { side, links: new Links(links), known: true, notes: [], other: null }, new Set(), false));
  it("are of rows that are there, once, by the rule that tells most", () => {
    expect(joins(links, of({ a: 1, b: 2 }, "from"), of({ c: { b: 2 } }, "to"))).toEqual([{ from: 2, to: 2, rule: "computed" }]);
  });
});

describe("following", () => {
  const same = anchorsOf(Array.from({ length: 30 }, (_, i) => join(i + 1, i + 1)));
  it("keeps alike panes alike", () => expect(followed(same, seen(40, 123), seen(40, 0))).toBeCloseTo(123));
  it.each([[0, 0], [700, 1500]])("is at the ends together: %d", (top, there) => expect(followed([[0, 0]], seen(40, top), seen(80, 0))).toBe(there));
  it("puts what is joined at one height", () => {
    const anchors = anchorsOf([join(10, 50)]);
    const mine = seen(100, 10 * 20 - 10.5);
    const there = followed(anchors, mine, seen(140, 0));
    expect(50 * 20 - there).toBeCloseTo(10 * 20 - mine.top, -1);
  });
  it("leaves lines that cross out", () => expect(anchorsOf([join(1, 9), join(2, 2), join(3, 3)])).toEqual([[0, 0], [2, 2], [3, 3]]));
});

describe("stubs", () => {
  it("are where a value ends, once for all that it held", () => {
    const links = new Links([link("gone", null, "dropped"), link("open", null, "unknown")]);
    const notes = [{ path: "gone", fate: "dropped", old: null, new: null, detail: "Why.", weight: 5, lost: true }];
    const rows = rowsOf({ gone: { x: { y: 1 } }, open: 2 }, { side: "from", links, known: true, notes, other: null }, new Set(), true);
    expect(stubs(rows).map(({ row, state }) => [rows[row]!.path, state])).toEqual([["gone", "lost"], ["open", "unknown"]]);
  });
});
