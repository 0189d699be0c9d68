import type { VNode } from "preact";
import { useCallback, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { api, type EventPair, type Exchange } from "./api";
import { useFolded } from "./answer";
import { Numbering, bits, isEvent, leaves, pieces, tiesOf, type Block, type Folded, type Piece, type Ties } from "./events";
import { isMade, isNothing, linesOf, type Line } from "./timeline-lines";
import { ms } from "./format";
import { Growing, useEnd } from "./growing";
import { go, toHash } from "./route";
import { useCall } from "./store";
import { useWindow } from "./virtual";
import { Empty, ValidJson } from "./widgets";

/** Provider events at the left, what the client got of each at the right. */
export function Timeline({ exchange, at }: { exchange: Exchange; at: number | null }): VNode {
  const { events } = exchange;
  const [kind, setKind] = useState("");
  const ties = useTies(exchange);
  const shown = useMemo(() => (kind ? events.filter((pair) => fits(pair, kind, ties)) : events), [events, kind, ties]);
  if (!events.length) {
    return <Empty title={exchange.end === "running" ? "No event yet" : "No events"}><p>{exchange.stream ? "The stream ended before its first event." : "The answer was whole, not a stream: the four panes show it."}</p></Empty>;
  }
  return (
    <div class="timeline">
      <FoldedAnswer exchange={exchange} />
      <Kinds exchange={exchange} ties={ties} kind={kind} onKind={setKind} />
      <Rows key={kind} exchange={exchange} shown={shown} at={at} ties={ties} folds={kind !== "=nothing"} />
    </div>
  );
}

/** Which events became part of others, once the exchange is over; null where nobody knows: of so many it takes long. */
function useTies(exchange: Exchange): Ties | null {
  const isAsked = exchange.end !== "running" && exchange.events.length + exchange.events_left_out <= TIED;
  const { value } = useCall(`${exchange.id}@${isAsked}`, isAsked && ((signal) => api.provenance(exchange.id, "answer", signal)));
  return useMemo(() => value && value.known ? tiesOf(value.answer) : null, [value]);
}
const TIED = 5000;

const SPECIAL: Record<string, string> = { "=nothing": "became nothing", "=held": "held back", "=made": "made by the gateway", "=notes": "with notes", "=injected": "injected" };

function fits(pair: EventPair, kind: string, ties: Ties | null): boolean {
  if (kind === "=nothing") return isNothing(pair, ties);
  if (kind === "=held") return ties?.later.has(pair.n) ?? false;
  if (kind === "=made") return isMade(pair, ties);
  if (kind === "=notes") return pair.notes.length > 0;
  if (kind === "=injected") return pair.injected;
  return pair.name === kind;
}

/** Counts the kinds of events, going on where it stopped. */
class Counts {
  private read = 0;
  private last: unknown;
  private readonly seen = new Map<string, number>();

  constructor(private readonly ties: Ties | null) {}

  upTo(events: readonly EventPair[]): [string, number][] {
    if (this.read && events[this.read - 1] !== this.last) {
      this.read = 0;
      this.seen.clear();
    }
    this.last = events.at(-1);
    const add = (name: string): unknown => this.seen.set(name, (this.seen.get(name) ?? 0) + 1);
    for (; this.read < events.length; this.read++) {
      const pair = events[this.read]!;
      if (pair.name) add(pair.name);
      for (const special in SPECIAL) if (fits(pair, special, this.ties)) add(special);
    }
    return [...this.seen].sort(([a], [b]) => Number(a.startsWith("=")) - Number(b.startsWith("=")));
  }
}

function Kinds({ exchange, ties, kind, onKind }: { exchange: Exchange; ties: Ties | null; kind: string; onKind: (kind: string) => void }): VNode {
  const { events, events_left_out: left } = exchange;
  const counts = useMemo(() => new Counts(ties), [ties]);
  const kinds = useMemo(() => counts.upTo(events), [counts, events]);
  return (
    <div class="chips" role="group" aria-label="Kinds of event">
      <button class="chip" aria-pressed={!kind} onClick={() => onKind("")}>all <b>{events.length}</b></button>
      {kinds.map(([name, n]) => (
        <button key={name} class={`chip ${name.startsWith("=") ? "special" : ""}`} aria-pressed={kind === name} onClick={() => onKind(kind === name ? "" : name)}>{name === "=nothing" && !ties ? "nothing at once" : (SPECIAL[name] ?? name)} <b>{n}</b></button>
      ))}
      {left > 0 && <span class="faint">{left} were not kept: an exchange is bounded</span>}
    </div>
  );
}

function FoldedAnswer({ exchange }: { exchange: Exchange }): VNode {
  return <FoldedView folded={useFolded(exchange, "client")} live={exchange.end === "running"} />;
}

/** What a stream adds up to: reasoning, text and the arguments of each call. */
export function FoldedView({ folded, live }: { folded: Folded; live: boolean }): VNode | null {
  const box = useRef<HTMLDivElement>(null);
  const end = useEnd(box, live, folded, true);
  if (!folded.text && !folded.reasoning && !folded.calls.length) return null;
  const choices = [...new Set(folded.blocks.map((block) => block.choice))];
  return (
    <div class="folded" ref={box} tabIndex={0} role="group" aria-label="What the events add up to" {...end}>
      {choices.map((choice) => <FoldedChoice key={choice} blocks={folded.blocks.filter((block) => block.choice === choice)} name={choices.length > 1 ? `choice ${choice}` : ""} live={live} />)}
    </div>
  );
}

/** What the events of one choice add up to: its reasoning, its text, its calls. */
function FoldedChoice({ blocks, name, live }: { blocks: readonly Block[]; name: string; live: boolean }): VNode {
  const [reasoning, text] = (["reasoning", "text"] as const).map((kind) => blocks.filter((block) => block.kind === kind).map((block) => block.text).join(""));
  return (
    <>
      {name && <p class="faint small">{name}</p>}
      {reasoning && <p class="reasoning"><span class="tag">reasoning</span> <Growing text={cut(reasoning)} /></p>}
      {text && <p><Growing text={cut(text)} />{live && <span class="caret" aria-hidden="true" />}</p>}
      {blocks.filter((block) => block.kind === "call").map((call) => (
        <p key={call.key}><span class="tag">{call.name || "call"}</span> <code><Growing text={cut(call.text)} /></code> <ValidJson text={call.text} live={live} /></p>
      ))}
    </>
  );
}

const KEPT = 20_000;
const cut = (text: string): string => (text.length > KEPT ? `${text.slice(0, KEPT)}… (${text.length - KEPT} characters more)` : text);

function Rows({ exchange, shown, at, ties, folds }: { exchange: Exchange; shown: EventPair[]; at: number | null; ties: Ties | null; folds: boolean }): VNode {
  const scroller = useRef<HTMLDivElement>(null);
  const [opened, setOpened] = useState<ReadonlySet<number>>(() => new Set(at === null ? [] : [at]));
  const [unfolded, setUnfolded] = useState<ReadonlySet<number>>(new Set());
  const isFollowing = useRef(exchange.end === "running" && at === null);
  const lastTop = useRef(0);
  const before = useMemo(() => sameBefore(shown), [shown]);
  const chunk = useChunks(exchange);
  const lines = useMemo(() => linesOf(shown, folds ? { ties, unfolded, shown: at } : null), [shown, folds, ties, unfolded, at]);
  const held = useRef(lines);
  held.current = lines;
  const key = useCallback((i: number) => keyOf(held.current[i]!), [ties, unfolded]);
  const rows = useWindow(scroller, lines.length, (i) => heightOf(lines[i]!), 6, key);
  const index = at === null ? -1 : lines.findIndex((line) => line.count === 1 && line.first.n === at);
  const isLeft = useRef(false);
  const seen = useRef<{ n: number; below: number } | null>(null);
  useLayoutEffect(() => {
    isLeft.current = false;
  }, [at]);
  useLayoutEffect(() => {
    if (index >= 0 && !isLeft.current) rows.to(index, "center");
  }, [at, index < 0, ties]);
  useLayoutEffect(() => {
    // With what became of held back events other runs are folded: what is looked at stays where it is.
    const was = seen.current;
    const now = was && (index < 0 || isLeft.current) ? lines.findIndex((line) => line.last.n >= was.n) : -1;
    if (was && now >= 0) scroller.current!.scrollTop = rows.start(now) - was.below;
  }, [ties]);
  useLayoutEffect(() => {
    if (exchange.end === "running" && isFollowing.current) rows.to(lines.length - 1, "end");
  }, [lines.length]);
  useLayoutEffect(() => {
    // The first event may come while somebody types.
    if (!document.activeElement?.matches("input, textarea, select")) scroller.current?.focus({ preventScroll: true });
  }, []);
  const select = (n: number): void => go(toHash(exchange.id, "events", String(n)), true);
  const toggle = (n: number): void => {
    const now = new Set(opened);
    if (!now.delete(n)) now.add(n);
    setOpened(now);
    select(n);
  };
  const keys = (event: KeyboardEvent): void => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (event.key === "Enter" && at !== null) toggle(at);
    const from = index >= 0 ? index : (rows.items.find((one) => one.start >= (scroller.current?.scrollTop ?? 0))?.index ?? 0) - (step > 0 ? 1 : 0);
    const next = lines[from + step];
    if (!step || !next) return;
    event.preventDefault();
    leave();
    if (next.count > 1) setUnfolded(new Set([...unfolded, next.first.n]));
    select(step > 0 ? next.first.n : next.last.n);
  };
  const leave = (): void => {
    isFollowing.current = false;
    isLeft.current = true;
  };
  const wheeled = (event: WheelEvent): void => {
    isLeft.current = true;
    if (event.deltaY < 0) isFollowing.current = false;
  };
  const scrolled = (): void => {
    const box = scroller.current!;
    const first = rows.items.find((one) => one.end > box.scrollTop);
    const line = first && lines[first.index];
    seen.current = line && box.scrollTop > 0 ? { n: line.first.n, below: first.start - box.scrollTop } : null;
    const isUp = box.scrollTop < lastTop.current - 2;
    lastTop.current = box.scrollTop;
    if (isUp) isFollowing.current = false;
    else if (box.scrollTop + box.clientHeight > box.scrollHeight - 60) isFollowing.current = true;
  };
  return (
    <div class="scroll rows" ref={scroller} tabIndex={0} role="group" aria-label="Events" onKeyDown={keys} onScroll={scrolled} onPointerDown={leave} onWheel={wheeled}>
      <div class="ends"><span>#</span><span>at</span><span>Provider sent</span><span /><span class="chunk"><span>#</span><span>Client got</span></span></div>
      <div class="space" style={{ height: `${rows.total}px` }}>
        {rows.items.map(({ index: i, start }) => {
          const line = lines[i];
          if (!line) return null;
          const { first: pair } = line;
          const place = { transform: `translateY(${start}px)` };
          const gap = pair.at - (shown[line.at - 1]?.at ?? pair.at);
          if (line.count > 1) return <Run key={keyOf(line)} words={nothing(exchange, ties)} line={line} gap={gap} index={i} place={place} measure={rows.measure} open={() => setUnfolded(new Set([...unfolded, pair.n]))} />;
          return (
            <div key={keyOf(line)} data-index={i} data-n={pair.n} ref={rows.measure} class={`event-row ${pair.n === at ? "at" : ""} ${pair.injected ? "injected" : ""}`} style={place} onClick={() => !String(getSelection()) && toggle(pair.n)}>
              <Pair exchange={exchange} ties={ties} pair={pair} gap={gap} chunk={chunk(pair.n)} before={before[line.at] ?? null} open={opened.has(pair.n)} />
            </div>
          );
        })}
      </div>
    </div>
  );
}

