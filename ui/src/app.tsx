import type { VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { api, type ApiError, type Exchange, type Status, type Summary } from "./api";
import { copyCode } from "./actions";
import { Compare } from "./compare";
import { ExchangeView } from "./exchange";
import { Filters } from "./filters";
import { size } from "./format";
import { List } from "./list";
import { go, toHash, useRoute, type Route } from "./route";
import { useListing } from "./store";
import { Dialog, Empty, Toasts } from "./widgets";

export function App(): VNode {
  const route = useRoute();
  const [q, setQ] = useState(route.q);
  const [cursor, setCursor] = useState("");
  const [help, setHelp] = useState(false);
  const [grouped, setGrouped] = useState(false);
  const search = useRef<HTMLInputElement>(null);
  const follow = route.view === "list" ? "" : route.id;
  const listing = useListing(q, follow);
  const status = useStatus();
  const here = route.view === "exchange" ? route.id : cursor;
  const back = `#/${q ? `?q=${encodeURIComponent(q)}` : ""}`;

  const change = (now: string): void => {
    setQ(now);
    if (route.view === "list") go(`#/${now ? `?q=${encodeURIComponent(now)}` : ""}`, true);
  };
  useEffect(() => {
    if (route.view === "list" && route.q !== q) setQ(route.q);
  }, [route]);
  useEffect(() => {
    if (route.view === "exchange") setCursor(route.id);
    const x = listing.items.find((one) => one.id === route.id);
    document.title = route.view === "exchange" && x ? `${x.model} · Inspector` : "Inspector";
  }, [route.view, route.id]);
  useKeys({ route, here, items: listing.items, setCursor, search, setHelp, back });

  if (listing.error && [401, 403, 421].includes(listing.error.status)) return <Locked error={listing.error} />;
  const open = route.view !== "list";
  return (
    <div class={`app ${open ? "open" : ""}`}>
      <header class="top">
        {open ? <a class="name" href={back}>Inspector</a> : <h1><a class="name" href={back}>Inspector</a></h1>}
        <input ref={search} type="search" placeholder="Search model, provider, client, status, note, text   /" aria-label="Search" value={q} onInput={(event) => change(event.currentTarget.value)} />
        <span class="faint counted">{listing.loading ? "" : q ? `${listing.total} found` : `${listing.total} exchanges`}</span>
        <Connection connected={listing.connected} />
        <ThemeButton />
        <button class="quiet" aria-label="Keys and help" title="Keys (?)" onClick={() => setHelp(true)}>?</button>
      </header>
      <main>
        <section class="side" aria-label="Exchanges">
          <div class="bar">
            <Filters q={q} items={listing.items} onChange={change} />
            <button class="chip fixed" aria-pressed={grouped} title="Turns with the same beginning together" onClick={() => setGrouped(!grouped)}>conversations</button>
          </div>
          {listing.items.length > 0
            ? <List key={String(open)} {...listing} cursor={here} tab={route.tab === "diff" ? "" : keepTab(route)} compact={open || narrow()} grouped={grouped} />
            : <NoRows q={q} loading={listing.loading} error={listing.error} retry={listing.refresh} />}
        </section>
        {route.view === "exchange" && <ExchangeView key={route.id} id={route.id} tab={route.tab} detail={route.detail} back={back} />}
        {route.view === "compare" && <Compare ids={route.id.split(",")} back={back} />}
      </main>
      <footer class="foot"><Kept status={status} /></footer>
      {help && <Help onClose={() => setHelp(false)} />}
      <Toasts />
    </div>
  );
}

/** Return the tab that the next exchange opens with: the same, but no pane's path or event of this one. */
function keepTab(route: Route): string {
  return /_(request|response)$/.test(route.tab) ? "" : route.tab;
}

const narrow = (): boolean => matchMedia("(max-width: 760px)").matches;

interface Keys {
  route: Route;
  here: string;
  items: Summary[];
  setCursor: (id: string) => void;
  search: { current: HTMLInputElement | null };
  setHelp: (shown: boolean) => void;
  back: string;
}

function useKeys(keys: Keys): void {
  const held = useRef(keys);
  held.current = keys;
  useEffect(() => {
    const pressed = (event: KeyboardEvent): void => {
      const { search } = held.current;
      const target = event.target as HTMLElement;
      if (document.querySelector("dialog[open]") || event.ctrlKey || event.metaKey || event.altKey) return;
      if (target.matches("input, textarea, select")) {
        if (event.key === "Escape") target.blur();
        if (event.key === "Enter" && target === search.current) enter(held.current);
        return;
      }
      if (act(event, held.current)) event.preventDefault();
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);
}

function enter({ here, items }: Keys): void {
  const id = items.some((one) => one.id === here) ? here : items[0]?.id;
  if (id) go(toHash(id));
}

function act(event: KeyboardEvent, keys: Keys): boolean {
  const { route, here, items, setCursor, search, setHelp, back } = keys;
  const step = (by: number): void => {
    const at = items.findIndex((one) => one.id === here);
    const next = items[Math.max(0, Math.min(items.length - 1, at < 0 ? 0 : at + by))];
    if (!next) return;
    setCursor(next.id);
    if (route.view === "exchange") go(toHash(next.id, route.tab === "diff" ? "" : keepTab(route)), true);
  };
  const one = (tab: string): void => {
    if (here) go(toHash(here, tab));
  };
  const acts: Record<string, () => void> = {
    j: () => step(1),
    k: () => step(-1),
    "/": () => search.current?.select(),
    "?": () => setHelp(true),
    e: () => one("events"),
    d: () => one("diff"),
    c: () => {
      if (here) void copyCode({ id: here, provider_dialect: null } as Exchange, "curl", "provider");
    },
    Escape: () => route.view !== "list" && go(back),
  };
  if (event.key === "Enter" && !(event.target as HTMLElement).closest("a, button, summary, [role=group]")) {
    if (route.view === "list") enter(keys);
    return true;
  }
  const does = acts[event.key];
  does?.();
  return does !== undefined;
}

function useStatus(): Status | null {
  const [status, setStatus] = useState<Status | null>(null);
  useEffect(() => {
    const ask = (): void => void api.status().then(setStatus, () => undefined);
    ask();
    const timer = setInterval(ask, 10_000);
    return () => clearInterval(timer);
  }, []);
  return status;
}

function Kept({ status }: { status: Status | null }): VNode {
  const where = status?.spool ? "in memory and on disk" : "in memory, never on disk,";
  const what = status?.bodies === "none" ? "Shapes and sizes of requests are kept" : "Prompts and answers are kept";
  return (
    <>
      <span>{what} {where} while the inspector is on. Keys are redacted.</span>
      {status && <span class="faint">{size(status.memory.used)} of {size(status.memory.limit)} · {status.version}</span>}
    </>
  );
}

function Connection({ connected }: { connected: boolean | null }): VNode {
  if (connected === false) return <span class="connection off" role="status" title="Trying again by itself">disconnected</span>;
  return <span class={`connection ${connected ? "on" : ""}`} role="status">{connected ? "live" : "connecting"}</span>;
}

function ThemeButton(): VNode {
  const [theme, setTheme] = useState(() => localStorage.getItem("theme") ?? "");
  useEffect(() => {
    document.documentElement.dataset.theme = theme;
    localStorage.setItem("theme", theme);
  }, [theme]);
  const next = { "": "light", light: "dark", dark: "" }[theme] ?? "";
  const words = { "": "as the system", light: "light", dark: "dark" }[theme] ?? "";
  return <button class="quiet" aria-label={`Colours: ${words}`} title={`Colours: ${words}`} onClick={() => setTheme(next)}>{{ "": "◐", light: "☀", dark: "☾" }[theme]}</button>;
}

function NoRows({ q, loading, error, retry }: { q: string; loading: boolean; error: ApiError | null; retry: () => void }): VNode {
  if (loading) return <Empty title="Loading…" />;
  if (error) return <Empty title="The list cannot be read"><p>{error.message}</p><p><button onClick={retry}>Try again</button></p></Empty>;
  if (q) return <Empty title="Nothing found"><p>No exchange that is kept fits <code>{q}</code>.</p></Empty>;
  return (
    <Empty title="No exchange yet">
      <p>Send a request through the gateway, and it appears here at once:</p>
      <pre>curl http://127.0.0.1:8080/v1/chat/completions \{"\n"}  -H "Authorization: Bearer $KEY" -H "Content-Type: application/json" \{"\n"}  -d '{`{"model": "…", "messages": [{"role": "user", "content": "Hello"}]}`}'</pre>
    </Empty>
  );
}

function Locked({ error }: { error: ApiError }): VNode {
  const [token, setToken] = useState("");
  return (
    <main class="locked">
      <h1>Inspector</h1>
      <p>{error.message}</p>
      <p>Open the address that the gateway printed when it started, or give its token:</p>
      <form onSubmit={(event) => { event.preventDefault(); location.href = `/?token=${encodeURIComponent(token)}`; }}>
        <input type="password" aria-label="Token" autocomplete="off" value={token} onInput={(event) => setToken(event.currentTarget.value)} />
        <button class="primary">Open</button>
      </form>
    </main>
  );
}

const KEYS: [string, string][] = [
  ["j k", "next, previous exchange"],
  ["Enter", "open it; in a pane: unfold"],
  ["/", "search"],
  ["d", "the four panes"],
  ["e", "events: provider → client"],
  ["c", "copy the provider's request as curl"],
  ["↑ ↓", "in a pane or the timeline: line by line"],
  ["Esc", "back to the list"],
  ["?", "this help"],
];

function Help({ onClose }: { onClose: () => void }): VNode {
  return (
    <Dialog title="Keys" onClose={onClose}>
      <dl class="facts keys">{KEYS.map(([key, what]) => <div key={key}><dt><kbd>{key}</kbd></dt><dd>{what}</dd></div>)}</dl>
      <p class="pad">Search takes words and <code>key:value</code>: <code>model:gpt</code> <code>status:5xx</code> <code>client:ci</code> <code>end:failed</code> <code>note:seed</code> <code>stream:yes</code> <code>duration&gt;2s</code> <code>gap&gt;500ms</code> <code>tokens&gt;10k</code>; a <code>-</code> before one turns it around.</p>
      <p class="pad">Notes: ▼ dropped, ≈ weaker form, + made up, ↷ moved, · default</p>
    </Dialog>
  );
}
