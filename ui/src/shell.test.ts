import { afterEach, describe, expect, it, vi } from "vitest";
import source from "../../addons/inspector/search.py?raw";
import type { Page, Summary } from "./api";
import { indented, ordered, withModel, wrongJson } from "./asking";
import { difference } from "./compare";
import { count, ms } from "./format";
import { linesOf, stepsOf } from "./list-lines";
import { KEYS, chosen, isChip, marked, mistake, settled, suggestions, wanted } from "./query";
import { apart } from "./replayed";
import { keptTab, parseRoute } from "./route";
import { ranged } from "./selection";
import { firstCommand } from "./states";
import { NOTHING, Reader, Recent, merge, renewed, without, type Listing } from "./store";

const row = (seq: number, more: Partial<Summary> = {}): Summary =>
  ({ id: `x${seq}`, seq, started: new Date().toISOString(), conversation: null, model: "gpt", provider: "openai", client: "ci", ...more }) as Summary;
const page = (seqs: number[], total: number): Page => ({ exchanges: seqs.map((seq) => row(seq)), total, gone: 0, more: total > seqs.length });
const ids = (items: readonly Summary[]): string[] => items.map((one) => one.id);

describe("the query language", () => {
  it("has the keys that the gateway has", () => {
    const of = (name: string): string[] => [...source.slice(source.indexOf(`${name}: Mapping`)).split(/^\}/m)[0]!.matchAll(/^ {4}"([a-z_]+)":/gm)].map((found) => found[1]!);
    const ours = (kind: string): string[] => KEYS.filter((key) => key.kind === kind).map((key) => key.name).sort();
    expect({ text: ours("text"), truth: ours("truth"), number: ours("number") }).toEqual({ text: of("TEXTS").sort(), truth: of("TRUTHS").sort(), number: of("NUMBERS").sort() });
  });

  it.each([
    ["model:gpt", true], ["-model:gpt", true], ["status:4xx", true], ["duration>2s", true], ["gap>=1.5s", true], ['client:"a b"', true],
    ["model:", false], ["model>3", false], ["duration>soon", false], ["colour:blue", false], ["http://x", false], ["word", false],
  ])("%s is a filter: %s", (word, is) => expect(isChip(word)).toBe(is));

  it.each([["mod", ""], ["duration>soon", "wants a number"], ["model>3", "takes a colon"], ["colour>3", "no number"], ["model:gpt x", ""], ["http://x", ""]])(
    "%s: %s", (q, why) => (why ? expect(mistake(q)).toContain(why) : expect(mistake(q)).toBe("")),
  );

  it.each([["model:", ""], ["model:gpt duration>", "model:gpt"], ["-client: x", "x"], ["colour: x", "colour: x"], ["a b", "a b"]])(
    "of %j is asked %j", (q, asked) => expect(settled(q)).toBe(asked),
  );

  it.each([
    ["", "model", "gpt-5", "model:gpt-5"],
    ["model:a x", "model", "b", "x model:b"],
    ["x model:b", "model", "b", "x"],
    ["", "client", "two words", 'client:"two words"'],
  ])("%j with %s %s", (q, key, value, now) => expect(chosen(q, key, value)).toBe(now));

  it.each([
    ["mod", ["model:"]],
    ["x model:", ["x model:gpt ", "x model:kimi "]],
    ["model:k", ["model:kimi "]],
    ["model:kimi", []],
    ["-stream:", ["-stream:yes ", "-stream:no "]],
    ["zzz", []],
  ])("%j may become %j", (q, become) => {
    const found = suggestions(q, [row(1), row(2, { model: "kimi" })]);
    expect(found.slice(0, 2).map((one) => one.q)).toEqual(become);
  });

  it.each([
    ["iceland", "Of Iceland", ["Of ", "Iceland", ""]],
    ["model:gpt", "gpt-5", ["gpt-5"]],
    ["-iceland", "Iceland", ["Iceland"]],
    ["status:200", "200", ["200"]],
    ["a+b(", "x a+b( y", ["x ", "a+b(", " y"]],
    ['"two words"', "Two words", ["", "Two words", ""]],
  ])("%j in %j", (q, text, pieces) => expect(marked(text, wanted(q))).toEqual(pieces));
});