/** Return the number of the first of the client's events in a pair; null where events before it were not kept. */
function useChunks(exchange: Exchange): (n: number) => number | null {
  const { events, events_left_out: left } = exchange;
  const numbering = useRef<Numbering | null>(null);
  const starts = useMemo(() => (numbering.current ??= new Numbering()).upTo(events), [events, events.length]);
  return (n) => (events[n]?.n === n || !left ? (starts[n] ?? null) : null);
}

const keyOf = ({ first, count }: Line): number => (count > 1 ? -1 - first.n : first.n);

function heightOf({ first, count }: Line): number {
  return count > 1 ? 30 : 46 + (Math.max(1, first.client.split("\n\n").length - 1) - 1) * 40;
}

/** Return what is to be said of an event with nothing at the client's side: no more than is known. */
function nothing(exchange: Exchange, ties: Ties | null): string {
  return exchange.end === "running" ? "nothing yet" : ties ? "became nothing" : "nothing at once";
}

interface RunProps {
  words: string;
  line: Line;
  gap: number;
  index: number;
  place: { transform: string };
  measure: (element: Element | null) => void;
  open: () => void;
}

/** Events in a row that all became nothing, as one line. */
function Run({ words, line, gap, index, place, measure, open }: RunProps): VNode {
  const { first, last, count, names } = line;
  return (
    <div data-index={index} ref={measure} class="event-row run" style={place}>
      <span class="n">{first.n}–{last.n}</span>
      <When at={first.at} gap={gap} />
      <div class="half"><button class="fold" onClick={open}>⋯ {count} events: {names}</button></div>
      <Joiner from={1} to={0} />
      <div class="half"><p class="void">{words}, in {ms(last.at - first.at)}</p></div>
    </div>
  );
}

