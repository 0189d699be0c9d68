import type { ComponentChildren, VNode } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { copyCode } from "./actions";
import { AnswerBlocks, useFolded, type StreamSide } from "./answer";
import { PHASES, TITLES, api, type EventPair, type Exchange, type Link, type Note, type Phase, type PhaseName, type Provenance } from "./api";
import { eventOf, lostIn, notedAt, parsed, tiesOf, type Lost } from "./events";
import { EventLines } from "./event-lines";
import { endedBy, ms, size } from "./format";
import { Links } from "./paths";
import { RawText } from "./raw";
import { Joined, Ribbons, type Side, type Sides } from "./ribbons";
import { go, toHash } from "./route";
import { REFUSED, ofAnswer } from "./rows";
import { useCall } from "./store";
import { anchorsOf, followed } from "./sync";
import { Tree } from "./tree";

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
  const [big, setBig] = useState<string | null>(null);
  const [isPointedAt, setPointedAt] = useState(false);
  const selected = (PHASES as readonly string[]).includes(pane) ? { pane: pane as PhaseName, path } : null;
  const { provenance, error } = useProvenance(exchange, isPointedAt || pane.endsWith("_response"));
  return (
    <div class={`panes ${big ? "one" : ""} ${exchange.end === "running" ? "live" : ""}`}>
      <Losses exchange={exchange} provenance={provenance} />
      <div class="legs">
        {LEGS.filter((leg) => !big || leg.name === big).map((leg) => (
          <LegRow key={leg.name} leg={leg} exchange={exchange} provenance={provenance}
            onPointedAt={leg.name === "answer" && !isPointedAt ? () => setPointedAt(true) : undefined} selected={selected} big={big === leg.name} onBig={() => setBig(big ? null : leg.name)} />
        ))}
      </div>
      <p class="explain hint faint">{hint(exchange, provenance, error)}</p>
    </div>
  );
}

/** The links of both legs. Those of an answer of many events take long: they wait until somebody points at it. */
function useProvenance(exchange: Exchange, isPointedAt: boolean): { provenance: Provenance | null; error: Error | null } {
  const key = `${exchange.id}@${exchange.end}`;
  const isLong = exchange.events.length + exchange.events_left_out > LONG;
  const isWanted = isLong && isPointedAt;
  const first = useCall(`${key} ${isLong}`, (signal) => api.provenance(exchange.id, isLong ? "request" : null, signal));
  const later = useCall(`${key} ${isWanted}`, isWanted && ((signal) => api.provenance(exchange.id, "answer", signal)));
  const provenance = useMemo(() => first.value && { ...first.value, answer: later.value?.answer ?? first.value.answer }, [first.value, later.value]);
  return { provenance: provenance ?? (first.error ? UNTRACED : null), error: first.error };
}
const LONG = 1000;

function hint(exchange: Exchange, provenance: Provenance | null, error: Error | null): string {
  if (error) return `Where values came from is not known: ${error.message}`;
  if (!exchange.phases.provider_request) return "No provider was asked: there is nothing to compare with.";
  if (provenance && !provenance.known) return "This conversion is not traced: only what is equal at both sides is known.";
  return "Point at a value to see where it came from or went; click to keep it.";
}

/** Every loss with its whole reason above the panes, those of one reason together. */
function Losses({ exchange, provenance }: { exchange: Exchange; provenance: Provenance | null }): VNode | null {
  const groups = useMemo(() => grouped(exchange.notes.filter((note) => note.lost || note.weight >= 4)), [exchange.notes]);
  if (!groups.length) return null;
  return (
    <section class="losses" aria-label="Losses" tabIndex={0}>
      {groups.map((notes) => (
        <div key={notes[0]!.path}>
          <span class={`fate weight-${notes[0]!.weight}`}>{notes[0]!.fate}</span>
          <span class="paths">{notes.map((note, i) => <span key={i}><a href={placeOf(exchange, note, provenance)}><code>{note.path}</code></a> </span>)}</span>
          <span class="reason">{notes[0]!.detail}</span>
        </div>
      ))}
    </section>
  );
}

/** Return notes with the same fate and reason together, the heaviest first. */
export function grouped(notes: readonly Note[]): Note[][] {
  const groups = new Map<string, Note[]>();
  for (const note of [...notes].sort((a, b) => b.weight - a.weight)) {
    const key = `${note.fate} ${note.weight} ${note.detail}`;
    const held = groups.get(key);
    if (held) held.push(note);
    else groups.set(key, [note]);
  }
  return [...groups.values()];
}

