import type { VNode } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Summary } from "./api";
import { clock, count, day, modelOf, ms } from "./format";
import { Icon } from "./icons";
import { linesOf, type Line } from "./list-lines";
import { toHash } from "./route";
import { useWindow } from "./virtual";
import { Marked, NotesMark, Spark, StatusMark, tone } from "./widgets";

export interface ListProps {
  items: Summary[];
  cursor: string;
  tab: string;
  compact: boolean;
  grouped: boolean;
  folded: ReadonlySet<string>;
  onFold: (id: string) => void;
  selected: ReadonlySet<string>;
  onSelect: (id: string, range: boolean) => void;
  onSelectAll: () => void;
  found: string[];
  searching: boolean;
  more: boolean;
  gone: number;
  loadMore: () => void;
}

const ROW = 29;
const TWO_LINES = 46;

export function List(props: ListProps): VNode {
  const { items, cursor, compact, grouped, folded, more, gone, loadMore, searching } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const lines = useMemo(() => linesOf(items, { grouped, folded, gone: more || searching ? 0 : gone }), [items, grouped, folded, gone, more, searching]);
  const excerpts = useMemo(() => items.some((x) => x.found), [items]);
  const height = compact || excerpts ? TWO_LINES : ROW;
  const rows = useWindow(scroller, lines.length, () => height);
  useLayoutEffect(() => rows.reset(), [height]);
  const { fresh, toTop } = useStillness(scroller, lines, items, height);

  const at = lines.findIndex((line) => line.kind === "row" && line.x.id === cursor);
  useEffect(() => {
    if (at >= 0) rows.to(at);
  }, [cursor, compact]);

  const last = rows.items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (more && last > lines.length - 60) loadMore();
  }, [last, more, lines.length]);

  return (
    <div class={`list ${compact ? "compact" : ""} ${excerpts && !compact ? "excerpts" : ""} ${props.selected.size ? "selecting" : ""}`} role="table" aria-label="Exchanges" aria-rowcount={lines.length}>
      {!compact && <Head {...props} />}
      <div role="rowgroup" class="scroll" ref={scroller} tabIndex={0} aria-label="Rows">
        <div role="presentation" class="space" style={{ height: `${rows.total}px` }}>
          {rows.items.map(({ index, start }) => {
            const line = lines[index];
            if (!line) return null;
            const placed = { ...props, at: index, top: start, height };
            return line.kind === "row" ? <RowLine key={line.key} {...placed} line={line} /> : <OtherLine key={line.key} {...placed} line={line} />;
          })}
        </div>
      </div>
      {fresh > 0 && <button class="fresh" onClick={toTop}><Icon name="up" />{fresh} new</button>}
    </div>
  );
}

/** Keep what is looked at where it is while rows come in above it: under a pointer, and once the list was scrolled.
 * Return how many rows came in unseen, and the way to them. */
function useStillness(scroller: { current: HTMLDivElement | null }, lines: Line[], items: Summary[], height: number): { fresh: number; toTop: () => void } {
  const anchor = useRef<{ key: string; at: number }>({ key: "", at: 0 });
  const hovered = useRef(false);
  const drifted = useRef(false);
  const seen = useRef(0);
  const held = useRef({ lines, items, height });
  const [fresh, setFresh] = useState(0);
  held.current = { lines, items, height };

  const look = (): void => {
    const box = scroller.current;
    if (!box) return;
    const { lines, items, height } = held.current;
    const at = Math.floor(box.scrollTop / height);
    anchor.current = { key: lines[at]?.key ?? "", at };
    if (box.scrollTop < 4) seen.current = items[0]?.seq ?? 0;
  };
  useLayoutEffect(() => {
    const box = scroller.current;
    const was = anchor.current;
    if (box && was.key && (box.scrollTop >= 4 || hovered.current)) {
      const at = lines.findIndex((line) => line.key === was.key);
      if (at > was.at && box.scrollTop < 4) drifted.current = true;
      if (at >= 0 && at !== was.at) box.scrollTop += (at - was.at) * height;
    }
    look();
    const unseen = box && box.scrollTop >= 4 ? items.findIndex((x) => x.seq <= seen.current) : 0;
    setFresh(Math.max(0, unseen));
  }, [lines]);

  useEffect(() => {
    const box = scroller.current;
    if (!box) return;
    const scrolled = (): void => {
      look();
      if (box.scrollTop < 4) {
        drifted.current = false;
        setFresh(0);
      }
    };
    const entered = (event: PointerEvent): void => void (hovered.current = event.pointerType === "mouse");
    const left = (): void => {
      hovered.current = false;
      if (drifted.current) box.scrollTo({ top: 0 });
    };
    const own = (): void => void (drifted.current = false);
    box.addEventListener("scroll", scrolled, { passive: true });
    box.addEventListener("pointerenter", entered);
    box.addEventListener("pointerleave", left);
    box.addEventListener("wheel", own, { passive: true });
    return () => {
      box.removeEventListener("scroll", scrolled);
      box.removeEventListener("pointerenter", entered);
      box.removeEventListener("pointerleave", left);
      box.removeEventListener("wheel", own);
    };
  }, []);
  return { fresh, toTop: () => scroller.current?.scrollTo({ top: 0 }) };
}

