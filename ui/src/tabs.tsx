import type { ComponentChildren, VNode } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";
import type { Analysis, Attempt, Exchange, Note, Reasoning, ToolCall } from "./api";
import { brief, endedBy, ms, size } from "./format";
import { grouped, placeOf } from "./panes";
import { toHash } from "./route";
import { ofAnswer, valueAt } from "./rows";
import { Empty } from "./widgets";
import { parsed } from "./events";

/** Every bent field of an exchange, the heaviest first, those of one reason together, with the whole reason. */
export function NotesTab({ exchange }: { exchange: Exchange }): VNode {
  const asked = useMemo(() => parsed(exchange.phases.client_request?.body ?? ""), [exchange.id]);
  if (!exchange.notes.length) {
    if (!exchange.phases.provider_request) return <Empty title="Nothing was converted"><p>No provider was asked{exchange.ended_by ? `: ${endedBy(exchange.ended_by)}` : ""}.</p></Empty>;
    return <Empty title="No losses"><p>Every field of the request and of the answer got to the other side.</p></Empty>;
  }
  return (
    <Table heads={["Fate", "Field", "Before", "After", "Why"]}>
      {grouped(exchange.notes).map((notes) => notes.map((note, i) => <NoteRow key={note.path} note={note} asked={ofAnswer(note, exchange.events) ? undefined : asked} exchange={exchange} rows={i ? 0 : notes.length} />))}
    </Table>
  );
}

/**
 * `asked` is the request that the note is on, which has the value where the note itself does not repeat it.
 * `rows`: how many notes its fate and reason stand for; 0: they stand at the first of them.
 */
function NoteRow({ note, asked, exchange, rows }: { note: Note; asked: unknown; exchange: Exchange; rows: number }): VNode {
  const value = (one: unknown): string => (one === null || one === undefined ? "–" : brief(one));
  return (
    <tr>
      {rows > 0 && <td rowSpan={rows}><span class={`fate weight-${note.weight}`}>{note.fate}</span></td>}
      <td><a href={placeOf(exchange, note)}><code>{note.path}</code></a></td>
      <td><code>{value(note.old ?? valueAt(asked, note.path))}</code></td>
      <td><code>{value(note.new)}</code></td>
      {rows > 0 && <td class="prose" rowSpan={rows}>{note.detail}</td>}
    </tr>
  );
}

/** The whole prompt as one bar, by what its parts are. */
function Shares({ parts, all }: { parts: Analysis["budget"]; all: number }): VNode {
  const kinds = new Map<string, { bytes: number; tokens: number | null; n: number }>();
  for (const part of parts) {
    const held = kinds.get(part.what) ?? { bytes: 0, tokens: null, n: 0 };
    kinds.set(part.what, { bytes: held.bytes + part.bytes, tokens: part.tokens === null ? held.tokens : (held.tokens ?? 0) + part.tokens, n: held.n + 1 });
  }
  const sorted = [...kinds].sort(([, a], [, b]) => b.bytes - a.bytes);
  return (
    <figure class="shares">
      <div class="bar-of-parts" aria-hidden="true">{sorted.map(([what, one], i) => <span key={what} class={`part-${i % 6}`} title={what} style={{ flexGrow: one.bytes / all }} />)}</div>
      <figcaption>{sorted.map(([what, one], i) => (
        <span key={what}><i class={`part-${i % 6}`} aria-hidden="true" />{what} <b>{percent(one.bytes, all)}</b> <span class="faint">{one.n} {one.n === 1 ? "part" : "parts"}, {size(one.bytes)}{one.tokens === null ? "" : `, ≈ ${one.tokens} tokens`}</span></span>
      ))}</figcaption>
    </figure>
  );
}

/** Return a share for people: `12%`, `<1%`. */
function percent(part: number, of: number): string {
  const share = Math.round((part / of) * 100);
  return part && !share ? "<1%" : `${share}%`;
}

const ROWS = 500;

function Table({ heads, children, above }: { heads: string[]; children: ComponentChildren; above?: VNode }): VNode {
  return (
    <div class="scroll pad" tabIndex={0} role="group" aria-label="Table">
      {above}
      <table><thead><tr>{heads.map((head) => <th key={head} scope="col">{head}</th>)}</tr></thead><tbody>{children}</tbody></table>
    </div>
  );
}

export function AttemptsTab({ exchange }: { exchange: Exchange }): VNode {
  if (!exchange.attempts.length) return <Empty title="No attempt"><p>The exchange ended before a provider was called{exchange.cause ? `: ${exchange.cause}` : "."}</p></Empty>;
  return (
    <ol class="scroll pad chain" tabIndex={0} aria-label="Attempts">
      {exchange.attempts.map((one) => <AttemptView key={one.n} one={one} />)}
    </ol>
  );
}

