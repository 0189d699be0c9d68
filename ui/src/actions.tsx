import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { TITLES, api, type PhaseName, type Exchange, type Replayed } from "./api";
import { brief } from "./format";
import { go, toHash } from "./route";
import { copy, Dialog, toast } from "./widgets";

type Code = "curl" | "httpie" | "python";

/** Return the SDK that speaks a leg's dialect. */
export function sdkOf(exchange: Pick<Exchange, "provider_dialect">, leg: "client" | "provider"): string {
  const dialect = leg === "client" ? "" : (exchange.provider_dialect ?? "");
  if (/anthropic|messages|claude/.test(dialect)) return "anthropic";
  return /gemini|google|vertex/.test(dialect) ? "google-genai" : "openai";
}

export async function copyCode(exchange: Exchange, as: Code, leg: "client" | "provider"): Promise<void> {
  try {
    const text = await api.exportText(exchange.id, { as, leg, sdk: sdkOf(exchange, leg) });
    await copy(text, `${as} of the ${leg} request`);
  } catch (failure) {
    toast((failure as Error).message);
  }
}

async function trying(what: () => Promise<void>): Promise<void> {
  try {
    await what();
  } catch (failure) {
    toast((failure as Error).message);
  }
}

function side(id: string, made: { id: string }[]): void {
  go(`#/compare/${[id, ...made.map((one) => one.id)].map(encodeURIComponent).join(",")}`);
}

/** What can be done with an exchange. */
export function Actions({ exchange }: { exchange: Exchange }): VNode {
  const [shown, setShown] = useState<"edit" | "compare" | null>(null);
  const [replayed, setReplayed] = useState<Replayed | null>(null);
  const [pinned, setPinned] = useState(exchange.pinned);
  useEffect(() => setPinned(exchange.pinned), [exchange.id, exchange.pinned]);
  const { id } = exchange;
  const replay = (): Promise<void> => trying(async () => setReplayed(await api.replay(id)));
  const resend = (): Promise<void> => trying(async () => side(id, (await api.resend(id)).exchanges));
  const pin = (): Promise<void> => trying(async () => {
    await api.pin(id, !pinned);
    setPinned(!pinned);
  });
  return (
    <div class="actions" role="toolbar" aria-label="Actions">
      <button title="The recorded bytes through today's code: calls nobody" onClick={() => void replay()}>Replay</button>
      <button title="Ask the same again, under the same key" onClick={() => void resend()}>Resend</button>
      <button title="Change the request and send it" onClick={() => setShown("edit")}>Edit…</button>
      <span class="rule-line" />
      {FILES.map(([as, name, what]) => <button key={as} title={what} onClick={() => void trying(() => save(id, as))}>{name}</button>)}
      <button aria-pressed={pinned} title="Keep it when memory runs out" onClick={() => void pin()}>{pinned ? "Pinned" : "Pin"}</button>
      <Others exchange={exchange} onMore={() => setShown("compare")} />
      {shown === "edit" && <EditDialog exchange={exchange} onClose={() => setShown(null)} />}
      {shown === "compare" && <CompareDialog exchange={exchange} onClose={() => setShown(null)} />}
      {replayed && <ReplayDialog id={id} replayed={replayed} onClose={() => setReplayed(null)} />}
    </div>
  );
}

const FILES = [
  ["har", "HAR", "HTTP archive with both legs"],
  ["html", "HTML", "One redacted file that opens anywhere"],
  ["fixture", "Fixture", "A test fixture of the provider's leg"],
] as const;

async function save(id: string, as: string): Promise<void> {
  const { name, content } = await api.exportFile(id, { as });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  toast(`${name} saved`);
}

let known: Promise<string[]> | null = null;

function useModels(): string[] {
  const [models, setModels] = useState<string[]>([]);
  useEffect(() => {
    known ??= api.models();
    known.then(setModels, () => (known = null));
  }, []);
  return models;
}

