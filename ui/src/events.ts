// Reading streams: server-sent events or bare JSON lines of any dialect, and what they add up to.

import type { EventPair, Link, Note } from "./api";

export interface Piece {
  name: string;
  json: unknown;
  text: string;
}

/** What an event adds to an answer. */
export interface Bit {
  kind: "text" | "reasoning" | "arguments" | "name" | "signature" | "end";
  text: string;
  /** Which block of the answer, where it has several of a kind. */
  of: string;
  /** The choice, of an answer that has several. */
  choice: number;
  /** It is part of a call that comes whole in its event. */
  whole?: true;
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

/** Return whether a piece is an event for the client of a stream: comments are none. */
export function isEvent(piece: Piece): boolean {
  return !piece.text.startsWith(":");
}

/** Counts the client's events before each pair, going on where it stopped. */
export class Numbering {
  private starts: number[] = [0];
  private last: unknown;

  upTo(pairs: readonly { client: string }[]): readonly number[] {
    // What was missed may come in between.
    if (pairs[this.starts.length - 2] !== this.last) this.starts = [0];
    this.last = pairs.at(-1);
    for (let i = this.starts.length - 1; i < pairs.length; i++) {
      const text = pairs[i]!.client;
      const events = /^\s*[[{]/.test(text) ? 1 : (text.match(/^data:/gm)?.length ?? 0);
      this.starts.push(this.starts[i]! + events);
    }
    return this.starts;
  }
}

/** The levels of a JSON value that is shown as one. Views walk through all of them, and indents grow with each. */
const DEEPEST = 200;

/** Return the value of a JSON text, or undefined when it is none, or deeper than anybody reads. */
export function parsed(text: string): unknown {
  if (text.length > 2 * DEEPEST && isTooDeep(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isTooDeep(text: string): boolean {
  let depth = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const sign = text[at];
    if (quoted) {
      if (sign === "\\") at++;
      else quoted = sign !== '"';
    } else if (sign === '"') quoted = true;
    else if (sign === "{" || sign === "[") {
      if (++depth > DEEPEST) return true;
    } else if (sign === "}" || sign === "]") depth--;
  }
  return false;
}

/* eslint-disable @typescript-eslint/no-explicit-any -- the wire's shape is what is being found out */
/** Return what an event adds to the answer, in any dialect; a whole answer adds all of it. */
export function bits(event: any): Bit[] {
  if (event === null || typeof event !== "object") return [];
  const out: Bit[] = [];
  const add: Add = (kind, text, of = "", choice = 0, whole = false) => {
    if (typeof text !== "string" || (text === "" && kind !== "name")) return;
    out.push({ kind, text, of: String(of ?? ""), choice: Number(choice) || 0, ...(whole ? { whole } : {}) });
  };
  readerOf(event)?.(event, add);
  return out;
}

type Add = (kind: Bit["kind"], text: unknown, of?: unknown, choice?: unknown, whole?: boolean) => void;
type Reader = (event: any, add: Add) => void;

function readerOf(event: any): Reader | null {
  if (Array.isArray(event.choices)) return ofChat;
  if (Array.isArray(event.candidates)) return ofGemini;
  if (event.message && typeof event.message === "object" && "done" in event) return ofOllama;
  if (event.object === "response" && Array.isArray(event.output)) return ofResponse;
  if (typeof event.type === "string") return event.type.startsWith("response.") ? ofResponses : event.type === "message" ? ofMessage : ofAnthropic;
  return event.output?.message?.content || BEDROCK.some((name) => name in event) ? ofBedrock : null;
}

function ofChat(event: any, add: Add): void {
  event.choices.forEach((choice: any, i: number) => {
    const n = choice?.index ?? i;
    const delta = choice?.delta ?? choice?.message ?? choice ?? {};
    add("reasoning", delta.reasoning_content ?? delta.reasoning, "", n);
    for (const block of delta.thinking_blocks ?? []) add("signature", block?.signature ?? block?.data, "", n);
    add("text", delta.content ?? delta.text ?? delta.refusal, "", n);
    (delta.tool_calls ?? []).forEach((call: any, at: number) => {
      const of = call?.index ?? at;
      if (call?.function?.name) add("name", call.function.name, of, n);
      add("arguments", call?.function?.arguments, of, n);
      add("signature", call?.extra_content?.google?.thought_signature, of, n);
    });
    add("end", choice?.finish_reason, "", n);
  });
}

function ofGemini(event: any, add: Add): void {
  event.candidates.forEach((candidate: any, i: number) => {
    const n = candidate?.index ?? i;
    (candidate?.content?.parts ?? []).forEach((part: any, of: number) => {
      const { functionCall: call } = part;
      add(part.thought ? "reasoning" : "text", part.text, "", n);
      if (call) {
        add("name", call.name, of, n, true);
        add("arguments", JSON.stringify(call.args ?? {}), of, n, true);
      }
      add("signature", part.thoughtSignature, call ? of : "", n, Boolean(call));
    });
    add("end", candidate?.finishReason, "", n);
  });
}

function ofResponses(event: any, add: Add): void {
  const type: string = event.type;
  const of = event.output_index;
  if (type === "response.output_text.delta" || type === "response.refusal.delta") add("text", event.delta, of);
  else if (type.startsWith("response.reasoning") && type.endsWith(".delta")) add("reasoning", event.delta, of);
  else if (type === "response.function_call_arguments.delta" || type === "response.custom_tool_call_input.delta") add("arguments", event.delta, of);
  else if (type === "response.output_item.added" && CALLED.has(event.item?.type)) add("name", event.item.name, of);
  else if (type === "response.output_item.done" && event.item?.type === "reasoning") add("signature", event.item.encrypted_content, of);
  else if (type === "response.completed" || type === "response.incomplete" || type === "response.failed") add("end", ended(event.response));
}
const CALLED = new Set(["function_call", "custom_tool_call"]);

const ended = (response: any): unknown => response?.incomplete_details?.reason ?? response?.status;

function ofResponse(response: any, add: Add): void {
  response.output.forEach((item: any, of: number) => {
    for (const part of item?.summary ?? []) add("reasoning", part?.text, of);
    if (item?.type === "reasoning") add("signature", item.encrypted_content, of);
    else if (CALLED.has(item?.type)) {
      add("name", item.name, of);
      add("arguments", item.arguments ?? item.input, of);
    } else for (const part of item?.content ?? []) add("text", part?.text ?? part?.refusal, of);
  });
  add("end", ended(response));
}

function ofOllama(event: any, add: Add): void {
  add("reasoning", event.message.thinking);
  add("text", event.message.content);
  (event.message.tool_calls ?? []).forEach((call: any, of: number) => {
    add("name", call?.function?.name, of, 0, true);
    add("arguments", JSON.stringify(call?.function?.arguments ?? {}), of, 0, true);
  });
  add("end", event.done_reason);
}

function ofAnthropic(event: any, add: Add): void {
  const of = event.index;
  const block = event.content_block;
  if (event.type === "content_block_start") {
    if (block?.name) add("name", block.name, of);
    add("text", block?.text, of);
    add("reasoning", block?.thinking, of);
    add("signature", block?.data, of);
  } else if (event.type === "content_block_delta") {
    add("text", event.delta?.text, of);
    add("reasoning", event.delta?.thinking, of);
    add("signature", event.delta?.signature, of);
    add("arguments", event.delta?.partial_json, of);
  } else if (event.type === "message_delta") add("end", event.delta?.stop_reason);
}

function ofMessage(message: any, add: Add): void {
  (message.content ?? []).forEach((block: any, of: number) => {
    if (block?.name) add("name", block.name, of);
    add("text", block?.text, of);
    add("reasoning", block?.thinking, of);
    add("signature", block?.signature ?? block?.data, of);
    if (block?.input) add("arguments", JSON.stringify(block.input), of);
  });
  add("end", message.stop_reason);
}

const BEDROCK = ["messageStart", "contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata"];

function ofBedrock(event: any, add: Add): void {
  const block = (part: any, of: unknown): void => {
    const thought = part?.reasoningContent?.reasoningText ?? part?.reasoningContent;
    if (part?.toolUse?.name) add("name", part.toolUse.name, of);
    add("text", part?.text, of);
    add("reasoning", thought?.text, of);
    add("signature", thought?.signature ?? thought?.redactedContent, of);
    const input = part?.toolUse?.input;
    add("arguments", input && typeof input === "object" ? JSON.stringify(input) : input, of);
  };
  block(event.contentBlockStart?.start, event.contentBlockStart?.contentBlockIndex);
  block(event.contentBlockDelta?.delta, event.contentBlockDelta?.contentBlockIndex);
  (event.output?.message?.content ?? []).forEach(block);
  add("end", event.messageStop?.stopReason ?? event.stopReason);
}
/* eslint-enable */

/** A part of an answer: a text, a thought or a call, and the numbers of the events that it came in. */
export interface Block {
  key: string;
  kind: "text" | "reasoning" | "call";
  choice: number;
  name: string;
  text: string;
  /** The characters of its signature. */
  signed: number;
  events: number[];
}

export interface Folded {
  blocks: Block[];
  text: string;
  reasoning: string;
  calls: { of: string; name: string; arguments: string }[];
  end: string;
  /** Why each choice ended, in the words of the wire. */
  ends: string[];
}

interface Growing extends Block {
  pieces: string[];
}

type Piecewise = { n?: number; call?: string | number | null; provider: string; client: string };

/** Adds up the events of one side of a stream; it goes on where it stopped, unless what came before has changed. */
export class Folding {
  private read = 0;
  private last: unknown;
  private readonly blocks = new Map<string, Growing>();
  private readonly ends = new Map<string, string>();

  constructor(private readonly side: "provider" | "client") {}

  upTo(events: readonly Piecewise[]): Folded {
    if (this.read && events[this.read - 1] !== this.last) this.restart();
    this.last = events.at(-1);
    for (; this.read < events.length; this.read++) {
      const pair = events[this.read]!;
      const call = this.side === "provider" ? Number(pair.call ?? 0) : 0;
      for (const one of pieces(pair[this.side])) this.take(bits(one.json), pair.n ?? this.read, call);
    }
    return summed([...this.blocks.values()], [...this.ends.values()]);
  }

  private restart(): void {
    this.read = 0;
    this.blocks.clear();
    this.ends.clear();
  }

  private take(all: Bit[], n: number, call: number): void {
    for (const bit of all) {
      const choice = bit.choice + call;
      if (bit.kind === "end") this.ends.set(`${choice}`, bit.text);
      else this.grow(bit, n, choice);
    }
  }

  private grow(bit: Bit, n: number, choice: number): void {
    const kind = bit.kind === "text" ? "text" : bit.kind === "arguments" || bit.kind === "name" ? "call" : "reasoning";
    let key = bit.whole ? `${choice} call ${n}.${bit.of}` : `${choice} ${kind} ${bit.of}`;
    if (bit.kind === "signature" && !bit.whole && !this.blocks.has(key)) {
      const signed = [...this.blocks.values()].findLast((one) => one.choice === choice && one.key.endsWith(` ${bit.of}`));
      key = signed?.key ?? key;
    }
    const block = this.blocks.get(key) ?? { key, kind, choice, name: "", text: "", signed: 0, events: [], pieces: [] };
    this.blocks.set(key, block);
    if (block.events.at(-1) !== n) block.events.push(n);
    if (bit.kind === "name") block.name = bit.text;
    else if (bit.kind === "signature") block.signed += bit.text.length;
    else block.pieces.push(bit.text);
  }
}

function summed(growing: Growing[], ends: string[]): Folded {
  const blocks: Block[] = growing.map((one) => {
    if (one.pieces.length > 1) one.pieces = [one.pieces.join("")];
    const { pieces: said, ...block } = one;
    return { ...block, text: said[0] ?? "" };
  });
  const all = (kind: Block["kind"]): string => blocks.filter((one) => one.kind === kind).map((one) => one.text).join("");
  const calls = blocks.filter((one) => one.kind === "call").map((one) => ({ of: one.key, name: one.name, arguments: one.text }));
  return { blocks, text: all("text"), reasoning: all("reasoning"), calls, end: ends.at(-1) ?? "", ends };
}

/** Return why one side's answer ended, in the words of the wire: of each choice, of a stream from its last events. */
export function endsOf(events: readonly Piecewise[], body: string | null | undefined, side: "provider" | "client"): string[] {
  const last = body ? [{ provider: body, client: body }] : events.slice(-LAST);
  return [...new Set(new Folding(side).upTo(last).ends)];
}
const LAST = 24;

/** Where the events of a stream went that became part of others, and where those came from. */
export interface Ties {
  later: ReadonlyMap<number, readonly number[]>;
  earlier: ReadonlyMap<number, readonly number[]>;
}

/** Return which events became part of which others, as the links of an answer tell. */
export function tiesOf(links: readonly { from: string | null; to: string | null }[]): Ties {
  const later = new Map<number, number[]>();
  const earlier = new Map<number, number[]>();
  const add = (map: Map<number, number[]>, at: number, n: number): void => {
    const held = map.get(at);
    if (!held) map.set(at, [n]);
    else if (!held.includes(n)) held.push(n);
  };
  for (const { from, to } of links) {
    const [a, b] = [eventOf(from), eventOf(to)];
    if (a === null || b === null || a === b) continue;
    add(later, a, b);
    add(earlier, b, a);
  }
  return { later, earlier };
}

const noted = new WeakMap<readonly EventPair[], Map<string, number>>();
const keyOf = (note: Note): string => `${note.path} ${note.fate} ${note.detail}`;

/** Return the number of the event at which a note was made. */
export function notedAt(events: readonly EventPair[], note: Note): number | null {
  let known = noted.get(events);
  if (!known) {
    known = new Map(events.flatMap((pair) => pair.notes.map((one) => [keyOf(one), pair.n] as const)).reverse());
    noted.set(events, known);
  }
  return known.get(keyOf(note)) ?? null;
}

/** What a note of a stream says was lost, and the events that had it. */
export interface Lost {
  note: Note;
  events: number[];
}

/** Return what a stream lost: the events of the links that have its notes, else the event at which a note was made. */
export function lostIn(events: readonly EventPair[], notes: readonly Note[], links: readonly Link[]): Lost[] {
  const at = new Map<number, Set<number>>();
  for (const { from, to, note } of links) {
    const n = to === null && note !== null ? eventOf(from) : null;
    if (n !== null) at.set(note!, (at.get(note!) ?? new Set()).add(n));
  }
  const found = notes.map((note, i): Lost => {
    const made = note.fate === "dropped" ? notedAt(events, note) : null;
    return { note, events: [...(at.get(i) ?? (made === null ? [] : [made]))].sort((a, b) => a - b) };
  });
  return found.filter((one) => one.events.length).sort((a, b) => a.events[0]! - b.events[0]!);
}

/** Return the event that a path of a stream begins with: `events[12].delta.text`. */
export function eventOf(path: string | null): number | null {
  const n = /^events\[(\d+)\]/.exec(path ?? "")?.[1];
  return n === undefined ? null : Number(n);
}

/** Return the block of the other side that belongs to the one at `at` of its own: one of its kind that came of the same
 * events, or of those that they became part of; else the one in the same place among its like. */
export function partner(own: readonly Block[], at: number, others: readonly Block[], ties: Ties | null): Block | null {
  const block = own[at]!;
  const isLike = (one: Block): boolean => one.kind === block.kind && one.choice === block.choice && (block.kind !== "call" || one.name === block.name);
  const like = others.filter(isLike);
  const place = own.filter(isLike).indexOf(block);
  const mine = new Set(block.events.flatMap((n) => [n, ...(ties?.later.get(n) ?? []), ...(ties?.earlier.get(n) ?? [])]));
  const near = like.filter((one) => one.events.some((n) => mine.has(n)));
  if (near.length === 1) return near[0]!;
  return near.find((one) => one.text === block.text) ?? like[place] ?? near[0] ?? (block.kind === "call" ? null : (like.at(-1) ?? null));
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
