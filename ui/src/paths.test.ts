import { describe, expect, it } from "vitest";
import type { Link } from "./api";
import { join, Links, parent } from "./paths";

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
