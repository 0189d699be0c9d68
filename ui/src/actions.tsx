import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { api, type Exchange, type LegName, type Replayed } from "./api";
import { CompareDialog, EditDialog, asked, useOthers } from "./asking";
import { ReplayDialog } from "./replayed";
import { Menu, Working, complain, copy, toast } from "./widgets";

type Code = "curl" | "httpie" | "python";
const CODES: [Code, string][] = [["curl", "curl"], ["httpie", "HTTPie"], ["python", "Python"]];

/** How often code was to be copied: what comes late does not take the place of what was asked for after it. */
let copied = 0;

/** Copy the code that sends a leg's request; the SDK of Python is the one that speaks its dialect. */
export async function copyCode(exchange: { id: string } | string, as: Code, leg: LegName): Promise<void> {
  const mine = ++copied;
  try {
    const text = await api.exportText(typeof exchange === "string" ? exchange : exchange.id, { as, leg });
    if (mine === copied) await copy(text, `${CODES.find(([code]) => code === as)![1]} of the ${leg} request`);
  } catch (failure) {
    complain(failure);
  }
}

/** Save exchanges as one file. */
export async function save(ids: readonly string[], as: string): Promise<void> {
  const { name, content } = await api.exportFile(ids, as);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  toast(`${name} saved`);
}

const FILES = [
  ["har", "HAR", "Save an HTTP archive with both legs"],
  ["html", "HTML", "Save one redacted file that opens anywhere"],
  ["fixture", "Fixture", "Save a test fixture of the provider's leg"],
] as const;

/** What can be done with an exchange. */
export function Actions({ exchange }: { exchange: Exchange }): VNode {
  const [shown, setShown] = useState<"edit" | "compare" | null>(null);
  const [replayed, setReplayed] = useState<Replayed | null>(null);
  const [pinned, setPinned] = useState(exchange.pinned);
  useEffect(() => setPinned(exchange.pinned), [exchange.id, exchange.pinned]);
  const { id } = exchange;
  const over = exchange.end !== "running";
  const pin = async (): Promise<void> => {
    await api.pin(id, !pinned);
    setPinned(!pinned);
  };
  return (
    <div class="actions" role="toolbar" aria-label="Actions">
      <Working disabled={!over} title={over ? "Puts the recorded bytes through today's code and configuration; calls nobody" : "Once it is over"} work={async () => setReplayed(await api.replay(id))}>Replay</Working>
      <Working title="Asks the same again, under the same key, and shows both answers" work={async () => asked(id, (await api.resend(id)).exchanges)}>Resend</Working>
      <button title="Change the request and send it, under the same key" onClick={() => setShown("edit")}>Edit…</button>
      <span class="rule-line" />
      <Menu label="Copy" title="Copy the request as code">
        {() => (["client", "provider"] as const).flatMap((leg) => [
          <p key={leg} class="faint">{leg === "client" ? "What the client asked" : "What the provider was sent"}</p>,
          ...CODES.map(([as, name]) => <button key={leg + as} role="menuitem" onClick={() => void copyCode(id, as, leg)}>{as === "python" ? `${name} (${sdkOf(exchange, leg)})` : name}</button>),
        ])}
      </Menu>
      {FILES.map(([as, name, what]) => <Working key={as} title={what} work={() => save([id], as)}>{name}</Working>)}
      <Working class="pin" aria-pressed={pinned} title={pinned ? "Kept when memory runs out; press to let it go with the rest" : "Keep it when memory runs out"} work={pin}>{pinned ? "Pinned" : "Pin"}</Working>
      <Others exchange={exchange} onMore={() => setShown("compare")} />
      {shown === "edit" && <EditDialog exchange={exchange} onClose={() => setShown(null)} />}
      {shown === "compare" && <CompareDialog exchange={exchange} onClose={() => setShown(null)} />}
      {replayed && <ReplayDialog id={id} replayed={replayed} onClose={() => setReplayed(null)} />}
    </div>
  );
}

/** Return the SDK that speaks a leg's dialect. */
export function sdkOf(exchange: Pick<Exchange, "provider_dialect">, leg: LegName): string {
  if (leg === "client") return "openai";
  return { anthropic: "anthropic", gemini: "google-genai" }[exchange.provider_dialect ?? ""] ?? "openai";
}

const SHOWN_MODELS = 3;

/** Other models, one click each: the same client request at it, side by side. */
function Others({ exchange, onMore }: { exchange: Exchange; onMore: () => void }): VNode | null {
  const { models, used } = useOthers(exchange.model);
  if (!models.length) return null;
  const ask = async (model: string): Promise<void> => {
    asked(exchange.id, (await api.compare(exchange.id, [model])).exchanges);
    used([model]);
  };
  return (
    <span class="others" role="group" aria-label="Compare with another model">
      <span class="faint">Compare with</span>
      {models.slice(0, SHOWN_MODELS).map((name) => <Working key={name} class="chip" title={`Sends this request to ${name} and shows both answers`} work={() => ask(name)}>{name}</Working>)}
      <button class="chip" title="With several, or with one of all models" onClick={onMore}>more…</button>
    </span>
  );
}
