import { describe, expect, it } from "vitest";
import type { EventPair } from "./api";
import { tiesOf } from "./events";
import { isMade, isNothing, linesOf } from "./timeline-lines";

const event = (n: number, client: string, more: Partial<EventPair> = {}): EventPair =>
  ({ n, at: n, name: client.trim() ? "delta" : "ping", provider: "{}", client, call: 0, attempt: 0, notes: [], injected: false, ...more });
const open = { ties: null, unfolded: new Set<number>(), shown: null };
const ns = (events: EventPair[], folds: Parameters<typeof linesOf>[1] = open): string[] =>
  linesOf(events, folds).map((line) => (line.count > 1 ? `${line.first.n}-${line.last.n}` : `${line.first.n}`));

const stream = [event(0, "a"), event(1, ""), event(2, " \n"), event(3, "", { name: "block_stop" }), event(4, "b"), event(5, ""), event(6, "")];

describe("lines of a timeline", () => {
  it.each([
    ["fold a run that became nothing", open, ["0", "1-3", "4", "5", "6"]],
    ["unfold one that was opened", { ...open, unfolded: new Set([1]) }, ["0", "1", "2", "3", "4", "5", "6"]],
    ["unfold one that holds what is shown", { ...open, shown: 2 }, ["0", "1", "2", "3", "4", "5", "6"]],
    ["fold nothing where nothing is what is asked for", null, ["0", "1", "2", "3", "4", "5", "6"]],
    ["unfold what became part of a later one", { ...open, ties: tiesOf([{ from: "events[2].a", to: "events[4][0].a" }]) }, ["0", "1", "2", "3", "4", "5", "6"]],
  ])("%s", (_, folds, lines) => expect(ns(stream, folds)).toEqual(lines));

  it("know what was made by the gateway from what was held back", () => {
    const ties = tiesOf([{ from: "events[2].a", to: "events[4][0].a" }]);
    const late = event(4, "b", { provider: "" });
    expect([isMade(late, null), isMade(late, ties), isNothing(stream[2]!, null), isNothing(stream[2]!, ties)]).toEqual([true, false, true, false]);
  });

  it("keep what was injected or bent in sight", () => {
    const note = { path: "x", fate: "dropped", old: null, new: null, detail: "", weight: 5, lost: true };
    expect(ns([event(0, ""), event(1, "", { injected: true }), event(2, ""), event(3, "", { notes: [note] })])).toEqual(["0", "1", "2", "3"]);
  });

  it("say what is behind them, and where they begin", () => {
    expect(linesOf(stream, open)[1]).toMatchObject({ names: "2 × ping, block_stop", count: 3, at: 1 });
  });
});
