import type { EventPair, Note } from "./api";
import { notedAt } from "./events";
import { join, parent, type Links } from "./paths";

/** What became of a value: `equal` same place, same value; `plain` nobody tells. */
export type State = "equal" | "moved" | "changed" | "made" | "lost" | "unsent" | "unknown" | "plain";

export interface Row {
  kind: "leaf" | "open" | "close" | "fold";
  path: string;
  depth: number;
  key: string | null;
  text: string;
  state: State;
  rule: string | null;
  why: string;
  /** Of a long text: its whole length in characters. */
  length: number;
  /** Of a fold: how many lines it stands for and what opens it. */
  lines: number;
  opens: string;
  /** Of a fold: the paths of the members behind it. */
  holds: string[];
  isText: boolean;
  /** It stands where a value would be that was never there: what the gateway itself meant to send. */
  ghost: boolean;
}

export interface Told {
  side: "from" | "to";
  links: Links;
  known: boolean;
  notes: readonly Note[];
  /** The other pane's body: what is compared where nobody tells. */
  other: unknown;
}

interface Block {
  rows: Row[];
  equal: boolean;
  key: string | null;
}

const STATES: Record<string, State> = {
  copied: "equal",
  moved: "moved",
  renamed: "moved",
  computed: "changed",
  defaulted: "made",
  dropped: "lost",
  unknown: "unknown",
};
const SHOWN_TEXT = 600;
const NONE: string[] = [];

/** Return the value at `path`, or undefined. */
export function valueAt(value: unknown, path: string): unknown {
  let here = value;
  for (const step of path.match(/[^.[\]]+/g) ?? []) {
    if (here === null || typeof here !== "object") return undefined;
    here = (here as Record<string, unknown>)[step];
  }
  return here;
}

/** A copy in another place of the same list is where it was: something before it went elsewhere. */
function unnumbered(path: string | null): string | null {
  return path && path.replace(/\[\d+\]/g, "[]");
}

interface Fate {
  state: State;
  rule: string | null;
  why: string;
}

function fate(path: string, value: unknown, told: Told, noted: Map<string, Note>): Fate {
  const note = noted.get(path);
  if (note?.fate === REFUSED) return { state: "changed", rule: REFUSED, why: note.detail };
  if (note && isLost(note)) return { state: "lost", rule: note.fate, why: note.detail };
  const [link] = told.links.find(told.side, path);
  if (!link) {
    if (told.known) return { state: "plain", rule: null, why: "" };
    const same = typeof value !== "object" && valueAt(told.other, path) === value;
    return { state: same ? "equal" : "plain", rule: null, why: "" };
  }
  if (note && link.rule === "unknown") return { state: "changed", rule: note.fate, why: note.detail };
  if (link.rule === "dropped" && link.note === null) return { state: "unsent", rule: UNSENT, why: link.detail || "" };
  const of = link.note === null ? undefined : told.notes[link.note];
  const state = STATES[link.rule] ?? "unknown";
  const kept = (state === "equal" || link.rule === "moved") && unnumbered(link.from) === unnumbered(link.to);
  return { state: kept ? "equal" : state === "equal" ? "moved" : state, rule: link.rule, why: link.detail || of?.detail || "" };
}

/** The fate of a field for which the gateway refused the whole request. */
export const REFUSED = "refused";
/** That of a value of which nothing is lost though it is not sent: no note is on it. */
const UNSENT = "not sent";

const isLost = (note: Note): boolean => note.fate === "dropped" || note.lost;

/** Return the notes of a body by their paths, those of lost values that it never had apart: by the paths of the nearest
 * parts that it has. */
function placed(body: unknown, told: Told): { noted: Map<string, Note>; ghosts: Map<string, Note[]> } {
  const noted = new Map<string, Note>();
  const ghosts = new Map<string, Note[]>();
  if (told.side === "to") return { noted, ghosts };
  const linked = new Set(told.links.all.map((link) => link.note));
  told.notes.forEach((note, i) => {
    if (valueAt(body, note.path) !== undefined) noted.set(note.path, note);
    else if (isLost(note) && !linked.has(i) && !note.path.startsWith("\0")) {
      let held = parent(note.path) ?? "";
      while (held && valueAt(body, held) === undefined) held = parent(held) ?? "";
      ghosts.set(held, [...(ghosts.get(held) ?? []), note]);
    }
  });
  return { noted, ghosts };
}

/** Return the lines of a JSON value, parts that are equal at both sides folded unless `opened` names them or they hold
 * the path `shown`. */
