import { describe, expect, it } from "vitest";
import { bits, Folding, leaves, pieces } from "./events";

const chat = (delta: object): string => `data: ${JSON.stringify({ choices: [{ index: 0, delta }] })}\n\n`;

describe("pieces", () => {
  it.each([
    ["", []],
    ["event: ping\ndata: {}\n\n", ["ping"]],
    ['data: {"type": "message_stop"}\r\n\r\ndata: [DONE]\r\n\r\n', ["message_stop", ""]],
    ['{"candidates": []}', [""]],
  ])("%j", (text, names) => expect(pieces(text).map((one) => one.name)).toEqual(names));
});

describe("bits", () => {
  it.each([
    ["chat", { choices: [{ delta: { content: "Hi" } }] }, "Hi", "text"],
    ["chat, reasoning", { choices: [{ delta: { reasoning_content: "Hm" } }] }, "Hm", "reasoning"],
    ["completions", { choices: [{ text: "Hi" }] }, "Hi", "text"],
    ["anthropic", { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "Hi" } }, "Hi", "text"],
    ["anthropic, arguments", { type: "content_block_delta", index: 1, delta: { partial_json: "{" } }, "{", "arguments"],
    ["gemini", { candidates: [{ content: { parts: [{ text: "Hi" }] } }] }, "Hi", "text"],
    ["gemini, thought", { candidates: [{ content: { parts: [{ text: "Hm", thought: true }] } }] }, "Hm", "reasoning"],
    ["responses", { type: "response.output_text.delta", delta: "Hi" }, "Hi", "text"],
    ["ollama", { message: { content: "Hi" }, done: false }, "Hi", "text"],
  ])("%s", (_, event, text, kind) => expect(bits(event)).toEqual([{ kind, text, of: expect.any(String) as string }]));

  it.each([null, 7, "text", {}, { choices: [null] }, { type: "ping" }])("nothing of %j", (event) => expect(bits(event)).toEqual([]));
});

describe("folding", () => {
  it("goes on where it stopped", () => {
    const folding = new Folding("client");
    const events = [{ provider: "", client: chat({ content: "Hel" }) }];
    expect(folding.upTo(events).text).toBe("Hel");
    events.push({ provider: "", client: chat({ content: "lo" }) + chat({ tool_calls: [{ index: 0, function: { name: "look", arguments: "{" } }] }) });
    events.push({ provider: "", client: chat({ tool_calls: [{ index: 0, function: { arguments: "}" } }] }) });
    expect(folding.upTo(events)).toMatchObject({ text: "Hello", calls: [{ name: "look", arguments: "{}" }] });
  });

  it("begins anew when an event came in between", () => {
    const folding = new Folding("client");
    const [first, second, third] = ["a", "b", "c"].map((text) => ({ provider: "", client: chat({ content: text }) }));
    expect(folding.upTo([first!, third!]).text).toBe("ac");
    expect(folding.upTo([first!, second!, third!]).text).toBe("abc");
  });
});

describe("leaves", () => {
  it("mark what the event before had alike", () => {
    expect(leaves({ id: "x", delta: { text: "b" } }, { id: "x", delta: { text: "a" } })).toEqual([
      { path: "id", text: "x", constant: true },
      { path: "delta.text", text: "b", constant: false },
    ]);
  });
});
