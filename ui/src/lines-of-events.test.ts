import { describe, expect, it } from "vitest";
import type { EventPair } from "./api";
import { linesOf } from "./lines-of-events";

const event = (n: number, client: string, more: Partial<EventPair> = {}): EventPair =>
  ({ n, at: n, name: client.trim() ? "delta" : "ping", provider: "{}", client, call: 0, attempt: 0, notes: [], injected: false, ...more });
const ns = (events: EventPair[], folds = true, unfolded: number[] = [], shown: number | null = null): string[] =>
  linesOf(events, folds, new Set(unfolded), shown).map((line) => (line.count > 1 ? `${line.first.n}-${line.last.n}` : `${line.first.n}`));

const stream = [event(0, "a"), event(1, ""), event(2, " \n"), event(3, "", { name: "block_stop" }), event(4, "b"), event(5, ""), event(6, "")];

describe("lines of a timeline", () => {
  it.each([
    ["fold a run that became nothing", {}, ["0", "1-3", "4", "5", "6"]],
    ["unfold one that was opened", { unfolded: [1] }, ["0", "1", "2", "3", "4", "5", "6"]],
    ["unfold one that holds what is shown", { shown: 2 }, ["0", "1", "2", "3", "4", "5", "6"]],
    ["fold nothing where nothing is what is asked for", { folds: false }, ["0", "1", "2", "3", "4", "5", "6"]],
  ])("%s", (_, { folds = true, unfolded = [], shown = null }: { folds?: boolean; unfolded?: number[]; shown?: number | null }, lines) =>
    expect(ns(stream, folds, unfolded, shown)).toEqual(lines));

  it("keep what was injected or bent in sight", () => {
    const note = { path: "x", fate: "dropped", old: null, new: null, detail: "", weight: 5, lost: true };
    expect(ns([event(0, ""), event(1, "", { injected: true }), event(2, ""), event(3, "", { notes: [note] })])).toEqual(["0", "1", "2", "3"]);
  });

  it("say what is behind them, and where they begin", () => {
    expect(linesOf(stream, true, new Set(), null)[1]).toMatchObject({ names: "2 × ping, block_stop", count: 3, at: 1 });
  });
});
