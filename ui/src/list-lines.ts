import type { Summary } from "./api";

export type Line =
  | { kind: "row"; key: string; x: Summary; turn: number }
  | { kind: "group"; key: string; id: string; of: Summary[] }
  | { kind: "day"; key: string; started: string }
  | { kind: "gone"; key: string; n: number };

interface How {
  grouped: boolean;
  folded: ReadonlySet<string>;
  /** How many were forgotten in all; those that no row tells of stand at the end. */
  gone: number;
}

/** Return the lines of the list, by conversation where asked: the newest conversation first, its newest turn first. */
export function linesOf(items: readonly Summary[], { grouped, folded, gone }: How): Line[] {
  const lines = grouped ? byConversation(items, folded) : byTime(items);
  const told = grouped ? 0 : items.reduce((all, x) => all + (x.gone_before ?? 0), 0);
  if (gone > told) lines.push({ kind: "gone", key: "gone", n: gone - told });
  return lines;
}

/** Return the exchanges that can be stepped through, from line to line. */
export function stepsOf(lines: readonly Line[]): Summary[] {
  return lines.flatMap((line) => (line.kind === "row" ? [line.x] : []));
}

function byTime(items: readonly Summary[]): Line[] {
  const lines: Line[] = [];
  let before = new Date().toDateString();
  for (const x of items) {
    const date = new Date(x.started).toDateString();
    if (date !== before) lines.push({ kind: "day", key: `day ${date}`, started: x.started });
    before = date;
    lines.push({ kind: "row", key: x.id, x, turn: 0 });
    if (x.gone_before) lines.push({ kind: "gone", key: `gone ${x.id}`, n: x.gone_before });
  }
  return lines;
}

function byConversation(items: readonly Summary[], folded: ReadonlySet<string>): Line[] {
  const groups = new Map<string, Summary[]>();
  for (const x of items) {
    const key = x.conversation ?? x.id;
    const group = groups.get(key);
    if (group) group.push(x);
    else groups.set(key, [x]);
  }
  const lines: Line[] = [];
  for (const [id, of] of groups) {
    if (of.length > 1) lines.push({ kind: "group", key: `of ${id}`, id, of });
    if (of.length > 1 && folded.has(id)) continue;
    of.forEach((x, i) => lines.push({ kind: "row", key: x.id, x, turn: of.length > 1 ? of.length - i : 0 }));
  }
  return lines;
}