/** Return the address of the place that a note is about; of what an answer lost, the first value that its links name. */
export function placeOf(exchange: Exchange, note: Note, provenance: Provenance | null = null): string {
  const index = exchange.notes.indexOf(note);
  const lost = provenance?.answer.find((link) => link.note === index && link.from !== null)?.from;
  const made = notedAt(exchange.events, note);
  const isOnAnswer = lost !== undefined || ofAnswer(note, exchange.events);
  return toHash(exchange.id, isOnAnswer ? "provider_response" : "client_request", lost ?? (made === null ? note.path : `events[${made}]`));
}

interface LegProps {
  leg: Leg;
  exchange: Exchange;
  provenance: Provenance | null;
  selected: Mark | null;
  big: boolean;
  onBig: () => void;
  onPointedAt: (() => void) | undefined;
}

function LegRow(props: LegProps): VNode {
  const { leg, exchange } = props;
  const streamed = leg.name === "answer" && exchange.events.length > 0 && !exchange.phases.provider_response?.body;
  return streamed ? <StreamedLeg {...props} /> : <WholeLeg {...props} />;
}

/** What is pointed at or selected in a leg, and the links that tell of it. */
function useActive(leg: Leg, provenance: Provenance | null, selected: Mark | null): { hovered: Mark | null; setHovered: (mark: Mark | null) => void; mine: Mark | null; active: Mark | null; links: Links; found: Link[] } {
  const [hovered, setHovered] = useState<Mark | null>(null);
  const links = useMemo(() => new Links(provenance?.[leg.name] ?? []), [provenance]);
  const mine = selected && (selected.pane === leg.from || selected.pane === leg.to) ? selected : null;
  const active = hovered ?? mine;
  const found = useMemo(() => (active ? around(links, active.pane === leg.from ? "from" : "to", active.path) : []), [links, active?.pane, active?.path]);
  return { hovered, setHovered, mine, active, links, found };
}

function WholeLeg({ leg, exchange, provenance, selected, big, onBig }: LegProps): VNode {
  const { hovered, setHovered, mine, active, links, found } = useActive(leg, provenance, selected);
  const notes = useMemo(() => notesOf(exchange, leg.name, provenance), [exchange.notes, exchange.end, exchange.events, provenance]);
  const together = useTogether(links, found, hovered, mine, active && (active.pane === leg.from ? "from" : "to"));

  const pane = (name: PhaseName, other: PhaseName, side: "from" | "to"): VNode => {
    const away = active && active.pane !== name;
    const lit = new Set(away ? found.map((link) => link[side]).filter((path): path is string => path !== null) : active ? [active.path] : []);
    const isMine = mine?.pane === name;
    const partner = mine && !isMine ? firstOf(around(links, side === "from" ? "to" : "from", mine.path), side) : null;
    return (
      <PaneFrame exchange={exchange} name={name} onBig={onBig} big={big} onDriven={() => together.drive(side)}>
        <Tree
          phase={exchange.phases[name]} other={exchange.phases[other]} side={side} links={links} known={provenance?.known ?? false} notes={notes}
          lit={lit} selected={isMine ? mine.path : partner} isMine={isMine} label={TITLES[name]}
          onHover={(path) => setHovered(path === null ? null : { pane: name, path })}
          onSelect={(path) => go(toHash(exchange.id, name, path), true)}
          onPlaced={(placed) => together.placed(side, placed)} onScrolled={() => together.scrolled(side)}
        />
      </PaneFrame>
    );
  };

  return (
    <section class="leg" aria-label={leg.name === "request" ? "Request" : "Answer"}>
      <div class="pair">
        {pane(leg.from, leg.to, "from")}
        <Ribbons sides={together.sides} joined={together.joined} links={links.all} lit={found} drawn={together.drawn} />
        {pane(leg.to, leg.from, "to")}
      </div>
      {active && (
        <p class={`explain ${hovered ? "now" : ""}`} aria-live="polite">
          <Explained active={active} leg={leg} links={found} known={provenance?.known ?? false} loading={!provenance} alone={!exchange.phases[leg.from] || !exchange.phases[leg.to]} notes={exchange.notes} />
        </p>
      )}
    </section>
  );
}

/** Return the notes on a leg, in their places: an answer's have no path in the request. A refusal is a note on what was
 * refused. */
