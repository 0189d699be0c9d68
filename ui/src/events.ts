// Reading streams: server-sent events or bare JSON lines of any dialect, and what they add up to.

export interface Piece {
  name: string;
  json: unknown;
  text: string;
}

export interface Bit {
  kind: "text" | "reasoning" | "arguments" | "name" | "end";
  text: string;
  /** Of a tool call: which one. */
  of: string;
}

/** Return the events in a text: the blocks of a stream of server-sent events, or one JSON value. */
export function pieces(text: string): Piece[] {
  if (!text.trim()) return [];
  const isJson = /^\s*[[{]/.test(text);
  const blocks = isJson ? [text] : text.split(/\r?\n\r?\n/);
  return blocks.filter((block) => block.trim()).map((block) => piece(block, isJson));
}

function piece(block: string, isJson: boolean): Piece {
  let name = "";
  let data = block.trim();
  if (!isJson) {
    const lines = block.split(/\r?\n/);
    name = lines.find((line) => line.startsWith("event:"))?.slice(6).trim() ?? "";
    const held = lines.filter((line) => line.startsWith("data:")).map((line) => line.slice(5).trimStart());
    if (held.length) data = held.join("\n");
  }
  const json = parsed(data);
  const type = (json as { type?: unknown } | undefined)?.type;
  return { name: name || (typeof type === "string" ? type : ""), json, text: data };
}

/** Return the value of a JSON text, or undefined when it is none. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/* eslint-disable @typescript-eslint/no-explicit-any -- the wire's shape is what is being found out */
/** Return what an event adds to the answer, in any dialect. */
export function bits(event: any): Bit[] {
  if (event === null || typeof event !== "object") return [];
  const out: Bit[] = [];
  const add = (kind: Bit["kind"], text: unknown, of: unknown = ""): void => {
    if (typeof text === "string" && text !== "") out.push({ kind, text, of: String(of ?? "") });
  };
  if (Array.isArray(event.choices)) ofChat(event, add);
  else if (Array.isArray(event.candidates)) ofGemini(event, add);
  else if (typeof event.type === "string" && event.type.startsWith("response.")) ofResponses(event, add);
  else if (event.message && typeof event.message === "object" && "done" in event) ofOllama(event, add);
  else if (typeof event.type === "string") ofAnthropic(event, add);
  return out;
}

type Add = (kind: Bit["kind"], text: unknown, of?: unknown) => void;

function ofChat(event: any, add: Add): void {
  for (const choice of event.choices) {
    const delta = choice?.delta ?? choice?.message ?? choice ?? {};
    add("reasoning", delta.reasoning_content ?? delta.reasoning);
    add("text", delta.content ?? delta.text ?? delta.refusal);
    for (const call of delta.tool_calls ?? []) {
      add("name", call?.function?.name, call?.index);
      add("arguments", call?.function?.arguments, call?.index);
    }
    add("end", choice?.finish_reason);
  }
}

function ofGemini(event: any, add: Add): void {
  for (const candidate of event.candidates) {
    for (const part of candidate?.content?.parts ?? []) {
      add(part.thought ? "reasoning" : "text", part.text);
      if (!part.functionCall) continue;
      const of = part.functionCall.id ?? part.functionCall.name;
      add("name", part.functionCall.name, of);
      add("arguments", JSON.stringify(part.functionCall.args ?? {}), of);
    }
    add("end", candidate?.finishReason);
  }
}

function ofResponses(event: any, add: Add): void {
  const type: string = event.type;
  if (type === "response.output_text.delta" || type === "response.refusal.delta") add("text", event.delta);
  else if (type.startsWith("response.reasoning") && type.endsWith(".delta")) add("reasoning", event.delta);
  else if (type === "response.function_call_arguments.delta") add("arguments", event.delta, event.output_index);
  else if (type === "response.output_item.added" && event.item?.type === "function_call") add("name", event.item.name, event.output_index);
  else if (type === "response.completed" || type === "response.incomplete" || type === "response.failed") add("end", event.response?.status);
}

function ofOllama(event: any, add: Add): void {
  add("reasoning", event.message.thinking);
  add("text", event.message.content);
  (event.message.tool_calls ?? []).forEach((call: any, i: number) => {
    add("name", call?.function?.name, i);
    add("arguments", JSON.stringify(call?.function?.arguments ?? {}), i);
  });
  add("end", event.done_reason);
}

function ofAnthropic(event: any, add: Add): void {
  if (event.type === "content_block_start") add("name", event.content_block?.name, event.index);
  else if (event.type === "content_block_delta") {
    add("text", event.delta?.text);
    add("reasoning", event.delta?.thinking);
    add("arguments", event.delta?.partial_json, event.index);
  } else if (event.type === "message_delta") add("end", event.delta?.stop_reason);
}
/* eslint-enable */

export interface Folded {
  text: string;
  reasoning: string;
  calls: { of: string; name: string; arguments: string }[];
  end: string;
}

/** Adds up the events of one side of a stream; it goes on where it stopped, unless what came before has changed. */
export class Folding {
  private read = 0;
  private last: unknown;
  private said: string[] = [];
  private thought: string[] = [];
  private readonly calls = new Map<string, { of: string; name: string; arguments: string }>();
  private end = "";

  constructor(private readonly side: "provider" | "client") {}

  upTo(events: readonly { provider: string; client: string }[]): Folded {
    if (this.read && events[this.read - 1] !== this.last) this.restart();
    this.last = events.at(-1);
    for (; this.read < events.length; this.read++) {
      for (const one of pieces(events[this.read]![this.side])) this.take(bits(one.json));
    }
    return { text: this.said.join(""), reasoning: this.thought.join(""), calls: [...this.calls.values()], end: this.end };
  }

  private restart(): void {
    this.read = 0;
    this.said = [];
    this.thought = [];
    this.calls.clear();
  }

  private take(all: Bit[]): void {
    for (const bit of all) {
      if (bit.kind === "text") this.said.push(bit.text);
      else if (bit.kind === "reasoning") this.thought.push(bit.text);
      else if (bit.kind === "end") this.end = bit.text;
      else this.grow(bit);
    }
  }

  private grow(bit: Bit): void {
    const call = this.calls.get(bit.of) ?? { of: bit.of, name: "", arguments: "" };
    if (bit.kind === "name") call.name = bit.text;
    else call.arguments += bit.text;
    this.calls.set(bit.of, call);
  }
}

export interface Leaf {
  path: string;
  text: string;
  constant: boolean;
}

/** Return the leaves of an event, those that the event before it of the same kind had alike marked constant. */
export function leaves(json: unknown, before: unknown): Leaf[] {
  const old = new Map(flat(before));
  return flat(json).map(([path, text]) => ({ path, text, constant: old.get(path) === text }));
}

function flat(value: unknown, path = "", out: [string, string][] = []): [string, string][] {
  if (out.length >= 60) return out;
  if (value === null || typeof value !== "object") {
    if (value !== undefined) out.push([path, typeof value === "string" ? value : JSON.stringify(value)]);
    return out;
  }
  const list = Array.isArray(value);
  for (const [key, one] of Object.entries(value)) flat(one, list ? `${path}[${key}]` : path ? `${path}.${key}` : key, out);
  return out;
}
