import type { ComponentChildren, VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Analysis, Attempt, Exchange, Note, Reasoning, ToolCall } from "./api";
import { brief, ms, size } from "./format";
import { toHash } from "./route";
import { Empty } from "./widgets";
import { parsed } from "./events";

/** Every bent field of an exchange, the heaviest first, with its whole reason. */
export function NotesTab({ exchange }: { exchange: Exchange }): VNode {
  if (!exchange.notes.length) return <Empty title="Nothing was bent"><p>Each field of the request and of the answer was carried as it is.</p></Empty>;
  const notes = [...exchange.notes].sort((a, b) => b.weight - a.weight);
  return (
    <Table heads={["Fate", "Field", "Before", "After", "Why"]}>
      {notes.map((note, i) => <NoteRow key={i} note={note} id={exchange.id} />)}
    </Table>
  );
}

function NoteRow({ note, id }: { note: Note; id: string }): VNode {
  return (
    <tr>
      <td><span class={`fate weight-${note.weight}`}>{note.fate}</span></td>
      <td><a href={toHash(id, "client_request", note.path)}><code>{note.path}</code></a></td>
      <td><code>{note.old === null || note.old === undefined ? "–" : brief(note.old)}</code></td>
      <td><code>{note.new === null || note.new === undefined ? "–" : brief(note.new)}</code></td>
      <td class="prose">{note.detail}</td>
    </tr>
  );
}

function Table({ heads, children }: { heads: string[]; children: ComponentChildren }): VNode {
  return (
    <div class="scroll pad" tabIndex={0} role="group" aria-label="Table">
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
  const good = one.reason === null && (one.status ?? 500) < 400;
  return (
    <li class={good ? "good" : "bad"}>
      <header>
        <b>{one.n}. {one.provider}/{one.model}</b>
        <span class={`status ${good ? "good" : "bad"}`}>{one.status ?? "no answer"}</span>
        {one.kind && <span class="mark">{one.kind}</span>}
        <span class="faint">at {ms(one.at)}, took {ms(one.duration)}{one.first_event !== null ? `, first event ${ms(one.first_event)}` : ""}{one.credential ? ` · key ${one.credential}` : ""}{one.dialect ? ` · ${one.dialect}` : ""}</span>
      </header>
      {one.reason && <p>{one.reason}</p>}
      {[one.request, one.response].map((phase, i) => phase && (
        <details key={i}>
          <summary>{i ? "What it answered" : "What it was sent"} <span class="faint">{phase.line} · {size(phase.bytes)}</span></summary>
          <pre class="raw">{phase.headers.map(([key, value]) => `${key}: ${value}`).join("\n")}{"\n\n"}{brief(phase.body ?? "", 20_000)}</pre>
        </details>
      ))}
    </li>
  );
}

export function LintsTab({ exchange, analysis }: { exchange: Exchange; analysis: Analysis }): VNode {
  if (!analysis.lints.length) return <Empty title="Nothing to check" />;
  const lints = [...analysis.lints].sort((a, b) => Number(a.ok) - Number(b.ok));
  return (
    <Table heads={["Verdict", "Leg", "Rule", "What was seen", "Event"]}>
      {lints.map((lint, i) => (
        <tr key={i}>
          <td><span class={`badge ${lint.ok ? "good" : "bad"}`}>{lint.ok ? "holds" : "broken"}</span></td>
          <td>{lint.leg}</td><td>{lint.rule}</td><td class="prose">{lint.detail}</td>
          <td>{lint.event === null || lint.event === undefined ? "" : <a href={toHash(exchange.id, "events", String(lint.event))}>{lint.event}</a>}</td>
        </tr>
      ))}
    </Table>
  );
}

export function BudgetTab({ exchange, analysis }: { exchange: Exchange; analysis: Analysis }): VNode {
  const parts = [...analysis.budget].sort((a, b) => b.bytes - a.bytes);
  if (!parts.length) return <Empty title="No prompt to measure" />;
  const all = parts.reduce((sum, part) => sum + part.bytes, 0) || 1;
  return (
    <Table heads={["Part", "What", "Tokens", "Bytes", "Share"]}>
      {parts.map((part, i) => (
        <tr key={i}>
          <td><a href={toHash(exchange.id, "provider_request", part.path)}><code>{part.path}</code></a></td><td>{[part.what, part.role, part.name].filter(Boolean).join(" · ")}</td>
          <td class="num" title={part.how ?? ""}>{part.tokens === null ? "–" : `≈ ${part.tokens}`}</td><td class="num">{size(part.bytes)}</td>
          <td><span class="share"><span style={{ width: `${(part.bytes / all) * 100}%` }} /></span> {Math.round((part.bytes / all) * 100)}%</td>
        </tr>
      ))}
    </Table>
  );
}

/** What the cache finder says of the turn before. */
export function CacheTab({ exchange, analysis }: { exchange: Exchange; analysis: Analysis }): VNode {
  const { cache } = analysis;
  if (!cache) {
    const read = exchange.tokens?.cache_read;
    return <Empty title="Nothing to compare with"><p>No earlier exchange of this conversation is kept.{read ? ` ${read} tokens were read from the provider's cache.` : ""}</p></Empty>;
  }
  const { difference, tokens } = cache;
  return (
    <div class="scroll pad" tabIndex={0} role="group" aria-label="Cache">
      <p class="lead">{cache.explanation}</p>
      <dl class="facts">
        {cache.before && <div><dt>compared with</dt><dd><a href={toHash(cache.before)}>the turn before</a>{cache.same_provider ? "" : ", at another provider"}</dd></div>}
        <div><dt>tokens</dt><dd>{tokens.read ?? "–"} read · {tokens.written ?? "–"} written · {tokens.lost ?? "–"} lost</dd></div>
        {difference && <div><dt>first difference</dt><dd>byte {difference.byte} of {difference.bytes_now}, in {difference.what} <a href={toHash(exchange.id, "provider_request", difference.path ?? difference.was_path)}><code>{difference.path ?? difference.was_path}</code></a>: {difference.change}</dd></div>}
        {difference && <div><dt>then</dt><dd><code class="old pre">{difference.old}</code></dd></div>}
        {difference && <div><dt>now</dt><dd><code class="new pre">{difference.new || "nothing"}</code></dd></div>}
        {cache.settings.length > 0 && <div><dt>settings changed</dt><dd>{cache.settings.join(", ")}</dd></div>}
      </dl>
    </div>
  );
}

const SIDES: [string, string][] = [["client", "Client"], ["provider", "Provider"]];

/** The calls of both legs side by side, each with its result over the turns. */
export function ToolsTab({ exchange, analysis }: { exchange: Exchange; analysis: Analysis }): VNode {
  if (!analysis.tool_calls.length) return <Empty title="No tool calls" />;
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
          <td>{one.path ? <a href={toHash(exchange.id, `${one.leg}_${phaseOf(one)}`, one.path)}><code>{one.path}</code></a> : one.event !== null ? <a href={toHash(exchange.id, "events", String(one.event))}>event {one.event}</a> : one.where}</td>
          <td>{one.issuer ?? "nobody says"}</td>
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

export function ImagesTab({ analysis }: { analysis: Analysis }): VNode {
  return (
    <div class="scroll pad cards" tabIndex={0} role="group" aria-label="Images">
      {analysis.images.map((one, i) => {
        const { data, ...rest } = one;
        return <article key={i}>{typeof data === "string" && <Thumbnail url={data} />}<Facts of={rest} /></article>;
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
