import type { VNode } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Exchange } from "./api";
import { Folding, bits, parsed, pieces, type Folded } from "./events";
import { clock, count, modelOf, ms } from "./format";
import { Icon } from "./icons";
import { toHash } from "./route";
import { useExchange } from "./store";
import { FoldedView } from "./timeline";
import { useWindow } from "./virtual";
import { Empty, tone } from "./widgets";

/** Exchanges side by side: figures, answers, and how each stream went. */
export function Compare({ ids, tab, back }: { ids: string[]; tab: string; back: string }): VNode {
  const [all, setAll] = useState<Record<string, Exchange>>({});
  const timeline = tab === "timeline";
  const longest = Math.max(1, ...ids.map((id) => all[id]?.duration ?? all[id]?.events.at(-1)?.at ?? 0));
  const here = `#/compare/${ids.map(encodeURIComponent).join(",")}`;
  return (
    <article class="compare">
      <header class="head">
        <h1><a class="back" href={back} aria-label="Back to the list" title="Back to the list (Esc)"><Icon name="back" /></a> Side by side</h1>
        <nav class="switch" aria-label="What is compared">
          <a href={here} aria-current={timeline ? undefined : "page"}>Answers</a>
          <a href={`${here}/timeline`} aria-current={timeline ? "page" : undefined}>Timelines</a>
        </nav>
      </header>
      <div class="columns" tabIndex={0} role="group" aria-label="Answers">
        {ids.map((id, i) => <Column key={id} id={id} first={i ? all[ids[0]!] : undefined} original={i === 0} timeline={timeline} longest={longest} onLoad={(x) => setAll((old) => (old[id] === x ? old : { ...old, [id]: x }))} />)}
      </div>
    </article>
  );
}

interface ColumnProps {
  id: string;
  first: Exchange | undefined;
  original: boolean;
  timeline: boolean;
  longest: number;
  onLoad: (x: Exchange) => void;
}

function Column({ id, first, original, timeline, longest, onLoad }: ColumnProps): VNode {
  const { exchange: x, error } = useExchange(id);
  useEffect(() => {
    if (x) onLoad(x);
  }, [x]);
  if (!x) return <section class="column"><Empty title={error ? "It cannot be shown" : "Waiting…"}>{error && <p>{error.message}</p>}</Empty></section>;
  const target = [x.provider, x.provider_model].filter(Boolean).join("/") || "nobody";
  return (
    <section class="column" aria-label={`${modelOf(x)} at ${clock(x.started)}`}>
      <header>
        <h2 class="cut" title={modelOf(x)}><a href={toHash(id)}>{modelOf(x)}</a></h2>
        <p class="faint cut" title={target}>{original ? "first · " : ""}{clock(x.started).slice(0, 8)} · {target}</p>
      </header>
      <dl class="facts">{figures(x, first).map(([name, value, more]) => <div key={name}><dt>{name}</dt><dd>{name === "Status" ? <span class={`status ${tone(x)}`}>{value}</span> : value}{more && <span class="faint more">{more}</span>}</dd></div>)}</dl>
      <Course x={x} longest={longest} />
      {timeline ? <Events x={x} longest={longest} /> : <Answer x={x} />}
    </section>
  );
}

/** Return the figures of an exchange, with what is different at the first one. */
function figures(x: Exchange, first: Exchange | undefined): [string, string, string][] {
  const time = (name: string, of: (x: Exchange) => number | null | undefined): [string, string, string] => [name, ms(of(x)), first ? difference(of(x), of(first), ms) : ""];
  const tokens = (name: string, of: (x: Exchange) => number | null | undefined): [string, string, string] => [name, count(of(x)), first ? difference(of(x), of(first), count) : ""];
  return [
    ["Status", x.end === "running" ? "running" : `${x.status ?? ""} ${x.end}`, ""],
    ["Finish", x.finish_reason ?? "–", ""],
    time("First event", (one) => one.first_event),
    time("Total", (one) => (one.end === "running" ? null : one.duration)),
    time("Longest gap", (one) => one.timings.longest_gap),
    tokens("Tokens in", (one) => one.tokens?.input),
    tokens("Tokens out", (one) => one.tokens?.output),
    ["Notes", String(x.notes.length), ""],
    ["Attempts", String(x.attempts.length), ""],
  ];
}