const HEADS: [string, string, string][] = [
  ["Time", "", "When the request came"],
  ["Client", "", "The name of the client's key"],
  ["Asked → sent to", "", "The model asked for, and the provider and model that got it"],
  ["Status", "", "The status, or how it ended"],
  ["Kind", "", "A stream or a whole answer"],
  ["In", "num", "Tokens of the prompt"],
  ["Cached", "num", "The share of them that was read from the cache"],
  ["Out", "num", "Tokens of the answer"],
  ["First", "num", "Time until the first event"],
  ["Total", "num", "Time until the end"],
  ["Own", "num", "Of it, the gateway's own"],
  ["Notes", "", "Fields that were bent, marked by the heaviest: ▼ dropped, ≈ weaker form, + made up, ↷ moved, · default"],
  ["Gaps", "", "The longest gap in each slice of the stream"],
];

function Head({ items, selected, onSelectAll }: ListProps): VNode {
  return (
    <div role="rowgroup" class="head">
      <div role="row" class="line">
        <span role="columnheader" class="check"><input type="checkbox" aria-label="Select all" title="Select what is in the list" checked={selected.size > 0 && selected.size === items.length} onChange={onSelectAll} /></span>
        {HEADS.map(([name, how, title]) => <span role="columnheader" key={name} class={how} title={title}>{name}</span>)}
      </div>
    </div>
  );
}

interface Placed {
  at: number;
  top: number;
  height: number;
}

const styleOf = ({ top, height }: Placed): Record<string, string> => ({ transform: `translateY(${top}px)`, height: `${height}px` });

type RowOf = Extract<Line, { kind: "row" }>;

/** A row is drawn anew only if something in it changed: scrolling is to cost nothing. */
function RowLine(props: ListProps & Placed & { line: RowOf }): VNode {
  const { line, at, top, height, compact, cursor, tab, found, selected } = props;
  const { x, turn } = line;
  return useMemo(
    () => (compact ? <TwoLines {...props} x={x} turn={turn} /> : <Row {...props} x={x} turn={turn} />),
    [x, turn, at, top, height, compact, tab, found, cursor === x.id, selected],
  );
}

function OtherLine(props: ListProps & Placed & { line: Exclude<Line, RowOf> }): VNode {
  const { line, at, folded, onFold } = props;
  const style = styleOf(props);
  if (line.kind === "group") {
    const shut = folded.has(line.id);
    return (
      <div role="row" class="line group" style={style} aria-rowindex={at + 1}>
        <span role="cell">
          <button class="bare" aria-expanded={!shut} onClick={() => onFold(line.id)}>
            <Icon name="down" /><b>{line.of.length} turns</b><span class="cut">{modelOf(line.of[0]!)}</span><span class="faint cut of">{groupWords(line.of)}</span>
          </button>
        </span>
      </div>
    );
  }
  const words = line.kind === "day" ? day(line.started) : `${line.n} ${line.n === 1 ? "exchange" : "exchanges"} had to make room: memory is bounded (inspector.memory), pinned ones go last`;
  return <div role="row" class={`line note ${line.kind}`} style={style} aria-rowindex={at + 1}><span role="cell" class="cut">{words}</span></div>;
}

function groupWords(of: Summary[]): string {
  const sum = (part: (x: Summary) => number | null | undefined): number => of.reduce((all, x) => all + (part(x) ?? 0), 0);
  const [first, last] = [of.at(-1)!, of[0]!].map((x) => clock(x.started).slice(0, 8));
  const span = first === last ? first : `${first} – ${last}`;
  return `${of[0]!.client} · ${span} · ${count(sum((x) => x.tokens?.input))} in, ${count(sum((x) => x.tokens?.output))} out`;
}