function notesOf(exchange: Exchange, leg: "request" | "answer", provenance: Provenance | null): Note[] {
  const linked = new Set(provenance?.answer.map((link) => link.note));
  const notes = exchange.notes.map((note, i) => ((linked.has(i) || ofAnswer(note, exchange.events)) === (leg === "answer") ? note : { ...note, path: "\0" }));
  const refused = leg === "request" && exchange.end === "refused" ? refusalOf(exchange.phases.client_response) : null;
  return refused ? [...notes, refused] : notes;
}

/** Return what an error says of a field of the request. */
function refusalOf(answer: Phase | null): Note | null {
  const { error } = (parsed(answer?.body ?? "") ?? {}) as { error?: { param?: unknown; message?: unknown } };
  if (typeof error?.param !== "string" || typeof error.message !== "string") return null;
  return { path: error.param, fate: REFUSED, old: null, new: null, detail: error.message, weight: 5, lost: false };
}

interface Together {
  sides: { current: Sides };
  joined: Joined;
  drawn: { current: () => void };
  placed: (side: "from" | "to", placed: Side | null) => void;
  scrolled: (side: "from" | "to") => void;
  drive: (side: "from" | "to") => void;
}

const REST = 120;

/** Keeps two panes abreast: the one that nobody touches follows the other, and shows the partner of what is pointed at
 * at the same height. */
function useTogether(links: Links, found: readonly Link[], hovered: Mark | null, mine: Mark | null, pointed: "from" | "to" | null): Together {
  const sides = useRef<Sides>({ from: null, to: null });
  const joined = useRef(new Joined());
  const drawn = useRef<() => void>(() => undefined);
  const driver = useRef<"from" | "to" | null>(null);
  const moved = useRef(0);
  /** Shows the partner of what is pointed at once more: rows get taller as reasons come, and push it out of view. */
  const again = useRef<() => void>(() => undefined);
  const chosen = useRef({ place: "", at: 0 });
  const place = `${mine?.pane} ${mine?.path}`;
  if (chosen.current.place !== place) chosen.current = { place, at: Date.now() };
  const known = useRef(links);
  known.current = links;

  const scrolled = (side: "from" | "to"): void => {
    drawn.current();
    if (driver.current !== side) return;
    moved.current = Date.now();
    follow(side);
    again.current();
  };
  const follow = (side: "from" | "to"): void => {
    const { from, to } = sides.current;
    if (!from || !to) return;
    const joins = joined.current.of(sides.current, known.current.all);
    const anchors = anchorsOf(joins);
    if (side === "from") to.box.scrollTop = followed(anchors, from.seen, to.seen);
    else from.box.scrollTop = followed(anchors.map(([a, b]) => [b, a] as const), to.seen, from.seen);
  };

  const link = found.find((one) => one.from !== null && one.to !== null);
  const key = link && `${link.from} ${link.to} ${hovered ? "hovered" : "mine"}`;
  useEffect(() => {
    drawn.current();
    if (!pointed) return undefined;
    const isSelected = !hovered || (hovered.pane === mine?.pane && hovered.path === mine.path);
    let timer = 0;
    const show = (): void => {
      timer = 0;
      // Links may come late: who has scrolled there meanwhile is left alone.
      if (driver.current && driver.current !== pointed && moved.current > chosen.current.at) return;
      if (!link) isSelected && follow(pointed);
      else if (isSelected || Date.now() - moved.current > REST * 2) abreast(sides.current, link, pointed, isSelected);
      else later(REST); // it is being scrolled under the pointer
    };
    const later = (ms: number): void => { timer ||= window.setTimeout(show, ms); };
    later(isSelected ? 30 : REST);
    if (!isSelected) again.current = () => later(REST);
    return () => {
      clearTimeout(timer);
      again.current = () => undefined;
    };
  }, [key, pointed, mine?.path, mine?.pane]);

  return {
    sides, joined: joined.current, drawn, scrolled,
    placed: (side, placed) => {
      sides.current[side] = placed;
      drawn.current();
      again.current();
    },
    drive: (side) => { driver.current = side; },
  };
}

