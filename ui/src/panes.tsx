import type { VNode } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { PHASES, TITLES, api, type Exchange, type Link, type Note, type Phase, type PhaseName, type Provenance } from "./api";
import { copyCode } from "./actions";
import { parsed } from "./events";
import { EventLines } from "./event-lines";
import { size } from "./format";
import { Links } from "./paths";
import { rowsOf, type Row, type Told } from "./rows";
import { go, toHash } from "./route";
import { useCall } from "./store";
import { useWindow } from "./virtual";

const LEGS = [
  { name: "request", from: PHASES[0], to: PHASES[1] },
  { name: "answer", from: PHASES[2], to: PHASES[3] },
] as const;
type Leg = (typeof LEGS)[number];

const UNTRACED: Provenance = { request: [], answer: [], known: false };

interface Mark {
  pane: PhaseName;
  path: string;
}

/** The four panes in two rows. */
export function Panes({ exchange, pane, path }: { exchange: Exchange; pane: string; path: string }): VNode {
  const { value, error } = useCall(`${exchange.id}@${exchange.end}`, (signal) => api.provenance(exchange.id, signal));
  const provenance = value ?? (error ? UNTRACED : null);
  const [big, setBig] = useState<string | null>(null);
  const selected = (PHASES as readonly string[]).includes(pane) ? { pane: pane as PhaseName, path } : null;
  const answerNotes = useMemo(() => new Set((provenance?.answer ?? []).map((link) => link.note)), [provenance]);
  return (
    <div class={`panes ${big ? "one" : ""}`}>
      <Losses exchange={exchange} answerNotes={answerNotes} />
      {LEGS.filter((leg) => !big || leg.name === big).map((leg) => (
        <LegRow key={leg.name} leg={leg} exchange={exchange} provenance={provenance} answerNotes={answerNotes}
          selected={selected} big={big === leg.name} onBig={() => setBig(big ? null : leg.name)} />
      ))}
    </div>
  );
}

/** What was lost, whole, above the panes. */
function Losses({ exchange, answerNotes }: { exchange: Exchange; answerNotes: Set<number | null> }): VNode | null {
  const lost = exchange.notes.map((note, i) => ({ note, i })).filter(({ note }) => note.lost || note.weight >= 4);
  if (!lost.length) return null;
  lost.sort((a, b) => b.note.weight - a.note.weight);
  return (
    <section class="losses" aria-label="Losses" tabIndex={0}>
      {lost.map(({ note, i }) => (
        <div key={i}>
          <span class={`fate weight-${note.weight}`}>{note.fate}</span>
          <a href={toHash(exchange.id, answerNotes.has(i) ? "provider_response" : "client_request", note.path)}><code>{note.path}</code></a>
          <span>{note.detail}</span>
        </div>
      ))}
    </section>
  );
}

interface LegProps {
  leg: Leg;
  exchange: Exchange;
  provenance: Provenance | null;
  answerNotes: Set<number | null>;
  selected: Mark | null;
  big: boolean;
  onBig: () => void;
}