/** Other models, one click each: the same client request at it, side by side. */
function Others({ exchange, onMore }: { exchange: Exchange; onMore: () => void }): VNode | null {
  const models = useModels().filter((name) => name !== exchange.model);
  if (!models.length) return null;
  const ask = (model: string): Promise<void> => trying(async () => side(exchange.id, (await api.compare(exchange.id, [model])).exchanges));
  return (
    <span class="others" role="group" aria-label="Compare with another model">
      <span class="faint">Compare with</span>
      {models.slice(0, 3).map((name) => <button key={name} class="chip" title={`Sends this request to ${name} and shows both answers`} onClick={() => void ask(name)}>{name}</button>)}
      <button class="chip" onClick={onMore}>more…</button>
    </span>
  );
}

function CompareDialog({ exchange, onClose }: { exchange: Exchange; onClose: () => void }): VNode {
  const models = useModels();
  const [chosen, setChosen] = useState<string[]>([]);
  const [filter, setFilter] = useState("");
  const toggle = (name: string): void => setChosen(chosen.includes(name) ? chosen.filter((one) => one !== name) : [...chosen, name]);
  return (
    <Dialog title="Compare with other models" onClose={onClose}>
      <input type="search" placeholder="Find a model" aria-label="Find a model" value={filter} onInput={(event) => setFilter(event.currentTarget.value)} />
      <div class="choices">
        {models.filter((name) => name.toLowerCase().includes(filter.toLowerCase())).slice(0, 200).map((name) => (
          <label key={name}><input type="checkbox" checked={chosen.includes(name)} onChange={() => toggle(name)} /> {name}</label>
        ))}
      </div>
      <footer>
        <span class="faint">Each is a real request, under the key of this exchange.</span>
        <button class="primary" disabled={!chosen.length} onClick={() => void trying(async () => side(exchange.id, (await api.compare(exchange.id, chosen)).exchanges))}>Send to {chosen.length || "…"}</button>
      </footer>
    </Dialog>
  );
}

function EditDialog({ exchange, onClose }: { exchange: Exchange; onClose: () => void }): VNode {
  const [text, setText] = useState(() => {
    const body = exchange.phases.client_request?.body ?? "";
    try {
      return JSON.stringify(JSON.parse(body), null, 2);
    } catch {
      return body;
    }
  });
  let wrong = "";
  try {
    JSON.parse(text);
  } catch (failure) {
    wrong = (failure as Error).message;
  }
  return (
    <Dialog title="Edit and resend" onClose={onClose} wide>
      <textarea aria-label="Request body" spellcheck={false} value={text} onInput={(event) => setText(event.currentTarget.value)} />
      <footer>
        <span class={wrong ? "error" : "faint"} role="status">{wrong || "Sent to the gateway under the key of this exchange. What was redacted stays redacted."}</span>
        <button class="primary" disabled={!!wrong} onClick={() => void trying(async () => side(exchange.id, (await api.resend(exchange.id, JSON.parse(text))).exchanges))}>Send</button>
      </footer>
    </Dialog>
  );
}

function ReplayDialog({ id, replayed, onClose }: { id: string; replayed: Replayed; onClose: () => void }): VNode {
  const { differences, skipped = [] } = replayed;
  return (
    <Dialog title="Replayed through today's code" onClose={onClose} wide>
      {!differences.length
        ? <p class="pad">Nothing differs: today's code makes the same of the recorded bytes.</p>
        : (
          <div class="scroll" tabIndex={0} role="group" aria-label="Differences">
            <table>
              <thead><tr><th scope="col">Where</th><th scope="col">Then</th><th scope="col">Now</th></tr></thead>
              <tbody>
                {differences.map((one, i) => (
                  <tr key={i}>
                    <td><a href={one.event != null ? toHash(id, "events", String(one.event)) : toHash(id, one.phase, one.path ?? "")}>{TITLES[one.phase as PhaseName] ?? one.phase}: {one.path ?? (one.event != null ? `event ${one.event}` : "")}</a></td>
                    <td><code class="old">{brief(one.then, 600)}</code></td>
                    <td><code class="new">{brief(one.now, 600)}</code></td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      {skipped.map((why) => <p key={why} class="pad faint">Not compared: {why}</p>)}
    </Dialog>
  );
}
