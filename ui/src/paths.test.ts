import { describe, expect, it } from "vitest";
import type { Link } from "./api";
import { abreast, join, Links, parent } from "./paths";

const link = (from: string | null, to: string | null): Link => ({ from, to, rule: "moved", note: null, detail: null });

describe("paths", () => {
  it.each([
    ["", "model", "model"],
    ["messages", 0, "messages[0]"],
    ["messages[0]", "content", "messages[0].content"],
  ])("%s and %s are %s, and back", (path, key, joined) => {
    expect(join(path, key)).toBe(joined);
    expect(parent(joined)).toBe(path);
  });

  it("ends at the top", () => expect(parent("")).toBeNull());
});

describe("links", () => {
  const links = new Links([link("messages[0].content", "system[0].text"), link("tools[0].function.parameters", "tools[0].input_schema"), link("seed", null), link("stop", "stop_sequences")]);

  it.each([
    ["from", "messages[0].content", ["system[0].text"]],
    ["to", "system[0].text", ["messages[0].content"]],
    ["from", "tools[0].function.parameters.type", ["tools[0].input_schema.type"]],
    ["to", "tools[0].input_schema.required[0]", ["tools[0].function.parameters.required[0]"]],
    ["from", "seed", [null]],
    ["from", "messages[1].content", []],
    ["from", "stop[1]", ["stop_sequences[1]"]],
  ] as const)("%s %s", (side, path, found) => {
    const other = side === "from" ? "to" : "from";
    expect(links.find(side, path).map((one) => one[other])).toEqual(found);
  });
});

describe("values that were made anew", () => {
  const computed: Link = { from: "messages[2].tool_calls[0].function", to: "messages[1].content[0]", rule: "computed", note: null, detail: null };
  const streamed: Link = { from: "events[4].delta", to: "events[4][1].choices[0].delta", rule: "moved", note: null, detail: null };
  const links = new Links([computed, streamed]);
  it("lead to the whole of what was made of them", () => {
    expect(links.find("from", "messages[2].tool_calls[0].function.arguments")).toEqual([computed]);
    expect(links.find("to", "messages[1].content[0].input.city")).toEqual([computed]);
  });
  it("are told from what was handed on, also in a stream", () => {
    expect(links.find("from", "events[4].delta.text").map((one) => one.to)).toEqual(["events[4][1].choices[0].delta.text"]);
    expect(links.find("to", "events[4][1].choices[0].delta.text").map((one) => one.from)).toEqual(["events[4].delta.text"]);
  });
});

describe("what stands abreast", () => {
  it.each([
    [[], []],
    [[[1, 1], [2, 2]], [[1, 1], [2, 2]]],
    [[[1, 9], [2, 2], [3, 3], [4, 1]], [[2, 2], [3, 3]]],
    [[[1, 2], [2, 2], [3, 2]], [[1, 2]]],
  ])("%j", (pairs, kept) => {
    const found = abreast(pairs as [number, number][]);
    expect(found).toHaveLength(kept.length);
    expect(found.every(([a, b], i) => i === 0 || (a > found[i - 1]![0] && b > found[i - 1]![1]))).toBe(true);
  });
});
