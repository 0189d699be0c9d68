import { Fragment, h, options, type VNode } from "preact";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { pieces, showUnseen, visible } from "./unseen";

describe("what is not seen", () => {
  it.each([
    ["a direction", "user\u202egpj.exe", "user\\u202egpj.exe"],
    ["isolates", "\u2066a\u2069", "\\u2066a\\u2069"],
    ["zero width", "a\u200bb\u200cc\u200dd\ufeff", "a\\u200bb\\u200cc\\u200dd\\ufeff"],
    ["a terminal's", "\u001b[31mred\u009b", "\\u001b[31mred\\u009b"],
    ["nul and delete", "\0\x7f", "\\u0000\\u007f"],
    ["tags, in which whole texts hide", "a\u{e0041}", "a\\u{e0041}"],
    ["selectors, in which they do as well", "a\u{e0101}", "a\\u{e0101}"],
    ["separators of lines", "a\u2028b", "a\\u2028b"],
    ["half a pair", "a\ud83db", "a\\ud83db"],
    ["a return alone", "safe\rhidden", "safe\\u000dhidden"],
    ["fillers", "\u3164\u00ad", "\\u3164\\u00ad"],
  ])("%s", (_, text, shown) => expect(visible(text)).toBe(shown));

  it.each([
    ["lines and tabs", "a\n\tb\r\nc"],
    ["other scripts", "שלום مرحبا 日本語"],
    ["emoji of several", "👩‍💻 👨🏽‍🚒 ❤️‍🔥 👍🏽"],
    ["accents", "e\u0301"],
  ])("%s are seen", (_, text) => expect(visible(text)).toBe(text));

  it("is bounded", () => {
    const found = pieces("\0".repeat(5000));
    expect(found.length).toBeLessThan(500);
    expect(found.join("")).toBe("\\u0000".repeat(5000));
  });
});

describe("elements", () => {
  const before = options.vnode;
  beforeEach(showUnseen);
  afterEach(() => {
    options.vnode = before;
  });
  const text = (node: unknown): string => {
    if (Array.isArray(node)) return node.map(text).join("");
    if (typeof node === "string") return node;
    return node ? text((node as VNode<{ children?: unknown }>).props.children) : "";
  };

  it.each<[string, () => VNode]>([
    ["one text", () => h("p", null, "a\u202eb")],
    ["several", () => h("p", null, "a", "\u202e", "b")],
    ["those of a list", () => h("p", null, ["a", ["\u202e"], h("b", null, "b")])],
    ["without an element", () => h(Fragment, null, "a\u202eb")],
    ["an option", () => h("option", null, "a\u202eb")],
  ])("show it: %s", (_, made) => expect(text(made())).toBe("a\\u202eb"));

  it("mark it", () => {
    const marked = JSON.stringify(h("p", null, "a\u202eb").props);
    expect(marked).toContain('"class":"unseen"');
    expect(JSON.stringify(h("p", null, "a\\u202eb").props)).not.toContain("unseen");
  });

  it("show it in their names", () => {
    const { props } = h("a", { title: "\u202ea", "aria-label": "\u202eb", href: "#\u202ec" });
    expect(props).toMatchObject({ title: "\\u202ea", "aria-label": "\\u202eb", href: "#\u202ec" });
  });

  it("leave what is edited as it is", () => {
    expect(h("textarea", { value: "\u202e" }).props.value).toBe("\u202e");
  });
});