describe("answers that come late", () => {
  afterEach(() => vi.unstubAllGlobals());

  /** A list of the query `q`, whose pages come when they are let go. */
  function reading(q: string): { query: { current: string }; reader: Reader; asked: string[]; answer: (n: number, seqs: number[], total: number) => Promise<void>; list: () => Listing } {
    const query = { current: q };
    let list = NOTHING;
    const asked: string[] = [];
    const held: ((answer: unknown) => void)[] = [];
    vi.stubGlobal("fetch", (path: string, { signal }: RequestInit) => {
      asked.push(path.replace(/.*q=(.*?)&limit=\d+/, "$1"));
      return new Promise((resolve, reject) => {
        held.push(resolve);
        signal!.addEventListener("abort", () => reject(new DOMException("", "AbortError")));
      });
    });
    const answer = async (n: number, seqs: number[], total: number): Promise<void> => {
      held[n]!({ ok: true, json: async () => page(seqs, total) });
      await new Promise((resolve) => setTimeout(resolve));
    };
    return { query, reader: new Reader(query, (change) => { list = change(list); }), asked, answer, list: () => list };
  }

  it("leaves none of the query before in a list", async () => {
    const { query, reader, asked, answer, list } = reading("a");
    reader.read();
    await answer(0, [9, 8, 1], 3);
    query.current = "b";
    reader.read();
    reader.read();
    await answer(1, [9, 7], 5);
    expect([list().q, ids(list().items), list().more, asked]).toEqual(["b", ["x9", "x7"], true, ["a", "b", "b"]]);
  });

  it("does not begin again what is on its way", async () => {
    const { reader, asked, answer, list } = reading("a");
    for (let n = 0; n < 9; n++) reader.read();
    await answer(0, [2, 1], 2);
    await answer(1, [3, 2, 1], 3);
    expect([ids(list().items), asked]).toEqual([["x3", "x2", "x1"], ["a", "a"]]);
  });

  it("adds what is older, whatever is new meanwhile", async () => {
    const { query, reader, asked, answer, list } = reading("");
    reader.read();
    await answer(0, [9, 8], 5);
    reader.readOlder("x8");
    reader.read();
    await answer(2, [10, 9], 6);
    await answer(1, [7, 6], 5);
    expect([ids(list().items), asked]).toEqual([["x10", "x9", "x8", "x7", "x6"], ["", "&before=x8", ""]]);
    reader.readOlder("x6");
    query.current = "b";
    reader.read();
    await answer(4, [4], 1);
    await answer(3, [5], 6);
    expect(ids(list().items)).toEqual(["x4"]);
  });
});

