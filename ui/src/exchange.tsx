import type { VNode } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Analysis, Exchange } from "./api";
import { PHASES, api } from "./api";
import { Actions } from "./actions";
import { endsOf } from "./events";
import { clock, count, endedBy, modelOf, ms } from "./format";
import { Icon } from "./icons";
import { Panes } from "./panes";
import { toHash } from "./route";
import { useCall, useExchange } from "./store";
import { AttemptsTab, BudgetTab, CacheTab, ImagesTab, LintsTab, NotesTab, ReasoningTab, ToolsTab } from "./tabs";
import { Timeline } from "./timeline";
import { Empty, tone } from "./widgets";

/** One exchange: how it ended, what can be done, and its tabs. */
export function ExchangeView({ id, tab, detail, back }: { id: string; tab: string; detail: string; back: string }): VNode {
  const { exchange, error } = useExchange(id);
  const isLong = exchange !== null && exchange.events.length + exchange.events_left_out > LONG;
  const isCalm = useCalm(`${id} ${exchange?.end ?? ""}`, exchange !== null && (!isLong || ANALYSED.includes(tab)));
  const { value: analysis, error: unanalysed } = useCall(`${id}@${isCalm ? exchange?.end : ""}`, isCalm && ((signal) => api.analysis(id, signal)));
  if (error && !exchange) {
    return (
      <Empty top title={error.status === 404 ? "This exchange is gone" : "It cannot be shown"}>
        <p>{error.status === 404 ? "Memory is bounded: the oldest go first, unless they are pinned." : error.message}</p>
        <p><a href={back}>Back to the list</a></p>
      </Empty>
    );
  }
  if (!exchange) return <Empty title="Loading…" />;
  return (
    <article class="exchange">
      <Head exchange={exchange} back={back} />
      <Actions exchange={exchange} />
      <Tabs exchange={exchange} analysis={analysis} tab={tab} />
      <div class="tab" role="tabpanel" aria-label={tab}>
        <Tab exchange={exchange} analysis={analysis} error={unanalysed} tab={tab} detail={detail} />
      </div>
    </article>
  );
}

const ANALYSED = ["tools", "reasoning", "budget", "cache", "lints", "images"];
/** So many events are analysed only when somebody asks. */
const LONG = 2000;

/** Return whether a while has passed since the key changed: what takes long waits until the first rows are there. */
function useCalm(key: string, begun: boolean): boolean {
  const [calm, setCalm] = useState("");
  useEffect(() => {
    if (!begun) return undefined;
    const timer = setTimeout(() => setCalm(key), 350);
    return () => clearTimeout(timer);
  }, [key, begun]);
  return calm === key;
}

function Head({ exchange: x, back }: { exchange: Exchange; back: string }): VNode {
  const target = [x.provider, x.provider_model].filter(Boolean).join("/");
  return (
    <header class="head">
      <h1><a class="back" href={back} aria-label="Back to the list" title="Back to the list (Esc)"><Icon name="back" /></a> <span class="cut" title={modelOf(x)}>{modelOf(x)}</span> <span class="faint">→</span> <span class="cut" title={target || undefined}>{target || "nobody"}</span>
        {x.injected.map((fault) => <span key={fault} class="mark injected">injected: {fault}</span>)}
        <Figures exchange={x} />
      </h1>
      <p class="ending">
        <span class={`status ${tone(x)}`}>{x.end === "running" ? "running" : `${x.status ?? "no status"} ${x.end}`}</span>
        <Ending exchange={x} />
        <span class="faint small cut asked">{clock(x.started)} · {x.client} · {x.dialect}{x.provider_dialect ? ` → ${x.provider_dialect}` : ""}</span>
      </p>
    </header>
  );
}

/** How long it took, of that the gateway, and how many tokens. */
function Figures({ exchange: x }: { exchange: Exchange }): VNode {
  const { timings: t, tokens } = x;
  const apart = `connecting ${ms(t.connect)}, then waiting ${ms(t.waiting)}`;
  const times: [string, number | null | undefined, string, string][] = [
    ["first event", t.first_event ?? x.first_event, apart, ""],
    ["longest gap", x.events.length > 1 ? t.longest_gap : null, "the longest silence within the stream", (t.longest_gap ?? 0) > 5000 ? "slow" : ""],
    ["own", t.own ?? x.own, "what the gateway itself took", ""],
    ["total", x.end === "running" ? null : (t.duration ?? x.duration), apart, ""],
  ];
  return (
    <dl class="times">
      {times.map(([name, value, title, how]) => value !== null && value !== undefined && <div key={name} class={how} title={title}><dt>{name}</dt><dd>{ms(value)}</dd></div>)}
      {tokens && <div title="input → output"><dt>tokens</dt><dd>{count(tokens.input)} → {count(tokens.output)}{tokens.cache_read ? ` · ${count(tokens.cache_read)} cached` : ""}{tokens.reasoning ? ` · ${count(tokens.reasoning)} reasoning` : ""}</dd></div>}
    </dl>
  );
}

