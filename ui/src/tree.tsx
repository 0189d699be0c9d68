import type { VNode } from "preact";
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Note, Phase } from "./api";
import { parsed } from "./events";
import { size } from "./format";
import type { Links } from "./paths";
import type { Side } from "./ribbons";
import { Places, rowsOf, type Row, type Told } from "./rows";
import { useWindow } from "./virtual";
import { RawText } from "./raw";

export interface TreeProps {
  phase: Phase | null;
  other: Phase | null;
  side: "from" | "to";
  links: Links;
  known: boolean;
  notes: readonly Note[];
  lit: ReadonlySet<string>;
  selected: string | null;
  /** It is this pane that was selected in, not the one beside it. */
  isMine: boolean;
  label: string;
  onHover: (path: string | null) => void;
  onSelect: (path: string) => void;
  /** Is told where the pane's rows are whenever that changes; null when it is no tree any more. */
  onPlaced: (side: Side | null) => void;
  onScrolled: () => void;
}

/** A body as a tree of JSON, folded where both sides are equal. */
export function Tree({ phase, other, side, links, known, notes, lit, selected, isMine, label, onHover, onSelect, onPlaced, onScrolled }: TreeProps): VNode {
  const scroller = useRef<HTMLDivElement>(null);
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  const body = useMemo(() => parsed(phase?.body ?? ""), [phase?.body]);
  const there = useMemo(() => parsed(other?.body ?? ""), [other?.body]);
  const rows = useMemo(() => {
    const told: Told = { side, links, known, notes, other: there };
    return body === undefined ? null : rowsOf(body, told, opened, other !== null, selected);
  }, [body, there, links, known, notes, opened, selected, other === null]);
  const places = useMemo(() => new Places(rows ?? []), [rows]);
  const shown = useWindow(scroller, rows?.length ?? 0, (i) => heightOf(rows![i]!));
  const at = rows && selected !== null ? places.of(selected) : -1;
  const [top, bottom] = at < 0 ? [0, 0] : [shown.start(at), shown.start(at + 1)];
  const isLeft = useRef(false);
  useLayoutEffect(() => {
    isLeft.current = false;
  }, [selected, isMine]);
  useLayoutEffect(() => {
    // What comes later, such as the reasons of links, makes it and the rows above it taller.
    const box = scroller.current;
    if (!box || at < 0 || !isMine || isLeft.current) return;
    if (top < box.scrollTop || bottom > box.scrollTop + box.clientHeight) shown.to(at, "center");
  }, [at, selected, isMine, top, bottom]);
  const leave = (): void => {
    isLeft.current = true;
  };
  useLayoutEffect(() => {
    const box = scroller.current;
    if (!box || !rows) return;
    onPlaced({ box, rows, places, seen: { start: shown.start, total: shown.total, get top() { return box.scrollTop; }, get height() { return box.clientHeight; } } });
  });
  useLayoutEffect(() => () => onPlaced(null), []);

  if (!rows) return <RawText text={phase?.body ?? "The body is not kept."} />;
  const open = (what: string): void => setOpened((old) => (old.has(what) ? new Set([...old].filter((one) => one !== what)) : new Set([...old, what])));
  const litRows = new Set([...lit].map((path) => places.of(path)));
  const keys = (event: KeyboardEvent): void => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    const row = rows[at];
    if (SCROLLS.has(event.key)) leave();
    if (event.key === "Enter" && row) open(row.kind === "fold" ? row.opens : row.path);
    if (!step) return;
    event.preventDefault();
    let next = at + step;
    while (rows[next]?.kind === "close") next += step;
    if (rows[next]) onSelect(rows[next]!.path);
  };
  return (
    <div class="scroll tree" ref={scroller} tabIndex={0} role="group" aria-label={`${label}: body`} onKeyDown={keys} onMouseLeave={() => onHover(null)} onScroll={onScrolled} onWheel={leave} onTouchMove={leave} onPointerDown={leave}>
      <div class="space" style={{ height: `${shown.total}px` }}>
        {shown.items.map(({ index, start }) => {
          const row = rows[index];
          if (!row) return null;
          const classes = `node ${row.state} ${litRows.has(index) && (index > 0 || lit.has("")) ? "lit" : ""} ${index === at ? "at" : ""} ${row.ghost ? "ghost" : ""}`;
          return (
            <div key={index} data-index={index} ref={shown.measure} class={classes} data-path={row.path}
              style={{ transform: `translateY(${start}px)`, paddingLeft: `${10 + Math.min(row.depth, 20) * 14}px` }}
              onMouseEnter={() => onHover(row.path)} onClick={() => !String(getSelection()) && onSelect(row.path)}>
              <Node row={row} opened={opened} open={open} />
            </div>
          );
        })}
      </div>
    </div>
  );
}

const SCROLLS: ReadonlySet<string> = new Set(["PageUp", "PageDown", "Home", "End", " "]);

function heightOf(row: Row): number {
  const lines = row.kind === "leaf" ? Math.min(3, Math.ceil(row.text.length / 60) || 1) : 1;
  return 18 * lines + (row.why && row.state !== "equal" ? 17 : 0);
}

const NO_RULE = "The translator cannot tell where this comes from or goes";
const TOLD: ReadonlySet<string> = new Set(["lost", "made", "changed", "unsent", "unknown"]);

function Node({ row, opened, open }: { row: Row; opened: ReadonlySet<string>; open: (what: string) => void }): VNode {
  if (row.kind === "fold") {
    return <button class="fold" onClick={(event) => { event.stopPropagation(); open(row.opens); }}>⋯ {row.text}</button>;
  }
  const long = row.kind === "leaf" && row.length > 180;
  const isOpen = opened.has(row.path);
  const badge = row.rule && row.kind !== "close" && row.state !== "equal" && row.state !== "plain" && (row.state !== "lost" || row.why) ? <span class={`rule ${row.rule}`} title={row.rule === "unknown" ? NO_RULE : undefined}>{row.rule === "unknown" ? "?" : row.rule}</span> : null;
  return (
    <>
      <span class={`value ${long && !isOpen ? "clamp" : ""}`}>
        {row.key !== null && row.kind !== "close" && <span class="key">{row.key}: </span>}
        <span class={`text ${row.isText ? "quoted" : ""}`}>{row.text}</span>
      </span>
      {badge}
      {long && <button class="small" onClick={(event) => { event.stopPropagation(); open(row.path); }}>{isOpen ? "less" : `all ${size(row.length)}`}</button>}
      {TOLD.has(row.state) && row.why && <span class="why">{row.why}</span>}
    </>
  );
}
