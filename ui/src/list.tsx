import type { VNode } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import type { Summary } from "./api";
import { clock, count, ms } from "./format";
import { toHash } from "./route";
import { useWindow } from "./virtual";
import { NotesMark, Spark, StatusMark, tone } from "./widgets";

export interface ListProps {
  items: Summary[];
  cursor: string;
  tab: string;
  compact: boolean;
  grouped: boolean;
  more: boolean;
  gone: number;
  loadMore: () => void;
}

type Line = { kind: "row"; x: Summary; turn: number } | { kind: "group"; id: string; of: Summary[] } | { kind: "gone"; n: number };

/** Return the lines of the list, by conversation where asked: the newest conversation first, its newest turn first. */
export function linesOf(items: readonly Summary[], grouped: boolean, gone: number): Line[] {
  const lines: Line[] = [];
  if (grouped) {
    const groups = new Map<string, Summary[]>();
    for (const x of items) {
      const key = x.conversation ?? x.id;
      groups.set(key, [...(groups.get(key) ?? []), x]);
    }
    for (const [id, of] of groups) {
      if (of.length > 1) lines.push({ kind: "group", id, of });
      of.forEach((x, i) => lines.push({ kind: "row", x, turn: of.length > 1 ? of.length - i : 0 }));
    }
  } else for (const x of items) lines.push({ kind: "row", x, turn: 0 });
  if (gone) lines.push({ kind: "gone", n: gone });
  return lines;
}

export function List(props: ListProps): VNode {
  const { items, cursor, compact, grouped, more, gone, loadMore } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const lines = useMemo(() => linesOf(items, grouped, more ? 0 : gone), [items, grouped, gone, more]);
  const height = compact ? 50 : 32;
  const rows = useWindow(scroller, lines.length, () => height);

  // New rows come in at the top: what is being looked at stays where it is.
  const first = useRef<string>("");
  useLayoutEffect(() => {
    const box = scroller.current;
    const at = items.findIndex((x) => x.id === first.current);
    if (box && at > 0 && box.scrollTop > 4 && !grouped) box.scrollTop += at * height;
    first.current = items[0]?.id ?? "";
  }, [items]);

  const at = lines.findIndex((line) => line.kind === "row" && line.x.id === cursor);
  useEffect(() => {
    if (at >= 0) rows.to(at);
  }, [cursor, compact]);

  const last = rows.items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (more && last > lines.length - 40) loadMore();
  }, [last, more, lines.length]);

  return (
    <div class={`list ${compact ? "compact" : ""}`} role="table" aria-label="Exchanges" aria-rowcount={lines.length}>
      {!compact && (
        <div role="rowgroup" class="head">
          <div role="row" class="line">
            {HEADS.map(([name, title]) => <span role="columnheader" key={name} title={title}>{name}</span>)}
          </div>
        </div>
      )}
      <div role="rowgroup" class="scroll" ref={scroller} tabIndex={0} aria-label="Rows">
        <div role="presentation" class="space" style={{ height: `${rows.total}px` }}>
          {rows.items.map(({ index, start }) => {
            const line = lines[index];
            if (!line) return null;
            const style = { transform: `translateY(${start}px)`, height: `${height}px` };
            if (line.kind === "row") return <Row key={line.x.id} {...props} x={line.x} turn={line.turn} style={style} at={index} />;
            return (
              <div key={line.kind === "group" ? line.id : "gone"} role="row" class="line note" style={style} aria-rowindex={index + 1}>
                <span role="cell">{line.kind === "gone" ? goneWords(line.n) : groupWords(line.of)}</span>
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}

const HEADS: [string, string][] = [
  ["Time", "When the request came"],
  ["Client", "The name of the client's key"],
  ["Asked → sent to", "The model asked for, and the provider and model that got it"],
  ["Status", "The status, or how it ended"],
  ["Kind", "A stream or a whole answer"],
  ["Tokens", "In and out; ⟲ read from the cache"],
  ["First", "Time until the first event"],
  ["Total", "Time until the end"],
  ["Own", "Of it, the gateway's own"],
  ["Notes", "Fields that were bent, marked by the heaviest: ▼ dropped, ≈ weaker form, + made up, ↷ moved, · default"],
  ["Gaps", "The longest gap in each slice of the stream"],
];

const lasted = (x: Summary): string => (x.end === "running" ? "–" : ms(x.duration));
const goneWords = (n: number): string => `${n} older ${n === 1 ? "exchange is" : "exchanges are"} gone: memory is bounded`;
const groupWords = (of: Summary[]): string => `Conversation of ${of.length} turns · ${of[0]!.model} · ${of[0]!.client}`;

function Row({ x, compact, cursor, tab, turn, style, at }: ListProps & { x: Summary; turn: number; at: number; style: Record<string, string> }): VNode {
  const target = [x.provider, x.provider_model].filter(Boolean).join("/");
  const link = <a href={toHash(x.id, tab)} class="open" title={`${x.model} → ${target || "nobody"}`}>{x.model}</a>;
  const classes = `line ${tone(x)} ${cursor === x.id ? "at" : ""} ${turn ? "turn" : ""}`;
  const marks = (
    <>
      {x.pinned && <span title="Pinned" class="faint">⚲</span>}
      {x.injected.length > 0 && <span class="mark injected" title={`Injected: ${x.injected.join(", ")}`}>injected</span>}
      {x.attempts > 1 && <span class="mark" title={`${x.attempts} attempts`}>×{x.attempts}</span>}
    </>
  );
  if (compact) {
    return (
      <div role="row" class={classes} style={style} aria-rowindex={at + 1}>
        <span role="cell" class="two"><span class="cut">{link}</span><StatusMark x={x} /></span>
        <span role="cell" class="two small"><span class="cut faint">{clock(x.started).slice(0, 8)} · {x.provider ?? "nobody"} · {lasted(x)}</span><span class="marks">{marks}<NotesMark notes={x.notes} /></span></span>
      </div>
    );
  }
  const t = x.tokens;
  return (
    <div role="row" class={classes} style={style} aria-rowindex={at + 1}>
      <span role="cell" class="num faint" title={x.started}>{clock(x.started).slice(0, 8)}</span>
      <span role="cell" class="cut">{x.client}</span>
      <span role="cell" class="cut models">{link}<span class="faint"> → </span><span class="cut">{target || "nobody"}</span>{marks}</span>
      <span role="cell"><StatusMark x={x} /></span>
      <span role="cell" class="faint">{x.stream ? "stream" : "whole"}</span>
      <span role="cell" class="num">{t ? `${count(t.input)} → ${count(t.output)}` : "–"}{t?.cache_read ? <span class="faint"> ⟲{count(t.cache_read)}</span> : null}</span>
      <span role="cell" class="num">{ms(x.first_event)}</span>
      <span role="cell" class="num">{lasted(x)}</span>
      <span role="cell" class="num faint">{ms(x.own)}</span>
      <span role="cell"><NotesMark notes={x.notes} /></span>
      <span role="cell"><Spark gaps={x.gaps} /></span>
    </div>
  );
}