/** Return how much more or less a figure is than another: `+120 ms`; nothing where there is none. */
export function difference(now: number | null | undefined, then: number | null | undefined, told: (value: number) => string): string {
  if (now == null || then == null || told(Math.abs(now - then)) === told(0)) return "";
  return `${now > then ? "+" : "−"}${told(Math.abs(now - then))}`;
}

function Answer({ x }: { x: Exchange }): VNode {
  const folded = useMemo(() => answerOf(x), [x]);
  const said = folded.text || folded.reasoning || folded.calls.length > 0;
  const nothing = x.end === "running" ? "Waiting for the first event…" : (x.message ?? x.cause ?? x.error ?? "No text.");
  return (
    <div class="answer">
      {said
        ? <FoldedView folded={folded} live={x.end === "running"} />
        : <p class="faint">{nothing}</p>}
      {said && x.end !== "running" && x.end !== "complete" && <p class="error">{[x.error, x.cause].filter(Boolean).join(": ") || x.ended_by}</p>}
    </div>
  );
}

const EVENT = 24;

/** The events of a stream, each at its time, with what it said. */
function Events({ x, longest }: { x: Exchange; longest: number }): VNode {
  const scroller = useRef<HTMLDivElement>(null);
  const { events } = x;
  const rows = useWindow(scroller, events.length, () => EVENT);
  if (!events.length) return <div class="answer"><p class="faint">{x.stream ? "No event." : "A whole answer, no stream."}</p></div>;
  return (
    <div class="scroll course-events" ref={scroller} tabIndex={0} role="group" aria-label="Events">
      <div class="space" style={{ height: `${rows.total}px` }}>
        {rows.items.map(({ index, start }) => {
          const one = events[index]!;
          const read = pieces(one.client);
          const said = read.flatMap((piece) => bits(piece.json)).filter((bit) => bit.kind !== "signature").map((bit) => bit.text).join("");
          return (
            <a key={one.n} class="course-event" href={toHash(x.id, "events", String(one.n))} style={{ transform: `translateY(${start}px)` }}>
              <i style={{ width: `${Math.min(100, (one.at / longest) * 100)}%` }} />
              <span class="num faint">{ms(one.at)}</span>
              {said ? <b class="cut said">{said}</b> : <span class="faint cut">{read[0]?.name || one.name || (one.client ? "event" : "became nothing")}</span>}
            </a>
          );
        })}
      </div>
    </div>
  );
}

/** When the events came, on one scale for all columns; of a whole answer how long it took. */
function Course({ x, longest }: { x: Exchange; longest: number }): VNode {
  const step = Math.max(1, Math.floor(x.events.length / 400));
  return (
    <svg class="course" viewBox="0 0 1000 20" preserveAspectRatio="none" role="img" aria-label={`events over ${ms(longest)}`}>
      <rect class="span" x="0" y="8" width={((x.duration ?? x.events.at(-1)?.at ?? 0) / longest) * 1000} height="4" />
      {x.events.filter((_, i) => i % step === 0).map((one) => <rect key={one.n} x={(one.at / longest) * 1000} y="2" width="2" height="16" />)}
    </svg>
  );
}

function answerOf(x: Exchange): Folded {
  const body = x.phases.client_response?.body ?? "";
  const folded = new Folding("client").upTo(x.events.length > 1 ? x.events : [{ provider: "", client: body }]);
  return folded.blocks.length || parsed(body) !== undefined || x.events.length > 1 ? folded : { ...folded, text: body, blocks: [{ key: "body", kind: "text", choice: 0, name: "", text: body, signed: 0, events: [] }] };
}