function LegRow({ leg, exchange, provenance, answerNotes, selected, big, onBig }: LegProps): VNode {
  const [hovered, setHovered] = useState<Mark | null>(null);
  const links = useMemo(() => new Links(provenance?.[leg.name] ?? []), [provenance]);
  const notes = useMemo(
    () => exchange.notes.map((note, i) => (answerNotes.has(i) === (leg.name === "answer") ? note : { ...note, path: "\0" })),
    [exchange.notes, answerNotes],
  );
  const mine = selected && (selected.pane === leg.from || selected.pane === leg.to) ? selected : null;
  const active = hovered ?? mine;
  const found = useMemo(() => (active ? around(links, active.pane === leg.from ? "from" : "to", active.path) : []), [links, active?.pane, active?.path]);
  const streamed = leg.name === "answer" && exchange.events.length > 1;
  const event = active && streamed ? eventOf(active.path) ?? found.map((link) => eventOf(link.from)).find((n) => n !== null) ?? null : null;

  const pane = (name: PhaseName, other: PhaseName, side: "from" | "to"): VNode => {
    const phase = exchange.phases[name];
    if (streamed && (side === "from" || exchange.stream)) {
      return (
        <PaneFrame exchange={exchange} name={name} phase={phase} onBig={onBig} big={big}>
          <EventLines exchange={exchange} side={side === "from" ? "provider" : "client"} marked={event}
            onMark={(n) => setHovered(n === null ? null : { pane: name, path: `events[${n}]` })} />
        </PaneFrame>
      );
    }
    const away = active && active.pane !== name;
    const lit = new Set(away ? found.map((link) => link[side]).filter((path): path is string => path !== null) : active ? [active.path] : []);
    return (
      <PaneFrame exchange={exchange} name={name} phase={phase} onBig={onBig} big={big}>
        <Tree
          phase={phase} other={exchange.phases[other]} side={side} links={links} known={provenance?.known ?? false} notes={notes}
          lit={lit} selected={mine ? (mine.pane === name ? mine.path : firstOf(around(links, side === "from" ? "to" : "from", mine.path), side)) : null}
          label={TITLES[name]}
          onHover={(path) => setHovered(path === null ? null : { pane: name, path })}
          onSelect={(path) => go(toHash(exchange.id, name, path), true)}
        />
      </PaneFrame>
    );
  };

  return (
    <section class="leg" aria-label={leg.name === "request" ? "Request" : "Answer"}>
      <div class="pair">
        {pane(leg.from, leg.to, "from")}
        {pane(leg.to, leg.from, "to")}
      </div>
      <p class="explain" aria-live="polite">
        {streamed && (event !== null || !active)
          ? <EventExplained exchange={exchange} n={event} links={found} />
          : <Explained active={active} leg={leg} links={found} known={provenance?.known ?? false} loading={!provenance} alone={!exchange.phases[leg.from] || !exchange.phases[leg.to]} notes={exchange.notes} />}
      </p>
    </section>
  );
}

function firstOf(links: Link[], side: "from" | "to"): string | null {
  return links.find((link) => link[side] !== null)?.[side] ?? null;
}

/** Return the links of a path, or of all that it holds. */
function around(links: Links, side: "from" | "to", path: string): Link[] {
  const own = links.find(side, path);
  if (own.length) return own;
  const inside = (one: string | null): boolean => one !== null && (path === "" || one.startsWith(`${path}.`) || one.startsWith(`${path}[`));
  return links.all.filter((link) => inside(link[side])).slice(0, 300);
}

/** Return the event that a path of a stream begins with: `events[12].delta.text`. */
function eventOf(path: string | null): number | null {
  const n = /^events\[(\d+)\]/.exec(path ?? "")?.[1];
  return n === undefined ? null : Number(n);
}

const inEvent = (path: string | null): string => path?.replace(/^events(\[\d+\])+\.?/, "") ?? "nothing";

function EventExplained({ exchange, n, links }: { exchange: Exchange; n: number | null; links: Link[] }): VNode {
  const pair = exchange.events.find((one) => one.n === n);
  if (!pair) return <span class="faint">Point at an event to see what it became, or where it came from.</span>;
  const words = !pair.client.trim() ? "became nothing for the client" : !pair.provider.trim() ? "was made by the gateway" : "became what is marked";
  const told = links.filter((link) => link.from !== null && link.to !== null).slice(0, 3);
  return <><b>Event {pair.n}</b> <code>{pair.name}</code> {told.length ? told.map((link, i) => <span key={i}><code>{inEvent(link.from)}</code> → <code>{inEvent(link.to)}</code> <span class={`rule ${link.rule}`}>{link.rule}</span> </span>) : words} · <a href={toHash(exchange.id, "events", String(pair.n))}>see it in the timeline</a></>;
}

interface ExplainedProps {
  active: Mark | null;
  leg: Leg;
  links: Link[];
  known: boolean;
  loading: boolean;
  alone: boolean;
  notes: Note[];
}

