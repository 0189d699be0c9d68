import type { VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { api, type Exchange } from "./api";
import { go, here } from "./route";
import { Dialog, Working, complain, toast } from "./widgets";
import { parsed } from "./events";

const MOST_MODELS = 8;
const MOST_SHOWN = 300;

/** Show what was asked anew beside what it was made from, unless the person has gone elsewhere since. */
export function asked(id: string, made: { id: string }[]): void {
  const { view, id: at } = here();
  if (view !== "exchange" || at !== id) toast("What was asked anew is in the list");
  else go(`#/compare/${[id, ...made.map((one) => one.id)].map(encodeURIComponent).join(",")}`);
}

let known: Promise<string[]> | null = null;

/** All models but one, those first that were compared with last. */
export function useOthers(model: string | null): { models: string[]; used: (names: string[]) => void } {
  const [all, setAll] = useState<string[]>([]);
  useEffect(() => {
    known ??= api.models();
    known.then(setAll, () => (known = null));
  }, []);
  const last = remembered();
  const used = (names: string[]): void => localStorage.setItem("compared", JSON.stringify([...new Set([...names, ...last])].slice(0, MOST_MODELS)));
  return { models: ordered(all, last).filter((name) => name !== model), used };
}

function remembered(): string[] {
  try {
    const held: unknown = JSON.parse(localStorage.getItem("compared") ?? "[]");
    return Array.isArray(held) ? held.map(String) : [];
  } catch {
    return [];
  }
}

/** Return the names that there are, those of `first` before the others. */
export function ordered(all: readonly string[], first: readonly string[]): string[] {
  return [...first.filter((name) => all.includes(name)), ...all.filter((name) => !first.includes(name))];
}

export function CompareDialog({ exchange, onClose }: { exchange: Exchange; onClose: () => void }): VNode {
  const { models, used } = useOthers(exchange.model);
  const [chosen, setChosen] = useState<string[]>([]);
  const [filter, setFilter] = useState("");
  const [failure, setFailure] = useState("");
  const toggle = (name: string): void => setChosen(chosen.includes(name) ? chosen.filter((one) => one !== name) : [...chosen, name]);
  const shown = models.filter((name) => name.toLowerCase().includes(filter.toLowerCase()));
  const send = failing(setFailure, async () => {
    asked(exchange.id, (await api.compare(exchange.id, chosen)).exchanges);
    used(chosen);
  });
  return (
    <Dialog title="Compare with other models" onClose={onClose}>
      <input type="search" placeholder={`Find one of ${models.length}`} aria-label="Find a model" value={filter} onInput={(event) => setFilter(event.currentTarget.value)} />
      <div class="choices">
        {shown.slice(0, MOST_SHOWN).map((name) => (
          <label key={name}><input type="checkbox" checked={chosen.includes(name)} disabled={!chosen.includes(name) && chosen.length >= MOST_MODELS} onChange={() => toggle(name)} /> <span class="cut">{name}</span></label>
        ))}
        {!shown.length && <p class="faint">No model is called so.</p>}
      </div>
      <footer>
        <span class={failure ? "error" : "faint"} role="status">{failure || `Each is a real request, under the key of this exchange; at most ${MOST_MODELS} at a time.`}</span>
        <Working class="primary" disabled={!chosen.length} title="Send, and show all answers side by side" work={send}>Send{chosen.length ? ` to ${chosen.length}` : ""}</Working>
      </footer>
    </Dialog>
  );
}

/** Return work that tells its failure beside the button, and not in passing. */
function failing(tell: (failure: string) => void, work: () => Promise<void>): () => Promise<void> {
  return async () => {
    tell("");
    try {
      await work();
    } catch (failure) {
      tell((failure as Error).message);
      if (!document.querySelector("dialog[open]")) complain(failure);
    }
  };
}

/** Where and why a text is no JSON. */
export interface Wrong {
  at: number | null;
  words: string;
}

/** Return what is wrong with a JSON text, null for one that is right. */
export function wrongJson(text: string): Wrong | null {
  try {
    JSON.parse(text);
    return null;
  } catch (failure) {
    const message = (failure as Error).message;
    const position = /at position (\d+)/.exec(message);
    const at = position ? Number(position[1]) : /end of|Unterminated/i.test(message) ? text.length : null;
    const why = message.replace(/^JSON\.parse: |^SyntaxError: /, "").replace(/,? in JSON.*$| \(line.*$/s, "");
    if (at === null) return { at, words: `No JSON: ${why}` };
    const before = text.slice(0, at).split("\n");
    return { at, words: `Line ${before.length}, column ${before.at(-1)!.length + 1}: ${why}` };
  }
}

/** Return a JSON text with indents; one that is none as it is. */
export function indented(text: string): string {
  const value = parsed(text);
  return value === undefined ? text : JSON.stringify(value, null, 2);
}

/** Return a request with another model in it. */
export function withModel(text: string, model: string): string {
  const value = parsed(text);
  return value === undefined ? text : JSON.stringify({ ...(value as object), model }, null, 2);
}

const TAKEN_OUT = /\[redacted\]|\[text, \d+ characters\]|\[base64 /;

export function EditDialog({ exchange, onClose }: { exchange: Exchange; onClose: () => void }): VNode {
  const request = exchange.phases.client_request;
  const [first] = useState(() => indented(request?.body ?? ""));
  const [text, setText] = useState(first);
  const [failure, setFailure] = useState("");
  const { models } = useOthers("");
  const area = useRef<HTMLTextAreaElement>(null);
  const button = useRef<HTMLDivElement>(null);
  const wrong = wrongJson(text);
  const send = failing(setFailure, async () => asked(exchange.id, (await api.resend(exchange.id, text)).exchanges));
  const show = (at: number): void => {
    area.current?.focus();
    area.current?.setSelectionRange(at, Math.min(text.length, at + 1));
  };
  const pressed = (event: KeyboardEvent): void => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) button.current?.querySelector("button")?.click();
  };
  return (
    <Dialog title="Edit and resend" onClose={onClose} wide>
      <div class="edit-bar">
        <label>Model <select aria-label="Model" disabled={wrong !== null} value="" onChange={(event) => setText(withModel(text, event.currentTarget.value))}><option value="">change to…</option>{models.map((name) => <option key={name}>{name}</option>)}</select></label>
        <button disabled={wrong !== null || indented(text) === text} onClick={() => setText(indented(text))}>Indent</button>
        <button disabled={text === first} onClick={() => setText(first)}>Undo all</button>
        <span class="faint cut">{request?.line}</span>
      </div>
      <textarea ref={area} aria-label="Request body" aria-invalid={wrong !== null} spellcheck={false} value={text} onInput={(event) => setText(event.currentTarget.value)} onKeyDown={pressed} />
      {(request?.cut || TAKEN_OUT.test(text)) && <p class="warning">{request?.cut ? "Only the beginning of this body was kept: it is sent as it stands here." : "Something was taken out when this was recorded; what stands in its place is sent as it is."}</p>}
      <footer>
        <span class={wrong || failure ? "error" : "faint"} role="status">
          {wrong ? <>{wrong.words} {wrong.at !== null && <button class="small" onClick={() => show(wrong.at!)}>Show</button>}</> : failure || (text === first ? "Nothing is changed yet." : "A real request, under the key of this exchange.")}
        </span>
        <div ref={button}><Working class="primary" disabled={wrong !== null} title="Send (Ctrl+Enter)" work={send}>Send</Working></div>
      </footer>
    </Dialog>
  );
}
