import type { VNode } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Exchange } from "./api";
import { Folding, parsed, partner as partnerOf, type Block, type Folded, type Lost, type Ties } from "./events";
import { size } from "./format";
import { Growing, useEnd } from "./growing";
import { toHash } from "./route";
import { ValidJson } from "./widgets";

export type StreamSide = "provider" | "client";

/** What one side of a stream adds up to, growing with it. */
export function useFolded(exchange: Exchange, side: StreamSide): Folded {
  const held = useRef<{ id: string; it: Folding } | null>(null);
  if (held.current?.id !== exchange.id) held.current = { id: exchange.id, it: new Folding(side) };
  return useMemo(() => held.current!.it.upTo(exchange.events), [exchange.events, exchange.id]);
}

interface AnswerProps {
  exchange: Exchange;
  side: StreamSide;
  folded: Folded;
  lost: readonly Lost[];
  /** The blocks of the other side; null where it is no stream. */
  others: readonly Block[] | null;
  /** Null where nobody knows which events became part of others. */
  ties: Ties | null;
  /** The events of what is pointed at. */
  marked: ReadonlySet<number>;
  onMark: (n: number | null) => void;
}

/** One side of a stream as the answer that its events add up to, each part with the events that brought it. */
export function AnswerBlocks({ exchange, side, folded, lost, others, ties, marked, onMark }: AnswerProps): VNode {
  const box = useRef<HTMLDivElement>(null);
  const live = exchange.end === "running";
  const isInside = useRef(false);
  const after = ({ events: [n = 0] }: Lost): number => folded.blocks.findLastIndex((block) => (block.events[0] ?? 0) <= n);
  const losses = (at: number): VNode[] => lost.filter((one) => after(one) === at).map((one) => <LossView key={`${one.note.path} ${one.note.detail}`} exchange={exchange} lost={one} marked={marked} onMark={onMark} />);
  const choices = new Set(folded.blocks.map((one) => one.choice)).size;
  useEffect(() => {
    if (marked.size && !isInside.current) box.current?.querySelector(".block.lit")?.scrollIntoView({ block: "nearest" });
  }, [marked]);
  const end = useEnd(box, live, folded);
  return (
    <div class="scroll answer-blocks" ref={box} tabIndex={0} role="group" aria-label={`${side}: the whole answer`} {...end}
      onMouseEnter={() => { isInside.current = true; }} onMouseLeave={() => { isInside.current = false; onMark(null); }}>
      {losses(-1)}
      {folded.blocks.map((block, i) => [
        <BlockView key={block.key} exchange={exchange} side={side} block={block} choices={choices} live={live}
          partner={others ? partnerOf(folded.blocks, i, others, ties) : undefined} isKnown={ties !== null} isLit={block.events.some((n) => marked.has(n))} onMark={onMark} />,
        ...losses(i),
      ])}
      {!folded.blocks.length && !lost.length && <p class="nothing">{live ? "Nothing said yet." : "No text, no tool call, no reasoning. The events show what came."}</p>}
      {folded.ends.map((end, i) => <p key={i} class="block-end">finish reason {folded.ends.length > 1 ? `of choice ${i} ` : ""}<b>{end}</b></p>)}
    </div>
  );
}

function Events({ exchange, first, last }: { exchange: Exchange; first: number; last: number }): VNode {
  return <a href={toHash(exchange.id, "events", String(first))}>{first === last ? `event ${first}` : `events ${first}–${last}`}</a>;
}

/** What a note says was lost, in its place, with the reason. */
function LossView({ exchange, lost: { note, events }, marked, onMark }: { exchange: Exchange; lost: Lost; marked: ReadonlySet<number>; onMark: (n: number | null) => void }): VNode {
  const [first = 0] = events;
  return (
    <article class={`block lost ${events.some((n) => marked.has(n)) ? "lit" : ""}`} onMouseEnter={() => onMark(first)}>
      <header>
        <s><code>{note.path}</code></s>
        <Events exchange={exchange} first={first} last={events.at(-1) ?? first} />
        <span class="rule dropped">{note.fate}</span>
      </header>
      <p class="why">{note.detail}</p>
    </article>
  );
}

interface BlockProps {
  exchange: Exchange;
  side: StreamSide;
  block: Block;
  choices: number;
  live: boolean;
  /** The block that it became or came from; null where there is none, undefined where nobody knows. */
  partner: Block | null | undefined;
  /** It is known which events became part of others. */
  isKnown: boolean;
  isLit: boolean;
  onMark: (n: number | null) => void;
}

const SHOWN = 6000;

function BlockView({ exchange, side, block, choices, live, partner, isKnown, isLit, onMark }: BlockProps): VNode {
  const [all, setAll] = useState(false);
  const [first = 0] = block.events;
  const last = block.events.at(-1) ?? first;
  const isAlone = partner === null && isKnown && !live;
  const text = all ? block.text : block.text.slice(0, SHOWN);
  const isBent = partner && !live && !(side === "provider" ? holds(partner, block) : holds(block, partner));
  return (
    <article class={`block ${block.kind} ${isLit ? "lit" : ""} ${isAlone ? (side === "provider" ? "alone" : "made") : ""}`} onMouseEnter={() => onMark(first)}>
      <header>
        <b>{block.kind === "call" ? block.name || "call" : block.kind}</b>
        {choices > 1 && <span class="faint">choice {block.choice}</span>}
        <Events exchange={exchange} first={first} last={last} />
        {block.kind === "call" && <ValidJson text={block.text} live={live} />}
        {block.signed > 0 && <Signature block={block} partner={partner} side={side} />}
        {isAlone && <span class={`rule ${side === "provider" ? "dropped" : "defaulted"}`}>{side === "provider" ? "became nothing for the client" : "made by the gateway"}</span>}
        {isBent && <span class="rule computed">{side === "provider" ? "another text for the client" : "not the provider's text"}</span>}
      </header>
      {block.text && <p class="said-whole"><Growing text={text} />{!all && block.text.length > SHOWN && <> <button class="small" onClick={() => setAll(true)}>all {size(block.text.length)}</button></>}</p>}
    </article>
  );
}

/** Return whether the client's text is or has the provider's; arguments may be written otherwise. */
function holds(client: Block, provider: Block): boolean {
  if (client.text.includes(provider.text)) return true;
  const [a, b] = [parsed(client.text), parsed(provider.text)];
  return a !== undefined && JSON.stringify(a) === JSON.stringify(b);
}

function Signature({ block, partner, side }: { block: Block; partner: Block | null | undefined; side: StreamSide }): VNode {
  const isLost = side === "provider" && partner && !partner.signed;
  return <span class={`badge ${isLost ? "bad" : ""}`} title={`${block.signed} characters`}>{isLost ? "signature not passed on" : "signed"}</span>;
}
