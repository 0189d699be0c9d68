import { describe, expect, it } from "vitest";
import { bits, Folding, leaves, lostIn, parsed, partner, Numbering, pieces, tiesOf } from "./events";

const chat = (delta: object): string => `data: ${JSON.stringify({ choices: [{ index: 0, delta }] })}\n\n`;

describe("parsed", () => {
  const nested = (depth: number): string => '{"a":['.repeat(depth / 2) + '"[[[[\\"{{{{"' + "]}".repeat(depth / 2);
  it.each([
    ["what anybody reads", nested(200), true],
    ["deeper than that", nested(202), false],
    ["deeper than the stack", nested(20_000), false],
    ["brackets in a text", JSON.stringify("[{".repeat(500)), true],
    ["many beside one another", `[${"[],".repeat(500)}{}]`, true],
  ])("%s", (_, text, known) => expect(parsed(text) !== undefined).toBe(known));
});

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
    ["bedrock", { contentBlockDelta: { contentBlockIndex: 1, delta: { text: "Hi" } } }, "Hi", "text"],
    ["bedrock, thought", { contentBlockDelta: { delta: { reasoningContent: { text: "Hm" } } } }, "Hm", "reasoning"],
    ["bedrock, end", { messageStop: { stopReason: "tool_use" } }, "tool_use", "end"],
    ["anthropic, end", { type: "message_delta", delta: { stop_reason: "end_turn" } }, "end_turn", "end"],
    ["responses, end", { type: "response.incomplete", response: { status: "incomplete", incomplete_details: { reason: "max_output_tokens" } } }, "max_output_tokens", "end"],
    ["ollama", { message: { content: "Hi" }, done: false }, "Hi", "text"],
  ])("%s", (_, event, text, kind) => expect(bits(event)).toEqual([{ kind, text, of: expect.any(String) as string, choice: 0 }]));

  it.each([null, 7, "text", {}, { choices: [null] }, { type: "ping" }])("nothing of %j", (event) => expect(bits(event)).toEqual([]));
});

describe("whole answers", () => {
  const call = { name: "look", arguments: "{}" };
  it.each([
    ["chat", { choices: [{ message: { content: "Hi", tool_calls: [{ function: call }] }, finish_reason: "tool_calls" }] }, "tool_calls"],
    ["anthropic", { type: "message", content: [{ type: "text", text: "Hi" }, { type: "tool_use", name: "look", input: {} }], stop_reason: "tool_use" }, "tool_use"],
    ["bedrock", { output: { message: { content: [{ text: "Hi" }, { toolUse: { name: "look", input: {} } }] } }, stopReason: "tool_use" }, "tool_use"],
    ["gemini", { candidates: [{ content: { parts: [{ text: "Hi" }, { functionCall: { name: "look", args: {} } }] }, finishReason: "STOP" }] }, "STOP"],
    ["ollama", { message: { content: "Hi", tool_calls: [{ function: { name: "look", arguments: {} } }] }, done: true, done_reason: "stop" }, "stop"],
    ["responses", { object: "response", status: "completed", output: [{ type: "message", content: [{ type: "output_text", text: "Hi" }] }, { type: "function_call", ...call }] }, "completed"],
  ])("%s", (_, answer, end) =>
    expect(new Folding("client").upTo([{ provider: "", client: JSON.stringify(answer) }])).toMatchObject({ text: "Hi", calls: [call], ends: [end] }));
});