export function rowsOf(body: unknown, told: Told, opened: ReadonlySet<string>, foldEqual: boolean, shown: string | null = null): Row[] {
  const { noted, ghosts } = placed(body, told);

  const row = (kind: Row["kind"], path: string, depth: number, key: string | null, text: string, of: Fate): Row => ({
    kind, path, depth, key, text, state: of.state, rule: of.rule, why: of.why, length: text.length, lines: 1, opens: "", holds: NONE, isText: false, ghost: false,
  });

  const leaf = (value: unknown, path: string, depth: number, key: string | null, of: Fate): Block => {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    const made = row("leaf", path, depth, key, text ?? "", of);
    made.isText = typeof value === "string";
    if (text && text.length > SHOWN_TEXT && !opened.has(path)) made.text = text.slice(0, SHOWN_TEXT);
    return { rows: [made], equal: of.state === "equal" && path !== shown, key };
  };

  const ghost = (note: Note, held: string, depth: number): Block => {
    const text = note.old === null || note.old === undefined ? "" : typeof note.old === "string" ? note.old : JSON.stringify(note.old);
    const key = note.path.slice(held.length).replace(/^\./, "");
    const made = row("leaf", note.path, depth, key, text, { state: "lost", rule: note.fate, why: note.detail });
    return { rows: [{ ...made, ghost: true, isText: typeof note.old === "string" }], equal: false, key };
  };

  // What stands behind a fold that was opened is shown whole.
  const openedFrom = new Map<string, number>();
  for (const fold of opened) {
    const [path, from] = fold.split("#");
    if (from !== undefined) openedFrom.set(path!, Math.min(openedFrom.get(path!) ?? Infinity, Number(from)));
  }

  const block = (value: unknown, path: string, depth: number, key: string | null, inherited: Fate | null, whole: boolean): Block => {
    const own = inherited && !noted.has(path) ? inherited : fate(path, value, told, noted);
    if (value === null || typeof value !== "object") return leaf(value, path, depth, key, own);
    const isList = Array.isArray(value);
    const members: [string | number, unknown][] = isList ? value.map((one, i) => [i, one]) : Object.entries(value);
    if (!members.length) return leaf(value, path, depth, key, own);
    const passOn = own.state === "lost" ? { ...own, why: "" } : null;
    const from = openedFrom.get(path) ?? Infinity;
    const children = members.map(([name, one], i) =>
      block(one, join(path, name), depth + 1, isList ? null : String(name), passOn, whole || i >= from));
    for (const note of ghosts.get(path) ?? []) children.push(ghost(note, path, depth + 1));
    const equal = path !== shown && children.every((child) => child.equal);
    const told_: Fate = own.state === "lost" || own.state === "made" ? own : { state: equal ? "equal" : "plain", rule: null, why: "" };
    const rows = [row("open", path, depth, key, isList ? "[" : "{", told_)];
    for (const part of foldEqual && !whole ? folded(children, path, depth + 1, opened) : children) {
      for (const one of part.rows) rows.push(one);
    }
    rows.push(row("close", path, depth, null, isList ? "]" : "}", { ...told_, why: "" }));
    return { rows, equal, key };
  };

  return block(body, "", 0, null, null, false).rows;
}

const linesIn = (rows: Row[]): number => rows.reduce((sum, row) => sum + row.lines, 0);

/** Put each run of equal members behind one line, when that saves any. */
function folded(children: Block[], path: string, depth: number, opened: ReadonlySet<string>): Block[] {
  const out: Block[] = [];
  for (let i = 0; i < children.length; ) {
    let end = i;
    let lines = 0;
    while (end < children.length && children[end]!.equal) lines += linesIn(children[end++]!.rows);
    const opens = `${path}#${i}`;
    if (lines < 2 || opened.has(opens)) {
      end = Math.max(end, i + 1);
      out.push(...children.slice(i, end));
    } else {
      const names = children.slice(i, end).map((child) => child.key).filter(Boolean).join(", ");
      const text = `${lines} equal line${lines === 1 ? "" : "s"}${names ? `: ${names}` : ""}`;
      const first = children[i]!.rows[0]!;
      const holds = children.slice(i, end).map((child) => child.rows[0]!.path);
      out.push({ equal: true, key: null, rows: [{ ...first, kind: "fold", depth, key: null, text, lines, opens, holds, isText: false, state: "equal", why: "" }] });
    }
    i = end;
  }
  return out;
}

/** Where each path of a pane is, as the number of its row: that of the fold or of the part that holds it, where it has
 * none of its own. */
export class Places {
  private readonly at = new Map<string, number>();

  constructor(rows: readonly Row[]) {
    rows.forEach((row, i) => {
      if (row.kind === "close") return;
      if (row.kind === "fold") row.holds.forEach((path) => this.at.set(path, i));
      else this.at.set(row.path, i);
    });
  }

  /** Return the row of a path, or -1. */
  of(path: string): number {
    for (let held: string | null = path; held !== null; held = parent(held)) {
      const i = this.at.get(held);
      if (i !== undefined) return i;
    }
    return -1;
  }
}

const ANSWERS = /^(annotations|candidates|choices|citations|content|delta|done_reason|events?|finish_reason|images|message|moderation|output|parts|promptFeedback|response|status|stopReason|stop_details|stop_reason|tool_calls|usage)\b/;

/** Return whether a note is on the answer: an event has it, or it names a field that only answers have. */
export function ofAnswer(note: Note, events: readonly EventPair[] = []): boolean {
  return ANSWERS.test(note.path) || notedAt(events, note) !== null;
}
