import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Exchange } from "./api";
import { bits, pieces, type Lost } from "./events";
import { useWindow } from "./virtual";

/** One side of a stream as lines, an event each; the pair of what is pointed at is marked at both sides. */
export function EventLines({ exchange, side, lost, marked, pointed, onMark }: { exchange: Exchange; side: "provider" | "client"; lost: readonly Lost[]; marked: ReadonlySet<number>; pointed: number | null; onMark: (n: number | null) => void }): VNode {
  const scroller = useRef<HTMLDivElement>(null);
  const { events } = exchange;
  const rows = useWindow(scroller, events.length, () => 22);
  const inside = useRef(false);
  useEffect(() => {
    const shown = events.some((one) => one.n === pointed && one[side].trim()) ? pointed : [...marked].find((n) => n !== pointed) ?? pointed;
    const at = pointed === null || inside.current ? -1 : events.findIndex((one) => one.n === shown);
    if (at >= 0) rows.to(at);
  }, [marked, pointed]);
  const enter = (is: boolean) => () => {
    inside.current = is;
    if (!is) onMark(null);
  };
  return (
    <div class="scroll tree events-lines" ref={scroller} tabIndex={0} role="group" aria-label={`${side} events`} onMouseEnter={enter(true)} onMouseLeave={enter(false)}>
      <div class="space" style={{ height: `${rows.total}px` }}>
        {rows.items.map(({ index, start }) => {
          const pair = events[index];
          if (!pair) return null;
          const read = pieces(pair[side]);
          const gone = lost.filter((one) => one.events.includes(pair.n));
          const said = read.flatMap((one) => bits(one.json)).map((bit) => bit.text).join("");
          return (
            <div key={pair.n} class={`node event ${marked.has(pair.n) ? "lit" : ""}`} style={{ transform: `translateY(${start}px)` }} onMouseEnter={() => onMark(pair.n)} onClick={() => onMark(pair.n)}>
              <span class="n">{pair.n}</span>
              {gone.map(({ note }) => <span key={note.path} class="rule dropped" title={`${note.path}: ${note.detail ?? ""}`}>{note.fate}</span>)}
              {said && <b class="said">{said}</b>}
              <span class="faint cut">{read.length ? read.map((one) => one.text).join("  ") : side === "client" ? "nothing at once" : "no event of the provider's"}</span>
            </div>
          );
        })}
      </div>
    </div>
  );
}