function AttemptView({ one }: { one: Attempt }): VNode {
  const good = one.reason === null && (one.status || 500) < 400;
  return (
    <li class={good ? "good" : "bad"}>
      <header>
        <b>{one.n}. {one.provider}/{one.model}</b>
        <span class={`status ${good ? "good" : "bad"}`}>{one.status || "no answer"}</span>
        {one.kind && <span class="mark">{one.kind}</span>}
        {coolOf(one) && <span class="mark">the provider asked to wait {coolOf(one)}</span>}
        {one.rest !== null && one.rest !== undefined && <span class="mark">its credential rests for {ms(one.rest)}</span>}
        <span class="faint">at {ms(one.at)}, took {ms(one.duration)}{one.first_event !== null ? `, first event ${ms(one.first_event)}` : ""}{one.credential ? ` · key ${one.credential}` : ""}{one.dialect ? ` · ${one.dialect}` : ""}</span>
      </header>
      {one.reason && <p>{one.reason}</p>}
      {[one.request, one.response].map((phase, i) => phase && (
        <details key={i}>
          <summary>{i ? "What it answered" : "What it was sent"} <span class="faint">{phase.line} · {phase.body === null && !phase.bytes ? "in the events" : size(phase.bytes)}</span></summary>
          <pre class="raw">{phase.headers.map(([key, value]) => `${key}: ${value}`).join("\n")}{"\n\n"}{brief(phase.body ?? "", 20_000)}</pre>
        </details>
      ))}
    </li>
  );
}

/** Return for how long a provider asked not to be called again. */
function coolOf(one: Attempt): string {
  const header = (name: string): string | undefined => one.response?.headers.find(([key]) => key.toLowerCase() === name)?.[1];
  const after = header("retry-after");
  const exact = header("retry-after-ms");
  if (exact) return ms(Number(exact));
  return after && /^\d+$/.test(after) ? `${after} s` : (after ?? "");
}

export function LintsTab({ exchange, analysis }: { exchange: Exchange; analysis: Analysis }): VNode {
  if (!analysis.lints.length) return <Empty title="Nothing to check"><p>No message of a known dialect was recorded whole.</p></Empty>;
  const lints = [...analysis.lints].sort((a, b) => Number(a.ok) - Number(b.ok));
  return (
    <Table heads={["Verdict", "Leg", "Rule", "Event"]}>
      {lints.map((lint, i) => (
        <tr key={i}>
          <td><span class={`badge ${lint.ok ? "good" : "bad"}`}>{lint.ok ? "holds" : "broken"}</span></td>
          <td>{lint.leg}</td><td class="prose">{lint.rule}{lint.detail && <p class="seen">{lint.detail}</p>}</td>
          <td>{lint.event === null || lint.event === undefined ? "" : <a href={toHash(exchange.id, "events", String(lint.event))}>{lint.event}</a>}</td>
        </tr>
      ))}
    </Table>
  );
}

export function BudgetTab({ exchange, analysis }: { exchange: Exchange; analysis: Analysis }): VNode {
  const parts = [...analysis.budget].sort((a, b) => b.bytes - a.bytes);
  if (!parts.length) return <Empty title="No prompt to measure"><p>The request has none that is known, or its body was not kept whole.</p></Empty>;
  const all = parts.reduce((sum, part) => sum + part.bytes, 0) || 1;
  return (
    <Table heads={["Part", "What", "Tokens", "Bytes", "Share"]} above={<Shares parts={parts} all={all} />}>
      {parts.slice(0, ROWS).map((part, i) => (
        <tr key={i}>
          <td><a href={toHash(exchange.id, exchange.phases.provider_request ? "provider_request" : "client_request", part.path)}><code>{part.path}</code></a></td><td>{[...new Set([part.what, part.role, part.name])].filter(Boolean).join(" · ")}</td>
          <td class="num" title={part.how ?? ""}>{part.tokens === null ? "–" : `≈ ${part.tokens}`}</td><td class="num">{size(part.bytes)}</td>
          <td class="num"><span class="share"><span style={{ width: `${(part.bytes / all) * 100}%` }} /></span> {percent(part.bytes, all)}</td>
        </tr>
      ))}
      {parts.length > ROWS && <tr><td colSpan={5} class="faint">and {parts.length - ROWS} smaller parts</td></tr>}
    </Table>
  );
}

