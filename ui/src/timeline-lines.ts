import type { EventPair } from "./api";
import type { Ties } from "./events";

/** One event of a timeline, or `count` of them in a row that all became nothing. `at`: where it begins among those. */
export interface Line {
  first: EventPair;
  last: EventPair;
  count: number;
  at: number;
  /** Of several: their kinds, with how many there are of each. */
  names: string;
}

/** The shortest run that is folded. */
const SHORTEST = 3;

/** Return whether nothing came of an event for the client: neither at once nor, as far as is known, later. */
export function isNothing(pair: EventPair, ties: Ties | null): boolean {
  return !/\S/.test(pair.client) && !ties?.later.has(pair.n);
}

/** Return whether an event is the gateway's own. */
export function isMade(pair: EventPair, ties: Ties | null): boolean {
  return !/\S/.test(pair.provider) && !ties?.earlier.has(pair.n);
}

interface Folds {
  ties: Ties | null;
  /** Runs that were opened, by their first event. */
  unfolded: ReadonlySet<number>;
  /** The event whose run is not folded. */
  shown: number | null;
}

/** Return the lines of a timeline. Runs of events that became nothing are one line; null folds none. */
export function linesOf(events: readonly EventPair[], folds: Folds | null): Line[] {
  const isQuiet = (pair: EventPair): boolean => isNothing(pair, folds?.ties ?? null) && !pair.notes.length && !pair.injected;
  const lines: Line[] = [];
  for (let i = 0; i < events.length; ) {
    const first = events[i]!;
    let end = i + 1;
    if (folds && isQuiet(first)) while (end < events.length && isQuiet(events[end]!)) end++;
    const run = events.slice(i, end);
    const isFolded = run.length >= SHORTEST && !folds?.unfolded.has(first.n) && !run.some((pair) => pair.n === folds?.shown);
    if (isFolded) lines.push({ first, last: run.at(-1)!, count: run.length, at: i, names: namesOf(run) });
    else run.forEach((pair, k) => lines.push({ first: pair, last: pair, count: 1, at: i + k, names: pair.name }));
    i = end;
  }
  return lines;
}

function namesOf(run: readonly EventPair[]): string {
  const counts = new Map<string, number>();
  for (const pair of run) counts.set(pair.name || "event", (counts.get(pair.name || "event") ?? 0) + 1);
  return [...counts].map(([name, n]) => (n > 1 ? `${n} × ${name}` : name)).join(", ");
}