function Explained({ active, leg, links, known, loading, alone, notes }: ExplainedProps): VNode {
  if (alone) return <span class="faint">There is no other side to compare with.</span>;
  if (loading) return <span class="faint">Tracing…</span>;
  if (!active) return <span class="faint">{known ? "Point at a value to see where it came from or went." : "This conversion is not traced: only what is equal at both sides is known."}</span>;
  const [link] = links;
  const here = <code>{active.path || "the whole body"}</code>;
  if (!link) return <>{here} <span class="faint">{known ? "No rule tells what became of it." : "Not traced."}</span></>;
  if (links.length > 3) return <>{here} holds {links.length} traced values</>;
  const there = active.pane === leg.from ? links.map((one) => one.to) : links.map((one) => one.from);
  const why = link.detail || (link.note === null ? "" : notes[link.note]?.detail);
  const nowhere = active.pane === leg.from ? "nowhere" : "nothing the other side wrote";
  return (
    <>
      {here} {active.pane === leg.from ? "→" : "←"} {there.map((path, i) => <code key={i}>{path ?? nowhere}</code>)} <span class={`rule ${link.rule}`}>{link.rule}</span> {why}
    </>
  );
}

interface FrameProps {
  exchange: Exchange;
  name: PhaseName;
  phase: Phase | null;
  children: VNode;
  big: boolean;
  onBig: () => void;
}

function PaneFrame({ exchange, name, phase, children, big, onBig }: FrameProps): VNode {
  const [shown, setShown] = useState<"body" | "raw" | "headers">("body");
  const leg = name.startsWith("client") ? "client" : "provider";
  const button = (what: "raw" | "headers", words: string): VNode => (
    <button class="small" aria-pressed={shown === what} onClick={() => setShown(shown === what ? "body" : what)}>{words}</button>
  );
  return (
    <section class="pane" aria-label={TITLES[name]}>
      <header>
        <h2>{TITLES[name]}</h2>
        <span class="faint cut grow" title={phase?.line}>{phase ? `${phase.line}${phase.bytes ? ` · ${size(phase.bytes)}` : ""}` : ""}{phase?.cut ? " · cut" : ""}</span>
        {phase && name.endsWith("request") && (
          <span class="buttons" role="group" aria-label="Copy as">
            {(["curl", "httpie", "python"] as const).map((as) => (
              <button key={as} class="small" title={`Copy as ${as}`} aria-label={`Copy ${leg} request as ${as}`} onClick={() => void copyCode(exchange, as, leg)}>{CODE[as]}</button>
            ))}
          </span>
        )}
        {phase && <span class="buttons">{button("headers", "Headers")}{button("raw", "Raw")}</span>}
        <button class="small wide-only" aria-label={big ? "Show both rows" : "Show this row alone"} aria-pressed={big} onClick={onBig}>⤢</button>
      </header>
      {!phase
        ? <p class="nothing">{exchange.end === "running" ? "Not yet." : "There was none: nothing reached this point."}</p>
        : shown === "headers"
          ? <div class="scroll" tabIndex={0} role="group" aria-label="Headers"><dl class="facts">{phase.headers.map(([key, value], i) => <div key={i}><dt>{key}</dt><dd>{value}</dd></div>)}</dl></div>
          : shown === "raw"
            ? <RawText text={phase.body || eventsText(exchange, name)} />
            : children}
    </section>
  );
}
const CODE = { curl: "curl", httpie: "HTTPie", python: "Python" };
const RAW = 200_000;

/** Return the bytes of a stream, which its events hold. */
function eventsText(exchange: Exchange, name: PhaseName): string {
  if (name.endsWith("request")) return "";
  const side = name === "provider_response" ? "provider" : "client";
  return exchange.events.map((one) => one[side]).join(side === "provider" ? "\n\n" : "");
}

function RawText({ text }: { text: string }): VNode {
  const [all, setAll] = useState(false);
  const cut = text.length > RAW && !all;
  return (
    <div class="scroll" tabIndex={0} role="group" aria-label="Raw body">
      <pre class="raw">{cut ? text.slice(0, RAW) : text || "No bytes."}</pre>
      {cut && <button onClick={() => setAll(true)}>Show the other {size(text.length - RAW)}</button>}
    </div>
  );
}