function When({ at, gap }: { at: number; gap: number }): VNode {
  return <span class="when"><span>{(at / 1000).toFixed(3)} s</span>{gap >= 0.05 && <span class={gap > 1000 ? "slow" : "faint"}>+{ms(gap)}</span>}</span>;
}

/** Return for each event the one before it of the same name. */
function sameBefore(events: EventPair[]): (EventPair | null)[] {
  const last = new Map<string, EventPair>();
  return events.map((pair) => {
    const held = last.get(pair.name) ?? null;
    last.set(pair.name, pair);
    return held;
  });
}

interface PairProps {
  exchange: Exchange;
  ties: Ties | null;
  pair: EventPair;
  gap: number;
  chunk: number | null;
  before: EventPair | null;
  open: boolean;
}

/** The numbers of events, each a way to it. */
function Numbers({ id, of }: { id: string; of: readonly number[] }): VNode {
  return <>{of.slice(0, 8).map((n, i) => <span key={n}>{i ? ", " : ""}<a href={toHash(id, "events", String(n))} onClick={(event) => event.stopPropagation()}>{n}</a></span>)}{of.length > 8 ? ` and ${of.length - 8} more` : ""}</>;
}

function Pair({ exchange, ties, pair, gap, chunk, before, open }: PairProps): VNode {
  const later = ties?.later.get(pair.n);
  const earlier = ties?.earlier.get(pair.n);
  const from = pieces(pair.provider);
  const to = pieces(pair.client);
  return (
    <>
      <a class="n" href={toHash(exchange.id, "events", String(pair.n))} onClick={(event) => event.preventDefault()} tabIndex={-1} aria-label={`Event ${pair.n}`}>{pair.n}</a>
      <When at={pair.at} gap={gap} />
      <div class={open ? "half open" : "half"}>
        {from.length ? from.map((one, i) => <PieceView key={i} piece={one} name={pair.name} before={before && pieces(before.provider)[i]} open={open} />) : <p class="void">{earlier ? <>of what came in <Numbers id={exchange.id} of={earlier} /></> : ties ? "made by the gateway" : "no event of the provider's"}</p>}
      </div>
      <Joiner from={from.length} to={to.length} />
      <div class={open ? "half open" : "half"}>
        {to.length ? to.map((one, i) => (
          <div key={i} class="chunk">
            <span class="faint" title="its number among all that the client got">{chunk !== null && isEvent(one) ? chunk + to.slice(0, i).filter(isEvent).length : ""}</span>
            <PieceView piece={one} name={one.name || nameOf(one)} before={before && pieces(before.client)[i]} open={open} />
          </div>
        )) : !later && <p class="void">{nothing(exchange, ties)}</p>}
        {later && (open || !to.length) && <p class="void tied">{to.length ? "also part of" : "held back: part of"} <Numbers id={exchange.id} of={later} /></p>}
        {earlier && open && from.length > 0 && <p class="void tied">with what came in <Numbers id={exchange.id} of={earlier} /></p>}
        {pair.notes.map((note, i) => <p key={i} class="why"><span class={`fate weight-${note.weight}`}>{note.fate}</span> <code>{note.path}</code> {note.detail}</p>)}
        {pair.injected && <p class="why"><span class="mark injected">injected fault</span></p>}
      </div>
    </>
  );
}

