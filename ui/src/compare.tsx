import type { VNode } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import type { Exchange } from "./api";
import { Folding, parsed, type Folded } from "./events";
import { clock, count, ms } from "./format";
import { toHash } from "./route";
import { useExchange } from "./store";
import { FoldedView } from "./timeline";
import { Empty, Spark, tone } from "./widgets";

/** Exchanges side by side: figures, answers, and how each stream went. */
export function Compare({ ids, back }: { ids: string[]; back: string }): VNode {
  const [all, setAll] = useState<Record<string, Exchange>>({});
  const longest = Math.max(1, ...ids.map((id) => all[id]?.duration ?? all[id]?.events.at(-1)?.at ?? 0));
  return (
    <article class="compare">
      <header class="head"><h1><a class="back" href={back} aria-label="Back to the list">←</a> Side by side</h1></header>
      <div class="columns" tabIndex={0} role="group" aria-label="Answers">
        {ids.map((id) => <Column key={id} id={id} longest={longest} onLoad={(x) => setAll((old) => (old[id] === x ? old : { ...old, [id]: x }))} />)}
      </div>
    </article>
  );
}

function Column({ id, longest, onLoad }: { id: string; longest: number; onLoad: (x: Exchange) => void }): VNode {
  const { exchange: x, error } = useExchange(id);
  useEffect(() => {
    if (x) onLoad(x);
  }, [x]);
  const folded = useMemo(() => (x ? answerOf(x) : null), [x]);
  if (!x || !folded) return <section class="column"><Empty title={error ? error.message : "Waiting…"} /></section>;
  const figures: [string, string][] = [
    ["Status", `${x.status ?? "–"} ${x.end}`],
    ["Finish", x.finish_reason ?? "–"],
    ["First event", ms(x.first_event)],
    ["Total", ms(x.duration)],
    ["Longest gap", ms(x.timings.longest_gap)],
    ["Tokens", x.tokens ? `${count(x.tokens.input)} → ${count(x.tokens.output)}` : "–"],
    ["Notes", String(x.notes.length)],
    ["Attempts", String(x.attempts.length)],
  ];
  return (
    <section class="column" aria-label={`${x.model} at ${clock(x.started)}`}>
      <h2><a href={toHash(id)}>{x.model}</a> <span class="faint">→ {x.provider}/{x.provider_model}</span></h2>
      <dl class="facts">{figures.map(([name, value]) => <div key={name}><dt>{name}</dt><dd class={name === "Status" ? `status ${tone(x)}` : ""}>{value}</dd></div>)}</dl>
      <div class="answer">
        {folded.text || folded.reasoning || folded.calls.length
          ? <FoldedView folded={folded} live={x.end === "running"} />
          : <p class="faint">{x.end === "running" ? "Waiting for the first event…" : (x.cause ?? x.error ?? "No text.")}</p>}
      </div>
      {x.events.length > 0 ? <><Course x={x} longest={longest} /><a href={toHash(id, "events")}>Timeline of {x.events.length} events</a> <Spark gaps={x.gaps ?? []} /></> : <span class="faint">A whole answer, no stream.</span>}
    </section>
  );
}

/** When the events came, on one scale for all columns. */
function Course({ x, longest }: { x: Exchange; longest: number }): VNode {
  const step = Math.max(1, Math.floor(x.events.length / 400));
  return (
    <svg class="course" viewBox="0 0 1000 20" preserveAspectRatio="none" role="img" aria-label={`events over ${ms(longest)}`}>
      {x.events.filter((_, i) => i % step === 0).map((one) => <rect key={one.n} x={(one.at / longest) * 1000} y="2" width="2" height="16" />)}
    </svg>
  );
}

function answerOf(x: Exchange): Folded {
  const body = x.phases.client_response?.body ?? "";
  const folded = new Folding("client").upTo(x.events.length > 1 ? x.events : [{ provider: "", client: body }]);
  return folded.blocks.length || parsed(body) !== undefined || x.events.length > 1 ? folded : { ...folded, text: body };
}
