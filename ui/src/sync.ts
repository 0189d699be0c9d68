// Two panes side by side: what stands at the same height, and which lines join them.
import type { Link } from "./api";
import { abreast } from "./paths";
import type { Places, Row } from "./rows";

/** What is seen of a pane: where its rows begin, and how far it is scrolled. */
export interface Seen {
  start: (row: number) => number;
  total: number;
  top: number;
  height: number;
}

export type Anchor = readonly [number, number];

export interface Join {
  /** Rows of the left and the right pane. */
  from: number;
  to: number;
  rule: string;
}

const RANK = ["copied", "unknown", "defaulted", "moved", "renamed", "computed"];

/** Return the rows that links join, each pair once. */
export function joins(links: readonly Link[], from: Places, to: Places): Join[] {
  const found = new Map<string, Join>();
  for (const link of links) {
    if (link.from === null || link.to === null) continue;
    const join = { from: from.of(link.from), to: to.of(link.to), rule: link.rule as string };
    if (join.from < 1 || join.to < 1) continue;
    const key = `${join.from} ${join.to}`;
    const known = found.get(key);
    if (!known || RANK.indexOf(known.rule) < RANK.indexOf(join.rule)) found.set(key, join);
  }
  return [...found.values()].sort((a, b) => a.from - b.from || a.to - b.to);
}

/** Return the joins that do not cross one another: the heights at which both panes agree. */
export function anchorsOf(all: readonly Join[]): Anchor[] {
  return [[0, 0], ...abreast(all.map((join) => [join.from, join.to] as const))];
}

/** Return how far the other pane is to be scrolled, so that what belongs together stands abreast. What is at the top of
 * one is at the top of the other, and so at the bottom. */
export function followed(anchors: readonly Anchor[], mine: Seen, other: Seen): number {
  const room = mine.total - mine.height;
  const share = room > 0 ? Math.min(1, mine.top / room) : 0;
  const here = mine.top + share * mine.height;
  let low = 0;
  let high = anchors.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (mine.start(anchors[middle]![0]) <= here) low = middle;
    else high = middle - 1;
  }
  const [a, b] = anchors[low] ?? [0, 0];
  const next = anchors[low + 1];
  const begins = mine.start(a);
  const ends = next ? mine.start(next[0]) : mine.total;
  const there = other.start(b);
  const thereEnds = next ? other.start(next[1]) : other.total;
  const part = ends > begins ? (here - begins) / (ends - begins) : 0;
  const target = there + part * (thereEnds - there) - share * other.height;
  return Math.max(0, Math.min(target, other.total - other.height));
}

/** Return the rows that lead nowhere or come from nowhere, with how: the first of each part that did. */
export function stubs(rows: readonly Row[]): { row: number; state: string }[] {
  return rows.flatMap((row, i) => {
    const first = row.kind !== "close" && row.kind !== "fold" && (row.kind === "leaf" || row.state === "lost" || row.state === "made");
    const inner = (row.state === "lost" || row.state === "made") && row.why === "" && row.depth > 1;
    return first && !inner && ["lost", "made", "unknown"].includes(row.state) ? [{ row: i, state: row.state }] : [];
  });
}