/** What the cache finder says of the turn before. */
export function CacheTab({ exchange, analysis }: { exchange: Exchange; analysis: Analysis }): VNode {
  const { cache } = analysis;
  if (!cache) {
    const read = exchange.tokens?.cache_read;
    return <Empty title="Nothing to compare with"><p>The cache finder compares two requests of a conversation, and no earlier one of this is kept.{read ? ` ${read} tokens were read from the provider's cache.` : ""}</p></Empty>;
  }
  const { difference, tokens } = cache;
  return (
    <div class="scroll pad" tabIndex={0} role="group" aria-label="Cache">
      <p class="lead">{cache.explanation}</p>
      <dl class="facts">
        {cache.before && <div><dt>compared with</dt><dd><a href={toHash(cache.before)}>the turn before</a>{cache.same_provider ? "" : ", at another provider"}</dd></div>}
        <div><dt>tokens</dt><dd>{tokens.read === null && tokens.written === null ? "The provider reported none that it read from its cache or wrote to it." : <>{tokens.read ?? "–"} read · {tokens.written ?? "–"} written · {tokens.lost ?? "–"} lost</>}</dd></div>
        {difference && <div><dt>first difference</dt><dd>byte {difference.byte} of {difference.bytes_now}, in {difference.what} <a href={toHash(exchange.id, "provider_request", difference.path ?? difference.was_path)}><code>{difference.path ?? difference.was_path}</code></a>: {difference.change}</dd></div>}
        {difference && <div><dt>then</dt><dd><Differing text={difference.old} other={difference.new} how="old" /></dd></div>}
        {difference && <div><dt>now</dt><dd>{difference.new ? <Differing text={difference.new} other={difference.old} how="new" /> : "nothing"}</dd></div>}
        {cache.settings.length > 0 && <div><dt>settings changed</dt><dd>{cache.settings.join(", ")}</dd></div>}
      </dl>
    </div>
  );
}

/** A text with what differs from another marked: all between their common beginning and end. */
function Differing({ text, other, how }: { text: string; other: string; how: "old" | "new" }): VNode {
  let start = 0;
  while (start < text.length && text[start] === other[start]) start++;
  let end = 0;
  while (end < Math.min(text.length, other.length) - start && text.at(-1 - end) === other.at(-1 - end)) end++;
  const stop = text.length - end;
  return <code class="pre">{text.slice(0, start)}<mark class={how}>{text.slice(start, stop)}</mark>{text.slice(stop)}</code>;
}

const SIDES: [string, string][] = [["client", "Client"], ["provider", "Provider"]];

/** The calls of both legs side by side, each with its result over the turns. */
export function ToolsTab({ exchange, analysis }: { exchange: Exchange; analysis: Analysis }): VNode {
  if (!analysis.tool_calls.length) return <Empty title="No tool calls"><p>Neither the history that was sent nor the answer has a call or a result.</p></Empty>;
  return (
    <div class="scroll pad sides" tabIndex={0} role="group" aria-label="Tool calls">
      {SIDES.map(([leg, words]) => (
        <section key={leg} class="cards"><h2>{words}</h2>
          {analysis.tool_calls.filter((call) => call.leg === leg).map((call, i) => <CallView key={i} call={call} exchange={exchange} />)}
        </section>
      ))}
    </div>
  );
}

function CallView({ call, exchange }: { call: ToolCall; exchange: Exchange }): VNode {
  const live = exchange.end === "running";
  const { result } = call;
  return (
    <article>
      <header>
        <b>{call.name ?? "a result without a call"}</b> <code class="faint">{call.id}</code>
        {call.name && <span class={`badge ${call.valid ? "good" : live ? "" : "bad"}`}>{call.valid ? "valid JSON" : live ? "growing" : "not JSON"}</span>}
        <span class="faint">{call.path ? <a href={toHash(exchange.id, `${call.leg}_request`, call.path)}><code>{call.path}</code></a> : call.event !== null ? <a href={toHash(exchange.id, "events", String(call.event))}>event {call.event}</a> : "in the answer"}</span>
      </header>
      {call.name && <pre class="raw">{pretty(call.arguments)}</pre>}
      {call.grown.length > 1 && <p class="grown faint">grew in {call.grown.length} pieces: {call.grown.slice(0, 40).map((one, i) => <a key={i} href={toHash(exchange.id, "events", String(one.event))} title={`event ${one.event}`}><code>{one.text}</code></a>)}</p>}
      {result
        ? <><p class="faint">Result · <code>{result.path}</code> · {size(result.bytes)}</p><pre class="raw">{brief(result.text, 4000)}</pre></>
        : <p class="faint">{call.path ? "No result in this request." : "Its result comes with the next turn."}</p>}
    </article>
  );
}