function nameOf(piece: Piece): string {
  const object = (piece.json as { object?: unknown } | undefined)?.object;
  return typeof object === "string" ? object : "";
}

function Joiner({ from, to }: { from: number; to: number }): VNode {
  const middle = (i: number, of: number): number => ((i + 0.5) / Math.max(of, 1)) * 100;
  const lines: VNode[] = [];
  for (let a = 0; a < from; a++) {
    for (let b = 0; b < to; b++) lines.push(<line key={`${a}-${b}`} x1="0" y1={middle(a, from)} x2="100" y2={middle(b, to)} />);
  }
  if (!to || !from) lines.push(<line key="end" class="end" x1={from ? 0 : 60} y1="50" x2={from ? 40 : 100} y2="50" />);
  return <svg class="joiner" viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">{lines}</svg>;
}

function PieceView({ piece, name, before, open }: { piece: Piece; name: string; before: Piece | null | undefined; open: boolean }): VNode {
  const said = bits(piece.json);
  if (open) {
    return <div class="piece"><span class="faint">{name}</span><pre>{piece.json === undefined ? piece.text : JSON.stringify(piece.json, null, 2)}</pre></div>;
  }
  const texts = new Set(said.map((bit) => bit.text));
  const label = said.some((bit) => bit.kind === "signature") ? 24 : 80;
  const rest = leaves(piece.json, before?.json).filter((leaf) => !texts.has(leaf.text) && leaf.text !== name && leaf.path !== "object");
  const fresh = rest.filter((leaf) => !leaf.constant);
  const same = rest.filter((leaf) => leaf.constant);
  return (
    <div class="piece">
      <div class="deltas">
        {said.map((bit, i) => <span key={i} class={`delta ${bit.kind}`}>{bit.kind === "end" ? `end: ${bit.text}` : bit.kind === "signature" ? `signature, ${bit.text.length} characters` : bit.text}</span>)}
        {!said.length && <span class="kind cut">{name || (piece.json === undefined ? piece.text.slice(0, 200) : "event")}</span>}
      </div>
      <div class="leaves">
        {said.length > 0 && name && <span class="faint">{name} </span>}
        {fresh.map((leaf) => <span key={leaf.path}><i>{leaf.path}</i> {leaf.text.slice(0, label)} </span>)}
        {same.length > 0 && <span class="constant">{same.map((leaf) => `${leaf.path} ${leaf.text.slice(0, 40)}`).join(" · ")}</span>}
      </div>
    </div>
  );
}
