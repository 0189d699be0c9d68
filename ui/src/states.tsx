import type { VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { api, type ApiError, type Status } from "./api";
import { clock } from "./format";
import { Icon, type IconName } from "./icons";
import { mistake } from "./query";
import type { Listing } from "./store";
import { copy, Empty, toast } from "./widgets";

const STATUS_MS = 10_000;

export function useStatus(connected: boolean | null): Status | null {
  const [status, setStatus] = useState<Status | null>(null);
  useEffect(() => {
    const ask = (): void => void (document.hidden || api.status().then(setStatus, () => undefined));
    ask();
    const timer = setInterval(ask, STATUS_MS);
    return () => clearInterval(timer);
  }, [connected]);
  return status;
}

/** Return a size in the unit of `inspector.memory`. */
const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(bytes % 2 ** 20 ? 1 : 0);

/** What is kept and where, said to whoever looks. */
export function Kept({ status }: { status: Status | null }): VNode {
  const where = status?.spool ? "in memory and on disk" : "in memory, never on disk,";
  const what = status?.bodies === "none" ? "Shapes and sizes of requests are kept" : "Prompts and answers are kept";
  const { used = 0, limit = 1 } = status?.memory ?? {};
  return (
    <>
      <span>{what} {where} while the inspector is on. Keys are redacted.</span>
      {status && <span class="memory" title={`Memory of the inspector: ${mebibytes(used)} of ${mebibytes(limit)} MiB (inspector.memory). The oldest exchanges make room for new ones.`}><meter min={0} max={limit} value={used} aria-label="Memory used" />{mebibytes(used)} of {mebibytes(limit)} MiB<span class="wide-only"> · gateway {status.version}</span></span>}
    </>
  );
}

export function Connection({ connected }: { connected: boolean | null }): VNode {
  if (connected === false) return <span class="connection off" role="status" title="Trying again by itself">disconnected</span>;
  return <span class={`connection ${connected ? "on" : ""}`} role="status" title={connected ? "What happens appears at once" : undefined}>{connected ? "live" : "connecting"}</span>;
}

/** A line for as long as the gateway does not answer, and a word when it is back. */
export function Gone({ connected }: { connected: boolean | null }): VNode | null {
  const [since, setSince] = useState("");
  const was = useRef(connected);
  useEffect(() => {
    if (connected === false) setSince((old) => old || new Date().toISOString());
    else setSince("");
    if (connected && was.current === false) toast("Connected again");
    was.current = connected;
  }, [connected]);
  if (!since) return null;
  return <p class="gone-line" role="alert">The gateway does not answer. You see what was there at {clock(since).slice(0, 8)}; the page connects again by itself.</p>;
}

const THEMES: Record<string, [IconName, string, string]> = {
  "": ["system", "as the system", "light"],
  light: ["sun", "light", "dark"],
  dark: ["moon", "dark", ""],
};

export function ThemeButton(): VNode {
  const [theme, setTheme] = useState(() => localStorage.getItem("theme") ?? "");
  useEffect(() => {
    document.documentElement.dataset.theme = theme;
    localStorage.setItem("theme", theme);
  }, [theme]);
  const [icon, words, next] = THEMES[theme] ?? THEMES[""]!;
  return <button class="quiet" aria-label={`Colours: ${words}`} title={`Colours: ${words}`} onClick={() => setTheme(next)}><Icon name={icon} /></button>;
}

interface NoRowsProps {
  q: string;
  listing: Listing & { refresh: () => void };
  /** The list is still to come. */
  loading: boolean;
  status: Status | null;
  /** There is little room. */
  small: boolean;
  onClear: () => void;
}

export function NoRows({ q, listing, loading, status, small, onClear }: NoRowsProps): VNode {
  const { error, refresh } = listing;
  if (loading) return <Empty title="Loading…" />;
  if (error) return <Empty title="The list cannot be read"><p>{error.message}</p><p><button onClick={refresh}>Try again</button></p></Empty>;
  if (q) {
    return (
      <Empty title="Nothing found">
        <p>{mistake(q) || <>No exchange matches <code>{q.trim()}</code>.</>}</p>
        <p><button onClick={onClear}>Clear the search</button></p>
      </Empty>
    );
  }
  return small ? <Empty title="No exchange yet" /> : <Welcome status={status} />;
}

/** Return a command that makes the first exchange. */
export function firstCommand(gateway: string, model: string): string {
  return `curl ${gateway}/chat/completions \\
  -H "authorization: Bearer $KEY" -H "content-type: application/json" \\
  -d '${JSON.stringify({ model, messages: [{ role: "user", content: "Hello" }], stream: true })}'`;
}

function Welcome({ status }: { status: Status | null }): VNode {
  const [model, setModel] = useState("MODEL");
  useEffect(() => void api.models().then((names) => names[0] && setModel(names[0]), () => undefined), []);
  const command = firstCommand(status?.gateway ?? `http://${location.hostname}:8317/v1`, model);
  return (
    <Empty title="No exchange yet">
      <p>Send a request through the gateway, with a key of <code>api-keys</code>, and it appears here at once:</p>
      <pre>{command}</pre>
      <p><button onClick={() => void copy(command, "Command")}>Copy</button></p>
    </Empty>
  );
}

export function Locked({ error }: { error: ApiError }): VNode {
  const [token, setToken] = useState("");
  const open = (event: Event): void => {
    event.preventDefault();
    location.href = `/?token=${encodeURIComponent(token)}${location.hash}`;
  };
  return (
    <main class="locked">
      <h1>Inspector</h1>
      <p>{error.message}</p>
      <p>Open the address that the gateway printed when it started, or give its token:</p>
      <form onSubmit={open}>
        <input type="password" aria-label="Token" autocomplete="off" value={token} onInput={(event) => setToken(event.currentTarget.value)} />
        <button class="primary" disabled={!token}>Open</button>
      </form>
    </main>
  );
}