/** Reasoning and signatures: whose, and whether they reached the other side. */
export function ReasoningTab({ exchange, analysis }: { exchange: Exchange; analysis: Analysis }): VNode {
  if (!analysis.reasoning.length) return <Empty title="No reasoning"><p>Neither side sent reasoning or a signature.</p></Empty>;
  return (
    <Table heads={["Leg", "Where", "Issuer", "Text", "Signature", "Fate", "Why"]}>
      {analysis.reasoning.map((one, i) => (
        <tr key={i}>
          <td>{one.leg}</td>
          <td class={one.path ? "" : "short"}>{one.path ? <a href={toHash(exchange.id, `${one.leg}_${phaseOf(one)}`, one.path)}><code>{one.path}</code></a> : one.event !== null ? <a href={toHash(exchange.id, "events", String(one.event))}>event {one.event}</a> : one.where}</td>
          <td>{one.issuer ?? "not said"}</td>
          <td class="num">{size(one.bytes)}</td>
          <td>{one.signature ? <>{size(one.signature.bytes)} <code class="faint">{one.signature.sha256}</code></> : "none"}</td>
          <td>{one.fate ? <span class={`badge ${one.fate === "dropped" ? "bad" : "good"}`}>{one.fate}</span> : "–"}</td>
          <td class="prose">{one.detail}</td>
        </tr>
      ))}
    </Table>
  );
}

function phaseOf(one: Reasoning): string {
  if (one.where === "request") return "request";
  return "response";
}

export function ImagesTab({ exchange, analysis }: { exchange: Exchange; analysis: Analysis }): VNode {
  if (!analysis.images.length) return <Empty title="No images"><p>The prompt has none.</p></Empty>;
  const phase = exchange.phases.provider_request ? "provider_request" : "client_request";
  return (
    <div class="scroll pad cards images" tabIndex={0} role="group" aria-label="Images">
      {analysis.images.map((one, i) => {
        const { data, path, bytes, ...rest } = one;
        return (
          <article key={i}>
            {typeof data === "string" ? <Thumbnail url={data} /> : <p class="faint">{typeof one.url === "string" ? "The request has its address, not its bytes." : <>Its bytes are not kept; with <code>inspector.bodies: full</code> they are.</>}</p>}
            <p><a href={toHash(exchange.id, phase, String(path))}><code>{String(path)}</code></a></p>
            <Facts of={{ ...rest, size: typeof bytes === "number" ? size(bytes) : null }} />
          </article>
        );
      })}
    </div>
  );
}

/** An image drawn from its bytes: the page's policy allows no image that is not a file of its own. */
function Thumbnail({ url }: { url: string }): VNode {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const draw = async (): Promise<void> => {
      const [type, base64] = url.split(",");
      const bytes = Uint8Array.from(atob(base64 ?? ""), (char) => char.charCodeAt(0));
      const image = await createImageBitmap(new Blob([bytes], { type: type?.replace(/^data:|;base64$/g, "") }));
      const scale = Math.min(1, 240 / Math.max(image.width, image.height));
      const it = canvas.current;
      if (!it) return;
      it.width = image.width * scale;
      it.height = image.height * scale;
      it.getContext("2d")?.drawImage(image, 0, 0, it.width, it.height);
    };
    draw().catch(() => undefined);
  }, [url]);
  return <canvas ref={canvas} width="1" height="1" role="img" aria-label="Thumbnail" />;
}

function pretty(text: string): string {
  const value = parsed(text);
  return value === undefined ? text : JSON.stringify(value, null, 2);
}

/** The members of a JSON object as names and values, one within the other. */
export function Facts({ of }: { of: Record<string, unknown> }): VNode {
  return (
    <dl class="facts">
      {Object.entries(of).filter(([, value]) => value !== null && value !== "").map(([key, value]) => (
        <div key={key}><dt>{key.replaceAll("_", " ")}</dt><dd><Fact value={value} /></dd></div>
      ))}
    </dl>
  );
}

function Fact({ value }: { value: unknown }): VNode {
  if (typeof value === "boolean") return <>{value ? "yes" : "no"}</>;
  if (Array.isArray(value)) return <>{value.map((one, i) => (typeof one === "object" && one ? <Facts key={i} of={one as Record<string, unknown>} /> : <code key={i}>{String(one)} </code>))}</>;
  if (typeof value === "object" && value) return <Facts of={value as Record<string, unknown>} />;
  return <span class="pre">{brief(value, 4000)}</span>;
}
