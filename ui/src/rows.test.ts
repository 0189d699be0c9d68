import { describe, expect, it } from "vitest";
import type { Link, Note } from "./api";
import { Links } from "./paths";
import { ofAnswer, Places, rowsOf, valueAt, type Told } from "./rows";

const link = (from: string | null, to: string | null, rule: Link["rule"], note: number | null = null): Link => ({ from, to, rule, note, detail: "why" });
const dropped: Note = { path: "seed", fate: "dropped", old: 42, new: null, detail: "It takes no seed.", weight: 5, lost: true };
const told = (links: Link[], more: Partial<Told> = {}): Told => ({ side: "from", links: new Links(links), known: true, notes: [], other: undefined, ...more });
const none = new Set<string>();

describe("rows", () => {
  it("strike through what is lost, with the whole reason", () => {
    const rows = rowsOf({ seed: 42 }, told([], { notes: [dropped] }), none, true);
    expect(rows.find((row) => row.path === "seed")).toMatchObject({ state: "lost", why: "It takes no seed.", text: "42" });
  });

  it("tell a value of which nothing is lost from a loss", () => {
    const [, row] = rowsOf({ n: 1 }, told([link("n", null, "dropped")]), none, true);
    expect(row).toMatchObject({ state: "unsent", rule: "not sent", why: "why", text: "1" });
  });

  it("fold a run of equal members and name them", () => {
    const links = ["a", "b", "c"].map((name) => link(name, name, "copied"));
    const rows = rowsOf({ a: 1, b: 2, c: 3, d: 4 }, told(links), none, true);
    expect(rows.map((row) => row.text)).toEqual(["{", "3 equal lines: a, b, c", "4", "}"]);
    expect(rowsOf({ a: 1, b: 2, c: 3, d: 4 }, told(links), new Set(["#0"]), true)).toHaveLength(6);
  });

  it("count the lines of what is folded inside", () => {
    const rows = rowsOf({ m: { a: 1, b: 2, c: 3 } }, told([link("m", "m", "copied")]), none, true);
    expect(rows[1]).toMatchObject({ kind: "fold", lines: 5, opens: "#0" });
    expect(rowsOf({ m: { a: 1, b: 2, c: 3 } }, told([link("m", "m", "copied")]), new Set(["#0"]), true)).toHaveLength(7);
  });

  it("unfold around the path that is shown", () => {
    const rows = rowsOf({ m: { a: 1, b: 2, c: 3 } }, told([link("m", "m", "copied")]), none, true, "m.b");
    expect(rows.map((row) => row.path)).toContain("m.b");
  });

  it("take a copy in a list that got shorter for equal, and one elsewhere for moved", () => {
    const links = [link("messages[1].role", "messages[0].role", "copied"), link("user", "metadata.user_id", "copied")];
    const rows = rowsOf({ messages: [{}, { role: "user" }], user: "u" }, told(links), none, false);
    expect(rows.find((row) => row.path === "messages[1].role")?.state).toBe("equal");
    expect(rows.find((row) => row.path === "user")?.state).toBe("moved");
  });

  it("compare where nobody tells, and only then", () => {
    const other = { a: 1 };
    expect(rowsOf({ a: 1 }, told([], { known: false, other }), none, true)[1]?.state).toBe("equal");
    expect(rowsOf({ a: 1 }, told([], { known: true, other }), none, true)[1]?.state).toBe("plain");
  });

  it("cut a long text until it is opened", () => {
    const text = "x".repeat(5000);
    expect(rowsOf({ text }, told([]), none, true)[1]).toMatchObject({ length: 5000, text: text.slice(0, 600) });
    expect(rowsOf({ text }, told([]), new Set(["text"]), true)[1]?.text).toHaveLength(5000);
  });

  it("put a loss that the body never had where it would be", () => {
    const thinking = { ...dropped, path: "thinking.budget", old: 3276 };
    const [, , row] = rowsOf({ model: "x" }, told([], { notes: [thinking] }), none, true);
    expect(row).toMatchObject({ ghost: true, key: "thinking.budget", text: "3276", state: "lost", why: thinking.detail });
    expect(rowsOf({ model: "x" }, told([{ ...link("model", null, "dropped", 0) }], { notes: [thinking] }), none, true)).toHaveLength(3);
  });

  it("take a note's word where no rule tells", () => {
    const weaker: Note = { ...dropped, path: "effort", fate: "approximated", lost: false, detail: "A weaker form." };
    const rows = rowsOf({ effort: "high" }, told([link("effort", null, "unknown")], { notes: [weaker] }), none, true);
    expect(rows[1]).toMatchObject({ state: "changed", rule: "approximated", why: "A weaker form." });
  });

  it("know where each path is, in a fold, too", () => {
    const rows = rowsOf({ m: { a: 1, b: { c: 2 } }, d: 4 }, told([link("m.a", "m.a", "copied"), link("m.b.c", "m.b.c", "copied")]), none, true);
    const places = new Places(rows);
    expect(rows[places.of("m.b.c")]?.kind).toBe("fold");
    expect(rows[places.of("d")]?.key).toBe("d");
    expect(places.of("d.e")).toBe(places.of("d"));
    expect(places.of("nowhere")).toBe(0);
  });

  it.each([["messages[0].name", false], ["choices[0].message.content", true], ["content[0].citations", true], ["max_output_tokens", false], ["output[1]", true], ["event.message_start", true], ["response_format", false], ["citations.char_location", true], ["stop_details.category", true], ["seed", false]])(
    "tell whether a note on %s is on the answer", (path, is) => expect(ofAnswer({ ...dropped, path })).toBe(is));

  it("tell that a note which an event has is on the answer", () => {
    const note = { ...dropped, path: "carbon_mg" };
    const pair = { n: 3, at: 0, name: "", provider: "{}", client: "", call: 0, attempt: 1, notes: [note], injected: false };
    expect([ofAnswer(note), ofAnswer(note, [pair])]).toEqual([false, true]);
  });

  it("find a value", () => expect(valueAt({ a: [{ b: 7 }] }, "a[0].b")).toBe(7));
});
