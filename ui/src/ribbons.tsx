import type { VNode } from "preact";
import { useEffect, useReducer, useRef } from "preact/hooks";
import type { Link } from "./api";
import { joins, stubs, type Join, type Seen } from "./sync";
import type { Places, Row } from "./rows";

/** A pane as the lines between two of them know it. */
export interface Side {
  box: HTMLElement;
  rows: Row[];
  places: Places;
  seen: Seen;
}

export interface Sides {
  from: Side | null;
  to: Side | null;
}

/** The joins of two panes, found anew only when their rows have changed. */
export class Joined {
  private rows: [Row[] | null, Row[] | null, readonly Link[] | null] = [null, null, null];
  private found: Join[] = [];

  of({ from, to }: Sides, links: readonly Link[]): Join[] {
    if (!from || !to) return [];
    const [a, b, known] = this.rows;
    if (a !== from.rows || b !== to.rows || known !== links) {
      this.rows = [from.rows, to.rows, links];
      this.found = joins(links, from.places, to.places);
    }
    return this.found;
  }
}

interface Props {
  sides: { current: Sides };
  joined: Joined;
  links: readonly Link[];
  lit: readonly Link[];
  /** Is given what draws again. */
  drawn: { current: () => void };
}

const WIDE = 34;
const MOST = 400;

/** The lines from each value to what it became; what came to nothing has a stump. */
export function Ribbons({ sides, joined, links, lit, drawn }: Props): VNode {
  const [, redraw] = useReducer((n: number) => n + 1, 0);
  const svg = useRef<SVGSVGElement>(null);
  useEffect(() => {
    let frame = 0;
    drawn.current = () => {
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        redraw(0);
      });
    };
    drawn.current();
    return () => {
      cancelAnimationFrame(frame);
      drawn.current = () => undefined;
    };
  }, []);
  return <svg class="ribbons" ref={svg} aria-hidden="true">{svg.current && lines(svg.current, sides.current, joined, links, lit)}</svg>;
}

function lines(svg: SVGSVGElement, sides: Sides, joined: Joined, links: readonly Link[], lit: readonly Link[]): VNode[] {
  const { from, to } = sides;
  const zero = svg.getBoundingClientRect().top;
  const out: VNode[] = [];
  const bright: VNode[] = [];
  if (from && to) {
    const lefts = new Set(lit.map((link) => (link.from === null ? -1 : from.places.of(link.from))));
    const rights = new Set(lit.map((link) => (link.to === null ? -1 : to.places.of(link.to))));
    const a = heights(from, zero);
    const b = heights(to, zero);
    for (const join of joined.of(sides, links)) {
      const left = a(join.from);
      const right = b(join.to);
      if ((left.off && right.off) || out.length > MOST) continue;
      const isLit = lefts.has(join.from) && rights.has(join.to);
      const d = `M0,${left.y} C${WIDE * 0.55},${left.y} ${WIDE * 0.45},${right.y} ${WIDE},${right.y}`;
      (isLit ? bright : out).push(<path key={`${join.from} ${join.to}`} d={d} class={`ribbon ${join.rule} ${isLit ? "lit" : ""} ${left.off || right.off ? "away" : ""}`} />);
    }
  }
  for (const [side, at] of [["from", from], ["to", to]] as const) if (at) out.push(...stumps(at, side, zero));
  return [...out, ...bright];
}

/** Return what tells the height of a row, and whether it is out of sight. */
function heights({ box, seen }: Side, zero: number): (row: number) => { y: number; off: boolean } {
  const top = box.getBoundingClientRect().top - zero;
  return (row) => {
    const y = top + seen.start(row) - box.scrollTop + 11;
    const off = y < top || y > top + box.clientHeight;
    return { y: Math.max(top - 1, Math.min(y, top + box.clientHeight + 1)), off };
  };
}

function stumps(side: Side, name: "from" | "to", zero: number): VNode[] {
  const at = heights(side, zero);
  return stubs(side.rows).flatMap(({ row, state }) => {
    const { y, off } = at(row);
    if (off) return [];
    const [x1, x2] = name === "from" ? [0, 11] : [WIDE, WIDE - 11];
    const cap = state === "unknown" ? <text x={(x1 + x2) / 2} y={y + 3.5}>?</text> : <path d={`M${x2},${y - 3.5} v7`} class={`stump ${state}`} />;
    return [<g key={`${name} ${row}`}>{state !== "unknown" && <path d={`M${x1},${y} H${x2}`} class={`stump ${state}`} />}{cap}</g>];
  });
}
