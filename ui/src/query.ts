// The query language of addons/inspector/search.py, as far as a person who types needs help with it.
import type { Summary } from "./api";

export interface Key {
  name: string;
  kind: "text" | "truth" | "number";
  hint: string;
  examples: string[];
}

const text = (name: string, hint: string, ...examples: string[]): Key => ({ name, kind: "text", hint, examples });
const truth = (name: string, hint: string): Key => ({ name, kind: "truth", hint, examples: ["yes", "no"] });
const number = (name: string, hint: string, ...examples: string[]): Key => ({ name, kind: "number", hint, examples });

export const KEYS: Key[] = [
  text("model", "the model asked for, or the provider's"),
  text("provider", "who answered"),
  text("client", "the name of the client's key"),
  text("status", "the status or its class", "2xx", "429", "4xx", "5xx"),
  text("end", "how it ended", "complete", "failed", "refused", "cancelled", "running"),
  text("note", "a note's path or fate", "dropped", "approximated", "synthesised", "moved", "defaulted"),
  text("error", "the error's code or its cause"),
  text("finish", "the finish reason", "stop", "length", "tool_calls", "content_filter"),
  text("dialect", "of the client or the provider", "chat", "responses", "completions", "anthropic", "gemini", "bedrock"),
  text("injected", "an injected fault"),
  text("conversation", "the id of a conversation"),
  text("id", "of the exchange, or the provider's"),
  text("path", "that the client asked", "/v1/responses", "/v1/chat/completions"),
  truth("stream", "a stream, or a whole answer"),
  truth("pinned", "kept when memory runs out"),
  truth("notes", "whether anything was bent"),
  number("duration", "until the end", "2s", "500ms"),
  number("first_event", "until the first event", "1s"),
  number("gap", "the longest silence in a stream", "5s", "500ms"),
  number("own", "the gateway's own time", "5ms"),
  number("tokens", "in and out", "10k", "1000"),
  number("input", "tokens in", "10k"),
  number("output", "tokens out", "1000"),
  number("attempts", "providers and keys asked", "1"),
  number("events", "of a stream", "1000"),
  number("bytes", "of what was recorded", "1mb"),
];
const BY_NAME = new Map(KEYS.map((key) => [key.name, key]));
const CHIP = /^(-?)([a-z_]+)(:|[<>]=?|=)(.*)$/i;
const NUMBER = /^[0-9]+(\.[0-9]+)?(ms|s|m|h|k|kb|kib|mb|mib)?$/i;

/** Return the words of a query; a quoted part is one word. */
export function words(q: string): string[] {
  return q.match(/(?:[^\s"]+|"[^"]*"?)+/g) ?? [];
}

/** Put a word into the query, or take it out. */
export function toggled(q: string, word: string): string {
  const all = words(q);
  return (all.includes(word) ? all.filter((one) => one !== word) : [...all, word]).join(" ");
}

/** Put a chip into the query in place of others of its key, or take it out. */
export function chosen(q: string, key: string, value: string): string {
  const word = chip(key, value);
  const others = words(q).filter((one) => !one.toLowerCase().startsWith(`${key}:`));
  return (words(q).includes(word) ? others : [...others, word]).join(" ");
}

export function chip(key: string, value: string): string {
  return /\s/.test(value) ? `${key}:"${value}"` : `${key}:${value}`;
}

/** Return whether a word of a query is a filter, and not a text that is looked for. */
export function isChip(word: string): boolean {
  const [, , name = "", relation = "", value = ""] = CHIP.exec(word) ?? [];
  const key = BY_NAME.get(name.toLowerCase());
  if (!key || !value.replaceAll('"', "")) return false;
  return key.kind === "number" ? NUMBER.test(value.replaceAll('"', "")) : relation === ":" || relation === "=";
}

/** Return a query without what is still being typed: a filter that has no value yet finds nothing. */
export function settled(q: string): string {
  return words(q).filter((word) => !BY_NAME.has(CHIP.exec(word)?.[2]?.toLowerCase() ?? "") || CHIP.exec(word)![4]!.replaceAll('"', "")).join(" ");
}

/** Return the texts that a query looks for, to be marked where they stand. */
export function wanted(q: string): string[] {
  return words(q)
    .filter((word) => !word.startsWith("-") && !isChip(word))
    .map((word) => word.replaceAll('"', "").toLowerCase())
    .filter(Boolean);
}

/** Return why a word that looks like a filter is none; an empty text for what is fine. */
export function mistake(q: string): string {
  for (const word of words(q)) {
    const [, , name = "", relation = "", value = ""] = CHIP.exec(word) ?? [];
    const key = BY_NAME.get(name.toLowerCase());
    if (!name || isChip(word)) continue;
    if (!key && relation !== ":") return `${name} is no number to compare: ${word} is looked for as a text`;
    if (key && !value) return `${key.name}: ${key.hint}`;
    if (key?.kind === "number") return `${key.name} wants a number, as ${key.name}>${key.examples[0]}`;
    if (key) return `${key.name} takes a colon, as ${key.name}:${key.examples[0] ?? "…"}`;
  }
  return "";
}

export interface Suggestion {
  /** The whole query with it. */
  q: string;
  word: string;
  hint: string;
}

/** Return what the last word of a query may become: keys, and values of what the list has. */
export function suggestions(q: string, items: readonly Summary[]): Suggestion[] {
  const all = words(q);
  const last = /\s$/.test(q) || !all.length ? "" : all.at(-1)!;
  const rest = last ? all.slice(0, -1) : all;
  const make = (word: string, hint: string, open = false): Suggestion => ({ q: [...rest, word].join(" ") + (open ? "" : " "), word, hint });
  const [, minus = "", name = "", relation = "", value = ""] = CHIP.exec(last) ?? [];
  const key = BY_NAME.get(name.toLowerCase());
  if (key) {
    const values = key.examples.length ? key.examples : common(items, key.name, 50).map(([one]) => one);
    const seen = values.filter((one) => one.toLowerCase().startsWith(value.toLowerCase().replaceAll('"', "")) && one.toLowerCase() !== value.toLowerCase());
    return seen.slice(0, 8).map((one) => make(minus + (/\s/.test(one) ? `${key.name}${relation}"${one}"` : `${key.name}${relation}${one}`), ""));
  }
  const begun = last.replace(/^-/, "").toLowerCase();
  return KEYS.filter((one) => one.name.startsWith(begun) && (begun || one.hint))
    .slice(0, begun ? 8 : 30)
    .map((one) => make(`${last.startsWith("-") ? "-" : ""}${one.name}${one.kind === "number" ? ">" : ":"}`, one.hint, true));
}

const COLUMNS: Record<string, (x: Summary) => string | null> = {
  model: (x) => x.model,
  provider: (x) => x.provider,
  client: (x) => x.client,
  error: (x) => x.error,
};

/** Return the values of a column with their counts, the most common first. */
export function common(items: readonly Summary[], key: string, most: number): [string, number][] {
  const seen = new Map<string, number>();
  for (const one of items) {
    const value = COLUMNS[key]?.(one);
    if (value) seen.set(value, (seen.get(value) ?? 0) + 1);
  }
  return [...seen].sort((a, b) => b[1] - a[1]).slice(0, most);
}

/** Return a text in pieces, every second of which is one of the `wanted` texts. */
export function marked(text: string, texts: readonly string[]): string[] {
  const found = texts.filter((one) => one && text.toLowerCase().includes(one));
  if (!found.length) return [text];
  const pattern = found.sort((a, b) => b.length - a.length).map((one) => one.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return text.split(new RegExp(`(${pattern.join("|")})`, "gi"));
}