/** Scroll the pane beside to the other end of a link: at the height of this end, where it can. */
function abreast({ from, to }: Sides, link: Link, pointed: "from" | "to", always: boolean): void {
  const [here, there] = pointed === "from" ? [from, to] : [to, from];
  if (!here || !there || link.from === null || link.to === null) return;
  const a = here.places.of(pointed === "from" ? link.from : link.to);
  const b = there.places.of(pointed === "from" ? link.to : link.from);
  if (a < 0 || b < 1) return;
  const y = there.seen.start(b) - there.box.scrollTop;
  if (!always && y >= 0 && there.seen.start(b + 1) - there.box.scrollTop <= there.box.clientHeight) return;
  there.box.scrollTop = there.seen.start(b) - (here.seen.start(a) - here.box.scrollTop);
}

/** The answer of a stream: at each side what its events add up to, or the events. */
function StreamedLeg({ leg, exchange, provenance, selected, big, onBig, onPointedAt }: LegProps): VNode {
  const { hovered, setHovered, mine, active, links, found } = useActive(leg, provenance, selected);
  const [asEvents, setAsEvents] = useState(mine !== null && eventOf(mine.path) !== null);
  const folded = { provider: useFolded(exchange, "provider"), client: useFolded(exchange, "client") };
  const event = active ? eventOf(active.path) ?? found.map((link) => eventOf(link.from)).find((n) => n !== null) ?? null : null;
  const both = exchange.stream;
  const ties = useMemo(() => (provenance?.known && exchange.end !== "running" && links.all.length ? tiesOf(links.all) : null), [links, exchange.end]);
  const lost = useMemo(() => lostIn(exchange.events, exchange.notes, links.all), [exchange.events, exchange.notes, links]);
  const marked = useMemo(() => new Set(event === null ? [] : [event, ...(ties?.later.get(event) ?? []), ...(ties?.earlier.get(event) ?? [])]), [event, ties]);
  const toggle = <button class="small" aria-pressed={asEvents} title="The events one by one, or what they add up to" onClick={() => setAsEvents(!asEvents)}>Events</button>;

  const stream = (name: PhaseName, side: StreamSide): VNode => {
    const mark = (n: number | null): void => setHovered(n === null ? null : { pane: name, path: `events[${n}]` });
    const others = folded[side === "provider" ? "client" : "provider"].blocks;
    return (
      <PaneFrame exchange={exchange} name={name} onBig={onBig} big={big} more={toggle}>
        {asEvents
          ? <EventLines exchange={exchange} side={side} lost={side === "provider" ? lost : []} marked={marked} pointed={event} onMark={mark} />
          : <AnswerBlocks exchange={exchange} side={side} folded={folded[side]} lost={side === "provider" ? lost : []} others={both ? others : null} ties={ties} marked={marked} onMark={mark} />}
      </PaneFrame>
    );
  };
  const whole = (name: PhaseName): VNode => {
    const paths = active?.pane === name ? [active.path] : found.map((link) => link.to).filter((path): path is string => path !== null);
    return (
      <PaneFrame exchange={exchange} name={name} onBig={onBig} big={big}>
        <Tree phase={exchange.phases[name]} other={null} side="to" links={links} known={provenance?.known ?? false} notes={[]}
          lit={new Set(active ? paths : [])} selected={mine?.pane === name ? mine.path : null} isMine={mine?.pane === name} label={TITLES[name]}
          onHover={(path) => setHovered(path === null ? null : { pane: name, path })} onSelect={(path) => go(toHash(exchange.id, name, path), true)}
          onPlaced={() => undefined} onScrolled={() => undefined} />
      </PaneFrame>
    );
  };
  return (
    <section class="leg streamed" aria-label="Answer" onPointerDown={onPointedAt} onFocusIn={onPointedAt} onMouseOver={onPointedAt}>
      <div class="pair">
        {stream(leg.from, "provider")}
        <span class="gutter" aria-hidden="true" />
        {both ? stream(leg.to, "client") : whole(leg.to)}
      </div>
      {active && <p class={`explain ${hovered ? "now" : ""}`} aria-live="polite"><EventExplained exchange={exchange} n={event} links={found} lost={lost} folded={asEvents ? null : folded} later={event === null ? undefined : ties?.later.get(event)} earlier={event === null ? undefined : ties?.earlier.get(event)} isKnown={ties !== null} /></p>}
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

const inEvent = (path: string | null): string => path?.replace(/^events(\[\d+\])+\.?/, "") ?? "nothing";

interface EventExplainedProps {
  exchange: Exchange;
  n: number | null;
  links: Link[];
  lost: readonly Lost[];
  /** Null: the events are shown one by one. */
  folded: Record<StreamSide, ReturnType<typeof useFolded>> | null;
  later: readonly number[] | undefined;
  earlier: readonly number[] | undefined;
  isKnown: boolean;
}

/** Return what is known of an event that no link tells of. */
function fateOf(pair: EventPair, { later, earlier, isKnown }: EventExplainedProps): string {
  if (later) return `was held back, and is part of ${later.slice(0, 5).join(", ")}`;
  if (earlier) return `is made of what came in ${earlier.slice(0, 5).join(", ")}`;
  if (!pair.client.trim()) return isKnown ? "became nothing for the client" : "became nothing at once";
  if (!pair.provider.trim()) return isKnown ? "was made by the gateway" : "came without an event of the provider's";
  return "became what is marked";
}

function EventExplained(props: EventExplainedProps): VNode {
  const { exchange, n, links, lost, folded } = props;
  const pair = exchange.events.find((one) => one.n === n);
  if (!pair) return <span class="faint">No rule tells of which events this was made.</span>;
  const timeline = <a href={toHash(exchange.id, "events", String(pair.n))}>see it in the timeline</a>;
  const block = folded?.provider.blocks.find((one) => one.events.includes(pair.n)) ?? folded?.client.blocks.find((one) => one.events.includes(pair.n));
  const words = fateOf(pair, props);
  const linked = links.filter((link) => link.from !== null && link.to !== null);
  const told = [...new Map(linked.map((link) => [`${inEvent(link.from)} ${inEvent(link.to)}`, link])).values()].slice(0, 3);
  const gone = lost.filter((one) => one.events.includes(pair.n));
  return (
    <>
      {block && <><b>{block.kind === "call" ? block.name : block.kind}</b> came in {block.events.length} {block.events.length === 1 ? "event" : "events"}. </>}
      {block ? `Of event ${pair.n}: ` : <><b>Event {pair.n}</b> <code>{pair.name}</code> </>}
      {told.length ? told.map((link, i) => <span key={i}><code>{inEvent(link.from)}</code> → <code>{inEvent(link.to)}</code> <RuleMark rule={link.rule} /> {WORDS[link.rule]} </span>) : words}
      {gone.map(({ note }) => <span key={note.path}>. <RuleMark rule={note.fate} /> <code>{note.path}</code> <b>{note.detail}</b></span>)} · {timeline}
    </>
  );
}

/** What each rule means. */
export const WORDS: Record<string, string> = {
  copied: "the same value in the same place",
  moved: "the same value in another place",
  renamed: "the same value under another name",
  computed: "made of it",
  defaulted: "the client left it open",
  dropped: "not sent",
  unknown: "the translator cannot tell",
};

function RuleMark({ rule }: { rule: string }): VNode {
  return <span class={`rule ${rule}`}>{rule}</span>;
}

interface ExplainedProps {
  active: Mark;
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
  const forth = active.pane === leg.from;
  const here = <code>{active.path || "the whole body"}</code>;
  const note = notes.find((one) => one.path === active.path);
  const [link] = links;
  if (!link && note) return <>{here} <span class={`fate weight-${note.weight}`}>{note.fate}</span> {note.detail}</>;
  if (!link) return <>{here} <span class="faint">{known ? "The translator cannot tell what became of it." : "Not traced."}</span></>;
  const own = links.filter((one) => one[forth ? "from" : "to"] === active.path || !isWithin(one[forth ? "from" : "to"], active.path));
  if (!own.length) return <>{here} holds {links.length}{links.length >= 300 ? " or more" : ""} values: {counted(links)}</>;
  const why = link.detail || (link.note === null ? "" : notes[link.note]?.detail) || note?.detail;
  return (
    <>
      {here} {own.slice(0, 4).map((one, i) => {
        const there = forth ? one.to : one.from;
        return <span key={i}>{there === null ? "" : <>{forth ? "→" : "←"} <code>{there}</code> </>}<RuleMark rule={one.rule} /> {WORDS[one.rule]}{i < own.length - 1 ? ", " : ""}</span>;
      })}{own.length > 4 ? `and ${own.length - 4} more` : ""}{why ? <>. <b>{why}</b></> : ""}
    </>
  );
}

const isWithin = (path: string | null, held: string): boolean => path !== null && path !== held && (held === "" || path.startsWith(`${held}.`) || path.startsWith(`${held}[`));

function counted(links: Link[]): string {
  const counts = new Map<string, number>();
  for (const link of links) counts.set(link.rule, (counts.get(link.rule) ?? 0) + 1);
  return [...counts].map(([rule, n]) => `${n} ${rule}`).join(", ");
}

interface FrameProps {
  exchange: Exchange;
  name: PhaseName;
  children: ComponentChildren;
  big: boolean;
  onBig: () => void;
  more?: VNode;
  onDriven?: () => void;
}

function PaneFrame({ exchange, name, children, big, onBig, more, onDriven }: FrameProps): VNode {
  const [shown, setShown] = useState<"body" | "raw" | "headers">("body");
  const phase = exchange.phases[name];
  const leg = name.startsWith("client") ? "client" : "provider";
  const button = (what: "raw" | "headers", words: string): VNode => (
    <button class="small" aria-pressed={shown === what} onClick={() => setShown(shown === what ? "body" : what)}>{words}</button>
  );
  return (
    <section class="pane" aria-label={TITLES[name]} onPointerEnter={onDriven} onWheel={onDriven} onTouchStart={onDriven} onKeyDown={onDriven} onFocusIn={onDriven}>
      <header>
        <h2>{TITLES[name]}</h2>
        {phase && <span class="faint cut grow" title={`${phase.line}\n${size(phase.bytes)} at ${ms(phase.at)}`}>{lineOf(phase)}</span>}
        {phase && name.endsWith("request") && (
          <span class="buttons wide-only" role="group" aria-label="Copy as">
            {(["curl", "httpie", "python"] as const).map((as) => (
              <button key={as} class="small" title={`Copy as ${as}`} aria-label={`Copy ${leg} request as ${as}`} onClick={() => void copyCode(exchange, as, leg)}>{CODE[as]}</button>
            ))}
          </span>
        )}
        {phase && <span class="buttons">{more}{button("headers", "Headers")}{button("raw", "Raw")}</span>}
        <button class="small wide-only" aria-label={big ? "Show both rows" : "Show this row alone"} title={big ? "Show both rows" : "Show this row alone"} aria-pressed={big} onClick={onBig}>⤢</button>
      </header>
      {!phase ? <p class="nothing">{missing(exchange, name)}</p>
        : shown === "headers" ? <Headers phase={phase} />
        : shown === "raw" ? <RawText text={phase.body || eventsText(exchange, name)} />
        : children}
    </section>
  );
}
const CODE = { curl: "curl", httpie: "HTTPie", python: "Python" };

/** Return the first line of a message for people: its status or its path, its size, its time. */
function lineOf(phase: Phase): string {
  const line = phase.line.replace(/^(\S+) https?:\/\/[^/]+/, "$1 …");
  return [line, phase.bytes ? size(phase.bytes) : "", `+${ms(phase.at)}`, phase.cut ? "cut" : ""].filter(Boolean).join(" · ");
}

/** Return why there is no such message. */
function missing(exchange: Exchange, name: PhaseName): string {
  if (exchange.end === "running") return "Not yet.";
  if (name === "provider_request") return `No provider was asked${exchange.ended_by ? `: ${endedBy(exchange.ended_by)}` : ""}.`;
  if (name === "provider_response" && !exchange.phases.provider_request) return "No provider was asked.";
  if (name === "provider_response") return `It did not answer${exchange.ended_by ? `: ${exchange.ended_by.replace(/^connection to the provider: /, "")}` : ""}.`;
  return "There was none: nothing reached this point.";
}

function Headers({ phase }: { phase: Phase }): VNode {
  return (
    <div class="scroll" tabIndex={0} role="group" aria-label="Headers">
      <dl class="facts">
        <div class="first"><dt>{/^\d/.test(phase.line) ? "status" : "request"}</dt><dd>{phase.line}</dd></div>
        <div class="first"><dt>at</dt><dd>{ms(phase.at)} after the request arrived · {size(phase.bytes)}{phase.cut ? ", cut when it was recorded" : ""}</dd></div>
        {phase.headers.map(([key, value], i) => <div key={i}><dt>{key}</dt><dd>{value}</dd></div>)}
      </dl>
    </div>
  );
}

/** Return the bytes of a stream, which its events hold. */
function eventsText(exchange: Exchange, name: PhaseName): string {
  if (name.endsWith("request")) return "";
  const side = name === "provider_response" ? "provider" : "client";
  return exchange.events.map((one) => one[side]).join(side === "provider" ? "\n\n" : "");
}