interface TreeProps {
  phase: Phase | null;
  other: Phase | null;
  side: "from" | "to";
  links: Links;
  known: boolean;
  notes: readonly Note[];
  lit: Set<string>;
  selected: string | null;
  label: string;
  onHover: (path: string | null) => void;
  onSelect: (path: string) => void;
}

function Tree({ phase, other, side, links, known, notes, lit, selected, label, onHover, onSelect }: TreeProps): VNode {
  const scroller = useRef<HTMLDivElement>(null);
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  const body = useMemo(() => parsed(phase?.body ?? ""), [phase?.body]);
  const there = useMemo(() => parsed(other?.body ?? ""), [other?.body]);
  const rows = useMemo(() => {
    const told: Told = { side, links, known, notes, other: there };
    return body === undefined ? null : rowsOf(body, told, opened, other !== null, selected);
  }, [body, there, links, known, notes, opened, selected, other === null]);
  const shown = useWindow(scroller, rows?.length ?? 0, (i) => heightOf(rows![i]!));
  const at = rows && selected !== null ? indexOf(rows, selected) : -1;
  useEffect(() => {
    if (at >= 0) shown.to(at, "center");
  }, [at, selected]);

  if (!rows) return <RawText text={phase?.body ?? "The body is not kept."} />;
  const open = (what: string): void => setOpened((old) => (old.has(what) ? new Set([...old].filter((one) => one !== what)) : new Set([...old, what])));
  const keys = (event: KeyboardEvent): void => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    const row = rows[at];
    if (event.key === "Enter" && row) open(row.kind === "fold" ? row.opens : row.path);
    if (!step) return;
    event.preventDefault();
    let next = at + step;
    while (rows[next]?.kind === "close") next += step;
    if (rows[next]) onSelect(rows[next]!.path);
  };
  return (
    <div class="scroll tree" ref={scroller} tabIndex={0} role="group" aria-label={`${label}: body`} onKeyDown={keys} onMouseLeave={() => onHover(null)}>
      <div class="space" style={{ height: `${shown.total}px` }}>
        {shown.items.map(({ index, start }) => {
          const row = rows[index];
          if (!row) return null;
          const classes = `node ${row.state} ${lit.has(row.path) && row.kind !== "close" ? "lit" : ""} ${index === at ? "at" : ""}`;
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

const NO_RULE = "No rule tells where this comes from or goes";

function indexOf(rows: Row[], path: string): number {
  const exact = rows.findIndex((row) => row.path === path && row.kind !== "close" && row.kind !== "fold");
  return exact >= 0 ? exact : rows.findIndex((row) => row.path === path);
}

function heightOf(row: Row): number {
  const lines = row.kind === "leaf" ? Math.min(3, Math.ceil(row.text.length / 60) || 1) : 1;
  return 18 * lines + (row.why && row.state !== "equal" ? 17 : 0);
}

function Node({ row, opened, open }: { row: Row; opened: ReadonlySet<string>; open: (what: string) => void }): VNode {
  if (row.kind === "fold") {
    return <button class="fold" onClick={(event) => { event.stopPropagation(); open(row.opens); }}>⋯ {row.text}</button>;
  }
  const long = row.kind === "leaf" && row.length > 180;
  const isOpen = opened.has(row.path);
  const badge = row.rule && row.state !== "equal" && row.state !== "plain" ? <span class={`rule ${row.rule}`} title={row.rule === "unknown" ? NO_RULE : undefined}>{row.rule === "unknown" ? "?" : row.rule}</span> : null;
  const told = row.state === "lost" || row.state === "made" || row.state === "changed" || row.state === "unknown";
  return (
    <>
      <span class={`value ${long && !isOpen ? "clamp" : ""}`}>
        {row.key !== null && row.kind !== "close" && <span class="key">{row.key}: </span>}
        <span class={`text ${row.isText ? "quoted" : ""}`}>{row.text}</span>
      </span>
      {badge}
      {long && <button class="small" onClick={(event) => { event.stopPropagation(); open(row.path); }}>{isOpen ? "less" : `all ${size(row.length)}`}</button>}
      {told && row.why && <span class="why">{row.why}</span>}
    </>
  );
}
