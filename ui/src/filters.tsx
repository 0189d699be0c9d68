import type { VNode } from "preact";
import { useMemo } from "preact/hooks";
import type { Summary } from "./api";

const FIXED: [string, string][] = [
  ["end:failed", "failed"],
  ["end:refused", "refused"],
  ["end:running", "running"],
  ["note:dropped", "dropped fields"],
  ["attempts>1", "retried"],
  ["gap>5s", "stalled"],
];

/** Return the words of a query; a quoted part is one word. */
export function words(q: string): string[] {
  return q.match(/(?:[^\s"]+|"[^"]*"?)+/g) ?? [];
}

/** Put a word into the query, or take it out. */
export function toggled(q: string, word: string): string {
  const all = words(q);
  return (all.includes(word) ? all.filter((one) => one !== word) : [...all, word]).join(" ");
}

function chip(key: string, value: string): string {
  return /\s/.test(value) ? `${key}:"${value}"` : `${key}:${value}`;
}

function common(items: readonly Summary[], key: "model" | "provider" | "client"): string[] {
  const seen = new Map<string, number>();
  for (const one of items) {
    const value = one[key];
    if (value) seen.set(value, (seen.get(value) ?? 0) + 1);
  }
  return [...seen].sort((a, b) => b[1] - a[1]).slice(0, 3).map(([value]) => value);
}

export function Filters({ q, items, onChange }: { q: string; items: Summary[]; onChange: (q: string) => void }): VNode {
  const given = new Set(words(q));
  const offered = useMemo(
    () => (["provider", "model", "client"] as const).flatMap((key) => common(items, key).map((value): [string, string] => [chip(key, value), value])),
    [items],
  );
  const others = [...given].filter((word) => /[:<>=]/.test(word) && ![...FIXED, ...offered].some(([known]) => known === word));
  const chips: [string, string][] = [...others.map((word): [string, string] => [word, word]), ...FIXED, ...offered];
  return (
    <div class="chips" role="group" aria-label="Filters">
      {chips.map(([word, name]) => (
        <button key={word} class="chip" aria-pressed={given.has(word)} title={word} onClick={() => onChange(toggled(q, word))}>{name}</button>
      ))}
    </div>
  );
}