describe("folding", () => {
  it("tells the choices and the calls of a provider apart", () => {
    const events = [0, 1].map((n) => ({ n, call: n, provider: JSON.stringify({ choices: [{ index: 0, delta: { content: `${n}` }, finish_reason: "stop" }] }), client: chat({ content: "x" }).replace('"index":0', `"index":${n}`) }));
    for (const side of ["provider", "client"] as const) {
      const folded = new Folding(side).upTo(events);
      expect(folded.blocks.map((one) => [one.choice, one.events])).toEqual([[0, [0]], [1, [1]]]);
    }
    expect(new Folding("provider").upTo(events).ends).toEqual(["stop", "stop"]);
  });

  it("puts what two calls that grow at once say into each, and finds them on the other side", () => {
    const piece = (index: number, text: string): object => ({ type: "content_block_delta", index, delta: { partial_json: text } });
    const begin = (index: number): object => ({ type: "content_block_start", index, content_block: { type: "tool_use", name: "look" } });
    const said = [begin(1), begin(2), piece(1, "[1"), piece(2, "[2"), piece(1, "]"), piece(2, "]")];
    const events = said.map((one, n) => {
      const of = (one as { index: number }).index - 1;
      const text = (one as { delta?: { partial_json: string } }).delta?.partial_json;
      return { n, provider: JSON.stringify(one), client: chat({ tool_calls: [{ index: of, function: text === undefined ? { name: "look" } : { arguments: text } }] }) };
    });
    const provider = new Folding("provider").upTo(events).blocks;
    const client = new Folding("client").upTo(events).blocks;
    expect(provider.map((one) => one.text)).toEqual(["[1]", "[2]"]);
    expect(provider.map((_, i) => partner(provider, i, client, null)?.text)).toEqual(["[1]", "[2]"]);
    expect(provider[1]?.events).toEqual([1, 3, 5]);
  });

  it("keeps calls apart that come whole, and finds them where they were held back", () => {
    const call = (at: string): object => ({ functionCall: { name: "book", args: { at } } });
    const gemini = { candidates: [{ content: { parts: [{ ...call("7"), thoughtSignature: "abc" }, call("8")] } }] };
    const later = ["7", "8"].map((at, index) => chat({ tool_calls: [{ index, function: { name: "book", arguments: JSON.stringify({ at }) } }] }));
    const events = [{ n: 2, provider: JSON.stringify(gemini), client: "" }, { n: 4, provider: "", client: later.join("") }];
    const provider = new Folding("provider").upTo(events).blocks;
    const client = new Folding("client").upTo(events).blocks;
    expect(provider.map((one) => [one.text, one.signed])).toEqual([['{"at":"7"}', 3], ['{"at":"8"}', 0]]);
    const ties = tiesOf([{ from: "events[2].candidates[0]", to: "events[4][0].choices[0]" }, { from: "events[4].x", to: "events[4][1].x" }, { from: "x", to: null }]);
    expect([...ties.later]).toEqual([[2, [4]]]);
    expect([...ties.earlier]).toEqual([[4, [2]]]);
    for (const known of [ties, null]) {
      expect(provider.map((_, i) => partner(provider, i, client, known)?.text)).toEqual(['{"at":"7"}', '{"at":"8"}']);
      expect(client.map((_, i) => partner(client, i, provider, known)?.text)).toEqual(['{"at":"7"}', '{"at":"8"}']);
    }
  });

  it("keeps calls of one name apart that come whole in lines of their own", () => {
    const line = (city: string): string => JSON.stringify({ message: { content: "", tool_calls: [{ function: { name: "look", arguments: { city } } }] }, done: false });
    expect(new Folding("provider").upTo(["A", "B"].map((city, n) => ({ n, provider: line(city), client: "" }))).blocks.map((one) => one.text)).toEqual(['{"city":"A"}', '{"city":"B"}']);
  });

  it("gives a signature to the block that is signed", () => {
    const at = (delta: object): string => JSON.stringify({ type: "content_block_delta", index: 0, delta });
    const { blocks } = new Folding("provider").upTo([at({ thinking: "Hm" }), at({ signature: "abc" })].map((provider, n) => ({ n, provider, client: "" })));
    expect(blocks).toMatchObject([{ kind: "reasoning", text: "Hm", signed: 3, events: [0, 1] }]);
    expect(partner(blocks, 0, [], null)).toBeNull();
  });

  it("calls of one event without ids, which another event brought to the client", () => {
    const parts = ["19:00", "20:30"].map((at) => ({ functionCall: { name: "book", args: { at } } }));
    const given = JSON.stringify({ candidates: [{ content: { parts } }] });
    const tool_calls = ["19:00", "20:30"].map((at, index) => ({ index, function: { name: "book", arguments: `{"at": "${at}"}` } }));
    const got = `data: ${JSON.stringify({ object: "chat.completion.chunk", choices: [{ index: 0, delta: { tool_calls } }] })}\n\n`;
    const events = [{ n: 2, provider: `data: ${given}`, client: "" }, { n: 3, provider: "", client: got }];
    const [provider, client] = (["provider", "client"] as const).map((side) => new Folding(side).upTo(events).blocks);
    expect(provider!.map((one) => one.text)).toEqual(['{"at":"19:00"}', '{"at":"20:30"}']);
    expect(provider!.map((_, i) => partner(provider!, i, client!, null)?.text)).toEqual(['{"at": "19:00"}', '{"at": "20:30"}']);
  });

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

it("the client's events are numbered through, comments are none of them, and a stream may grow", () => {
  const numbering = new Numbering();
  const pairs = [{ client: "data: {}\n\ndata: {}\n\n" }, { client: "" }, { client: ": alive\n\n" }];
  expect(numbering.upTo(pairs)).toEqual([0, 2, 2, 2]);
  expect(numbering.upTo([...pairs, { client: "event: a\ndata: {}\n\n" }, { client: '{"a":1}' }])).toEqual([0, 2, 2, 2, 3, 4]);
  expect(numbering.upTo([{ client: "data: 1\n\n" }])).toEqual([0, 1]);
  const [first, missed, last] = [1, 2, 1].map((n) => ({ client: "data: 1\n\n".repeat(n) }));
  numbering.upTo([first!, last!]);
  expect(numbering.upTo([first!, missed!, last!])).toEqual([0, 1, 3, 4]);
});

describe("lostIn", () => {
  const note = (path: string) => ({ path, fate: "dropped" as const, old: null, new: null, detail: "Why.", weight: 5, lost: true });
  const notes = [note("seed"), note("content.odd"), note("citations.char_location")];
  const pair = (n: number, of: (typeof notes)[number][]) => ({ n, at: 0, name: "", provider: "{}", client: "", call: 0, attempt: 1, notes: of, injected: false });
  const events = [pair(0, []), pair(1, [notes[1]!]), pair(2, []), pair(3, [notes[2]!])];
  const link = (n: number) => ({ from: `events[${n}].delta.text`, to: null, rule: "dropped" as const, note: 2, detail: "" });
  it.each([
    ["the events of the links", [link(2), link(0), link(2)], [["citations.char_location", [0, 2]], ["content.odd", [1]]]],
    ["the event at which a note was made where no link tells", [], [["content.odd", [1]], ["citations.char_location", [3]]]],
  ])("has %s", (_, links, found) => expect(lostIn(events, notes, links).map((one) => [one.note.path, one.events])).toEqual(found));
});
