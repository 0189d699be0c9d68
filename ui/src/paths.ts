import type { Link } from "./api";

/** Return the path of a member: `messages[0].content`. */
export function join(path: string, key: string | number): string {
  if (typeof key === "number") return `${path}[${key}]`;
  return path ? `${path}.${key}` : key;
}

/** Return the path that holds this one, or null at the top. */
export function parent(path: string): string | null {
  if (!path) return null;
  const at = Math.max(path.lastIndexOf("."), path.lastIndexOf("["));
  return at < 0 ? "" : path.slice(0, at);
}

/** The links of one leg, looked up from either side: `from` is where a value was written, `to` where it went. */
export class Links {
  private readonly at = { from: new Map<string, Link[]>(), to: new Map<string, Link[]>() };

  constructor(readonly all: readonly Link[]) {
    for (const link of all) {
      for (const side of ["from", "to"] as const) {
        const path = link[side];
        if (path === null) continue;
        const held = this.at[side].get(path);
        if (held) held.push(link);
        else this.at[side].set(path, [link]);
      }
    }
  }

  /** Return the links that tell of `path`: its own, or those of the nearest part that holds it. What was handed on whole
   * is at the same place within the other end; of what was made anew nobody knows where. */
  find(side: "from" | "to", path: string): Link[] {
    const own = this.at[side].get(path);
    if (own) return own;
    const other = side === "from" ? "to" : "from";
    for (let held = parent(path); held !== null; held = parent(held)) {
      const links = this.at[side].get(held);
      if (!links) continue;
      const tail = path.slice(held.length);
      return links.map((link) => {
        const there = link[other];
        if (there === null || !HANDED_ON.has(link.rule)) return link;
        return { ...link, [side]: path, [other]: (there + tail).replace(/^\./, "") };
      });
    }
    return [];
  }
}

const HANDED_ON: ReadonlySet<string> = new Set(["copied", "moved", "renamed"]);

/** Return the longest run of pairs in which both numbers go up: what can stand side by side. The pairs come in the
 * order of their first number. */
export function abreast(pairs: readonly (readonly [number, number])[]): (readonly [number, number])[] {
  const tails: number[] = [];
  const before: number[] = [];
  pairs.forEach(([, to], i) => {
    let low = 0;
    let high = tails.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (pairs[tails[middle]!]![1] < to) low = middle + 1;
      else high = middle;
    }
    before.push(low ? tails[low - 1]! : -1);
    tails[low] = i;
  });
  const out: (readonly [number, number])[] = [];
  for (let at = tails.at(-1) ?? -1; at >= 0; at = before[at]!) out.push(pairs[at]!);
  return out.reverse();
}