/** Why it ended as it did: the reason that either side gave, who ended it, what went wrong, over how many attempts. */
function Ending({ exchange: x }: { exchange: Exchange }): VNode {
  const ends = useMemo(() => endsOf(x.events, x.phases.provider_response?.body, "provider"), [x.events.length, x.end, x.id]);
  if (x.end === "running") return <span>The answer is still coming.</span>;
  return (
    <span>
      {ending(x, ends).map((part, i) => <span key={i}>{i > 0 && <span class="faint"> · </span>}{part}</span>)}
      {x.attempts.length > 1 && <><span class="faint"> · </span><a href={toHash(x.id, "attempts")}>{x.attempts.length} {areAtOnce(x) ? "calls" : "attempts"}</a></>}
    </span>
  );
}

/** Return why an exchange ended, in a few phrases that do not repeat one another; `ends` are the provider's words. */
export function ending(x: Pick<Exchange, "end" | "finish_reason" | "ended_by" | "error" | "cause" | "message">, ends: readonly string[]): string[] {
  const theirs = ends.filter((end) => end !== x.finish_reason);
  const reason = x.finish_reason && `finish reason “${x.finish_reason}”${theirs.length ? `, the provider's “${theirs.join("”, “")}”` : ""}`;
  const parts: string[] = [];
  for (const part of [reason, x.ended_by && endedBy(x.ended_by), x.cause, x.message, x.error && `error ${x.error}`]) {
    const said = part?.replace(/^error /, "");
    if (!part || !said || parts.some((one) => one.includes(said))) continue;
    // A message tells the whole of what a cause is the core of.
    if (part === x.message && parts.at(-1)?.includes(": ") && part.includes(parts.at(-1)!.split(": ").at(-1)!)) parts.pop();
    parts.push(part);
  }
  return parts;
}

/** Return whether an exchange was several calls at once, for several choices, rather than one attempt after another. */
function areAtOnce(x: Exchange): boolean {
  return new Set(x.attempts.map((one) => one.call)).size === x.attempts.length;
}

function Tabs({ exchange, analysis, tab }: { exchange: Exchange; analysis: Analysis | null; tab: string }): VNode {
  const broken = analysis?.lints.filter((lint) => !lint.ok).length ?? 0;
  const offered: [string, string, number | null, boolean][] = [
    ["diff", "Panes", null, false],
    ["events", "Events", exchange.events.length + exchange.events_left_out || null, false],
    ["notes", "Losses", exchange.notes.length || null, exchange.notes.some((note) => note.weight >= 4)],
    ["attempts", "Attempts", exchange.attempts.length || null, exchange.attempts.some((one) => one.reason !== null)],
    ["tools", "Tools", analysis?.tool_calls.length || null, false],
    ["reasoning", "Reasoning", analysis?.reasoning.length || null, false],
    ["budget", "Budget", null, false],
    ["cache", "Cache", null, false],
    ["lints", "Lints", broken || null, broken > 0],
  ];
  if (analysis?.images.length) offered.push(["images", "Images", analysis.images.length, false]);
  const at = (PHASES as readonly string[]).includes(tab) ? "diff" : tab;
  const row = useRef<HTMLElement>(null);
  useEffect(() => {
    // Where they do not all fit, the one that is shown is in sight.
    const here = row.current?.querySelector<HTMLElement>("[aria-current]");
    if (row.current && here) row.current.scrollLeft = here.offsetLeft - (row.current.clientWidth - here.offsetWidth) / 2;
  }, [at, offered.length]);
  return (
    <nav ref={row} class="tabs" aria-label="Views of the exchange">
      {offered.map(([name, words, n, hot]) => (
        <a key={name} href={toHash(exchange.id, name)} aria-current={at === name ? "page" : undefined}>{words}{n !== null && <span class={`n ${hot ? "hot" : ""}`}>{n}</span>}</a>
      ))}
    </nav>
  );
}

function Tab({ exchange, analysis, error, tab, detail }: { exchange: Exchange; analysis: Analysis | null; error: Error | null; tab: string; detail: string }): VNode {
  if (tab === "events") return <Timeline key={exchange.id} exchange={exchange} at={/^\d+$/.test(detail) ? Number(detail) : null} />;
  if (tab === "notes") return <NotesTab exchange={exchange} />;
  if (tab === "attempts") return <AttemptsTab exchange={exchange} />;
  if (!ANALYSED.includes(tab)) return <Panes key={exchange.id} exchange={exchange} pane={tab} path={detail} />;
  if (!analysis) return <Empty title={error ? "There is no analysis" : "Analysing…"}>{error && <p>{error.message}</p>}</Empty>;
  if (tab === "tools") return <ToolsTab exchange={exchange} analysis={analysis} />;
  if (tab === "reasoning") return <ReasoningTab exchange={exchange} analysis={analysis} />;
  if (tab === "budget") return <BudgetTab exchange={exchange} analysis={analysis} />;
  if (tab === "cache") return <CacheTab exchange={exchange} analysis={analysis} />;
  if (tab === "images") return <ImagesTab exchange={exchange} analysis={analysis} />;
  return <LintsTab exchange={exchange} analysis={analysis} />;
}