describe("a list that changes", () => {
  it("keeps what was read of it when its beginning is read again", () => {
    const items = [5, 4, 3, 2, 1].map((seq) => row(seq));
    const now = renewed(items, page([7, 6, 5, 4], 7));
    expect([ids(now.items), now.more]).toEqual([["x7", "x6", "x5", "x4", "x3", "x2", "x1"], false]);
    expect(ids(renewed(items, page([7, 6], 2)).items)).toEqual(["x7", "x6"]);
    expect(renewed(items, page([5, 4], 9)).more).toBe(true);
  });

  it("leaves no gap that nobody would fill", () => {
    const now = renewed([5, 4, 3].map((seq) => row(seq)), page([12, 11, 10], 12));
    expect([ids(now.items), now.more]).toEqual([["x12", "x11", "x10"], true]);
  });

  it("takes an id again that another had before", () => {
    const gone = new Recent();
    gone.add("before the list");
    const admitted = [["x1", 1], ["x2", 2], ["before the list", 1]].map(([id, seq]) => gone.admits({ id, seq } as Summary));
    gone.add("x1");
    const later = [1, 3, 3].map((seq) => gone.admits({ id: "x1", seq }));
    gone.add("x2");
    gone.clear();
    expect([admitted, later, gone.admits({ id: "x2", seq: 1 })]).toEqual([[true, true, false], [false, true, true], true]);
  });

  it("marks where something went", () => {
    const now = without([row(4), row(3, { gone_before: 2 }), row(2), row(1)], ["x3", "x1", "x9"]);
    expect(now.map((one) => [one.id, one.gone_before])).toEqual([["x4", 3], ["x2", 1]]);
    expect(linesOf(now, { grouped: false, folded: new Set(), gone: 6 }).map((line) => (line.kind === "gone" ? line.n : line.kind))).toEqual(["row", 3, "row", 1, 2]);
  });

  it("keeps what only lists tell", () => {
    const now = merge([row(1, { gone_before: 3, found: "text" })], new Map([["x1", row(1, { model: "new" })]]), true);
    expect(now[0]).toMatchObject({ model: "new", gone_before: 3, found: "text" });
  });

  it("is not told by what comes late that something runs that has ended", () => {
    const [ended, running] = [row(1, { end: "complete" }), row(1, { end: "running" })];
    expect(merge([ended], new Map([["x1", running]]), true)[0]?.end).toBe("complete");
    expect(merge([running], new Map([["x1", ended]]), true)[0]?.end).toBe("complete");
    expect(renewed([ended], { exchanges: [running], total: 1, gone: 0, more: false }).items[0]?.end).toBe("complete");
  });

  it("says when a day begins", () => {
    const lines = linesOf([row(3), row(2, { started: "2020-05-02T10:00:00Z" }), row(1, { started: "2020-05-02T09:00:00Z" })], { grouped: false, folded: new Set(), gone: 0 });
    expect(lines.map((line) => line.kind)).toEqual(["row", "day", "row", "row"]);
  });

  it("steps over what is folded", () => {
    const items = [row(4, { conversation: "a" }), row(3), row(2, { conversation: "a" }), row(1, { conversation: "b" })];
    const steps = (folded: string[]): string[] => ids(stepsOf(linesOf(items, { grouped: true, folded: new Set(folded), gone: 0 })));
    expect(steps([])).toEqual(["x4", "x2", "x3", "x1"]);
    expect(steps(["a"])).toEqual(["x3", "x1"]);
  });

  it.each([["x4", "x2", ["x4", "x3", "x2"]], ["x2", "x4", ["x4", "x3", "x2"]], ["gone", "x3", ["x3"]]])("is selected from %s to %s", (from, to, now) => {
    expect([...ranged([row(4), row(3), row(2), row(1)], new Set(), from, to)]).toEqual(now);
  });
});

describe("a request that is edited", () => {
  it.each([
    ['{"a": 1}', null],
    ['{"a": 1,\n "b" 2}', "Line 2, column 6"],
    ['{"a": ', "Line 1, column 7"],
    ["", "Line 1, column 1"],
  ])("%j", (text, words) => (words === null ? expect(wrongJson(text)).toBeNull() : expect(wrongJson(text)!.words).toContain(words)));
  it("gets another model and indents", () => {
    expect(JSON.parse(withModel('{"model":"a","x":1}', "b"))).toEqual({ model: "b", x: 1 });
    expect([withModel("{", "b"), indented("{")]).toEqual(["{", "{"]);
  });
});

describe("what is beside each other", () => {
  it.each([["abc", "abd", [2, 0]], ["same", "same", [4, 0]], ["aXc", "aYYc", [1, 1]], ["aa", "aaa", [2, 0]], ["", "x", [0, 0]]])("%j and %j", (one, other, at) => expect(apart(one, other)).toEqual(at));
  it.each([[640, 520, ms, "+120 ms"], [100, 1100, ms, "−1.00 s"], [5, 5, count, ""], [null, 5, count, ""]] as const)("%s and %s", (now, then, told, words) => expect(difference(now, then, told)).toBe(words));
  it("puts models first that were used", () => expect(ordered(["a", "b", "c"], ["c", "gone"])).toEqual(["c", "a", "b"]));
});

describe("the way around", () => {
  it.each([["#/", ""], ["#/x/a", ""], ["#/x/a/events/4", "events"], ["#/x/a/client_request/model", ""], ["#/compare/a,b/timeline", ""]])("after %s the next opens with %j", (hash, tab) => expect(keptTab(parseRoute(hash))).toBe(tab));
  it("has a first command that a shell takes", () => expect(firstCommand("http://h:1/v1", "m")).toContain(`-d '{"model":"m"`));
});
