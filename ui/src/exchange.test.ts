import { describe, expect, it } from "vitest";
import { endsOf } from "./events";
import { ending } from "./exchange";

const x = { end: "complete", finish_reason: null, ended_by: null, error: null, cause: null, message: null } as const;

describe("why an answer ended", () => {
  it.each([
    ["in the words of both sides", { ...x, finish_reason: "tool_calls", ended_by: "the provider: its answer is complete" }, ["tool_use"], ["finish reason “tool_calls”, the provider's “tool_use”", "ended by the provider"]],
    ["once where both say the same", { ...x, finish_reason: "stop" }, ["stop"], ["finish reason “stop”"]],
    ["without repeating the cause or the code", { ...x, end: "failed" as const, ended_by: "the connection (cut)", cause: "cut", error: "cut" }, [], ["the connection (cut)"]],
    ["with the whole message", { ...x, end: "refused" as const, ended_by: "the gateway: it refused the request (invalid_type)", error: "invalid_type", message: "content must be a string." }, [], ["the gateway refused the request (invalid_type)", "content must be a string."]],
    ["with the message alone where it has the cause", { ...x, end: "failed" as const, ended_by: "connection to the provider: it was refused", cause: "connection to the provider: it was refused", error: "gone", message: "The connection to us failed: it was refused. Try again." }, [], ["The connection to us failed: it was refused. Try again.", "error gone"]],
  ])("%s", (_, exchange, ends, said) => expect(ending(exchange, ends)).toEqual(said));

  it("is read off the last events, or off a whole answer", () => {
    const events = [{ provider: JSON.stringify({ type: "message_delta", delta: { stop_reason: "tool_use" } }), client: "" }];
    expect(endsOf(events, null, "provider")).toEqual(["tool_use"]);
    expect(endsOf([], JSON.stringify({ choices: [{ finish_reason: "stop" }, { index: 1, finish_reason: "stop" }] }), "client")).toEqual(["stop"]);
    expect(endsOf([], "no JSON", "client")).toEqual([]);
  });
});
