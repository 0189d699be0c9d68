import { describe, expect, it } from "vitest";
import type { EventPair, Summary } from "./api";
import { sdkOf } from "./actions";
import { clock, count, ms, size } from "./format";
import { linesOf } from "./list-lines";
import { toggled, words } from "./query";
import { parseRoute, toHash } from "./route";
import { grow, merge } from "./store";

const row = (id: string, started: string, conversation: string | null = null): Summary => ({ id, seq: Number(started), started, conversation }) as Summary;
const event = (n: number): EventPair => ({ n }) as EventPair;

describe("figures", () => {
  it.each([[null, "–"], [0.42, "0.4 ms"], [38.4, "38 ms"], [1250, "1.25 s"], [125_000, "2 min 05 s"]])("%s ms", (value, text) => expect(ms(value)).toBe(text));
  it.each([[812, "812 B"], [5200, "5.2 kB"], [5_000_000, "5.0 MB"]])("%s bytes", (value, text) => expect(size(value)).toBe(text));
  it.each([[940, "940"], [12_400, "12.4k"], [1_200_000, "1.2M"]])("%s", (value, text) => expect(count(value)).toBe(text));
  it("leaves a time alone that is none", () => expect(clock("soon")).toBe("soon"));
});

describe("routes", () => {
  it.each([
    ["#/", { view: "list", q: "" }],
    ["#/?q=model%3Agpt%20x", { view: "list", q: "model:gpt x" }],
    ["#/x/a1", { view: "exchange", id: "a1", tab: "diff" }],
    ["#/x/a1/events/12", { view: "exchange", tab: "events", detail: "12" }],
    ["#/compare/a,b", { view: "compare", id: "a,b" }],
    ["#/x/%E0%A4%A", { view: "exchange", id: "%E0%A4%A" }],
  ])("%s", (hash, route) => expect(parseRoute(hash)).toMatchObject(route));

  it("keeps any path", () => {
    const path = "messages[0].content/with?odd#signs";
    expect(parseRoute(toHash("a", "client_request", path))).toMatchObject({ tab: "client_request", detail: path });
  });
});

describe("filters", () => {
  it.each([
    ["", "end:failed", "end:failed"],
    ["a end:failed b", "end:failed", "a b"],
    ['note:"two words" x', 'note:"two words"', "x"],
  ])("%s with %s", (q, word, now) => expect(toggled(q, word)).toBe(now));
  it("keeps quoted words whole", () => expect(words('a "b c" d:"e f"')).toEqual(["a", '"b c"', 'd:"e f"']));
});

describe("the list", () => {
  it("puts what is new first and changes what is there", () => {
    const items = [row("b", "2"), row("a", "1")];
    const now = merge(items, new Map([["c", row("c", "3")], ["a", row("a", "1", "x")]]), true);
    expect(now.map((one) => one.id)).toEqual(["c", "b", "a"]);
    expect(now[2]?.conversation).toBe("x");
    expect(merge(items, new Map([["c", row("c", "3")]]), false)).toHaveLength(2);
  });

  it("puts turns of a conversation together", () => {
    const lines = linesOf([row("c", "3", "x"), row("b", "2"), row("a", "1", "x")], { grouped: true, folded: new Set(), gone: 4 });
    expect(lines.map((line) => (line.kind === "row" ? `${line.x.id}${line.turn}` : line.kind))).toEqual(["group", "c2", "a1", "b0", "gone"]);
  });
});

describe("events", () => {
  it("are added once each", () => {
    const held = [event(0), event(1)];
    expect(grow(held, [event(1), event(2)]).map((one) => one.n)).toEqual([0, 1, 2]);
    expect(grow(held, [event(1)])).toBe(held);
    expect(grow([event(0), event(3)], [event(1), event(2)]).map((one) => one.n)).toEqual([0, 1, 2, 3]);
  });
});

describe("actions", () => {
  it.each([["anthropic", "provider", "anthropic"], ["gemini", "provider", "google-genai"], ["chat", "provider", "openai"], ["anthropic", "client", "openai"]] as const)(
    "%s, %s leg", (provider_dialect, leg, sdk) => expect(sdkOf({ provider_dialect }, leg)).toBe(sdk),
  );
});
