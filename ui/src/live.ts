import type { EventPair, Summary } from "./api";

export interface Heard {
  exchange: (summary: Summary) => void;
  gone: (ids: string[]) => void;
  /** Something was missed: what is shown must be read again. */
  resync: () => void;
  connected: (is: boolean) => void;
}

/** A browser has six connections for all its tabs: one that opens behind another takes none, and one that nobody sees
 * any more gives its own back after this time. */
const HIDDEN_MS = 30_000;
const AGAIN_MS = 2000;

function on<T>(source: EventSource, name: string, take: (data: T) => void): void {
  source.addEventListener(name, (event) => take(JSON.parse((event as MessageEvent<string>).data) as T));
}

/** Listen to what happens to all exchanges, and come back after a break. The return value ends it. */
export function listen(heard: Heard): () => void {
  let source: EventSource | null = null;
  let timer = 0;
  let missed = true;

  const open = (): void => {
    clearTimeout(timer);
    const mine = (source = new EventSource("/api/live"));
    on(mine, "exchange", heard.exchange);
    on<{ ids: string[] }>(mine, "gone", (told) => heard.gone(told.ids));
    on(mine, "resync", heard.resync);
    mine.onopen = () => {
      if (missed) heard.resync();
      missed = false;
      heard.connected(true);
    };
    mine.onerror = () => {
      missed = true;
      heard.connected(false);
      // After an answer that is none, such as a refusal, a browser does not try again by itself.
      if (mine.readyState === EventSource.CLOSED) timer = window.setTimeout(open, AGAIN_MS);
    };
  };
  const stop = (): void => {
    clearTimeout(timer);
    source?.close();
    source = null;
    missed = true;
  };
  const seen = (): void => {
    clearTimeout(timer);
    reopen(document.hidden ? HIDDEN_MS : TOGETHER_MS);
    if (document.hidden) timer = window.setTimeout(stop, HIDDEN_MS);
    else if (!source || source.readyState === EventSource.CLOSED) open();
  };
  document.addEventListener("visibilitychange", seen);
  if (!document.hidden) open();
  return () => {
    document.removeEventListener("visibilitychange", seen);
    stop();
  };
}

export interface Follower {
  id: string;
  events: (events: EventPair[]) => void;
  /** From now on nothing is missed; what came before may have been. */
  begun: () => void;
}

const followers = new Set<Follower>();
/** Who comes and goes within this time costs no connection. */
const TOGETHER_MS = 60;
let following: EventSource | null = null;
let opening = 0;

/** Hear the events of an exchange that runs, over one connection with all others that are followed. The return value
 * ends it. */
export function follow(follower: Follower): () => void {
  followers.add(follower);
  reopen();
  return () => {
    followers.delete(follower);
    reopen();
  };
}

function reopen(after = TOGETHER_MS): void {
  clearTimeout(opening);
  opening = window.setTimeout(() => {
    following?.close();
    following = null;
    const ids = document.hidden ? [] : [...new Set([...followers].map((one) => one.id))];
    if (!ids.length) return;
    const source = (following = new EventSource(`/api/live?${new URLSearchParams(ids.map((id) => ["follow", id]))}`));
    on<{ id: string; events: EventPair[] }>(source, "events", (told) => followers.forEach((one) => one.id === told.id && one.events(told.events)));
    source.onopen = () => followers.forEach((one) => one.begun());
    source.onerror = () => {
      if (source === following && source.readyState === EventSource.CLOSED) reopen(AGAIN_MS);
    };
  }, after);
}