/** Return a share in percent; nothing of what rounds to none. */
function share(part: number | null | undefined, of: number | null | undefined): string {
  const percent = part && of ? Math.round((part / of) * 100) : 0;
  return percent ? `${percent}%` : "";
}

const lasted = (x: Summary): string => (x.end === "running" ? "" : ms(x.duration));

type RowProps = ListProps & Placed & { x: Summary; turn: number };

function classes({ x, cursor, turn, selected }: RowProps): string {
  return `line ${tone(x)} ${cursor === x.id ? "at" : ""} ${turn ? "turn" : ""} ${selected.has(x.id) ? "selected" : ""}`;
}

function Check({ x, selected, onSelect }: RowProps): VNode {
  const shift = useRef(false);
  const changed = (event: { currentTarget: HTMLInputElement }): void => {
    if (shift.current) event.currentTarget.checked = true;
    onSelect(x.id, shift.current);
  };
  return (
    <input
      type="checkbox" aria-label={`Select ${modelOf(x)} at ${clock(x.started).slice(0, 8)}`} title="Select (x); with Shift up to here" checked={selected.has(x.id)}
      onClick={(event) => { shift.current = event.shiftKey; }} onChange={changed}
    />
  );
}

function Marks({ x }: { x: Summary }): VNode {
  return (
    <>
      {x.pinned && <span class="pinned" title="Pinned: goes last when memory runs out"><Icon name="pin" /></span>}
      {x.injected.length > 0 && <span class="mark injected" title={`Injected: ${x.injected.join(", ")}`}>injected</span>}
      {x.attempts > 1 && <span class="mark" title={`${x.attempts} attempts`}>×{x.attempts}</span>}
    </>
  );
}

function targetOf(x: Summary): string {
  return [x.provider, x.provider_model].filter(Boolean).join("/");
}

function Link({ x, tab, found }: RowProps): VNode {
  return <a href={toHash(x.id, tab)} class="open" title={`${modelOf(x)} → ${targetOf(x) || "nobody"}`}><Marked text={modelOf(x)} wanted={found} /></a>;
}

function TwoLines(props: RowProps): VNode {
  const { x, at, found } = props;
  const style = styleOf(props);
  return (
    <div role="row" class={classes(props)} style={style} aria-rowindex={at + 1}>
      <span role="cell" class="check"><Check {...props} /></span>
      <span role="cell" class="two"><Link {...props} /><StatusMark x={x} /></span>
      <span role="cell" class="two small">
        <span class="cut faint">{x.found ? <Marked text={x.found} wanted={found} /> : <>{clock(x.started).slice(0, 8)}{x.end === "running" ? "" : ` · ${lasted(x)}`} · <Marked text={x.provider ?? "nobody"} wanted={found} /></>}</span>
        <span class="marks"><Marks x={x} /><NotesMark notes={x.notes} /></span>
      </span>
    </div>
  );
}

function Row(props: RowProps): VNode {
  const { x, at, found } = props;
  const style = styleOf(props);
  const t = x.tokens;
  return (
    <div role="row" class={classes(props)} style={style} aria-rowindex={at + 1}>
      <span role="cell" class="check"><Check {...props} /></span>
      <span role="cell" class="num faint" title={x.started}>{clock(x.started).slice(0, 8)}</span>
      <span role="cell" class="cut" title={x.client}><Marked text={x.client} wanted={found} /></span>
      <span role="cell" class="models">
        <Link {...props} /><span class="faint">→</span><span class={targetOf(x) ? "cut" : "cut faint"}><Marked text={targetOf(x) || "nobody"} wanted={found} /></span><Marks x={x} />
      </span>
      <span role="cell"><StatusMark x={x} /></span>
      <span role="cell" class="faint">{x.stream ? "stream" : "whole"}</span>
      <span role="cell" class="num">{t ? count(t.input) : ""}</span>
      <span role="cell" class="num faint" title={t?.cache_read ? `${t.cache_read} tokens were read from the cache` : undefined}>{share(t?.cache_read, t?.input)}</span>
      <span role="cell" class="num">{t ? count(t.output) : ""}</span>
      <span role="cell" class="num">{x.first_event === null ? "" : ms(x.first_event)}</span>
      <span role="cell" class="num">{lasted(x)}</span>
      <span role="cell" class="num faint">{x.own === null ? "" : ms(x.own)}</span>
      <span role="cell"><NotesMark notes={x.notes} /></span>
      <span role="cell"><Spark gaps={x.gaps} /></span>
      {x.found && <span role="cell" class="found cut"><Marked text={x.found} wanted={found} /></span>}
    </div>
  );
}
