import { useEffect, useRef, useState } from "preact/hooks";
import { api, ApiError, type EventPair, type Exchange, type Page, type Summary } from "./api";
import { follow, listen, type Heard } from "./live";

export interface Listing {
  /** What it is the answer to; null before the first. */
  q: string | null;
  items: Summary[];
  total: number;
  gone: number;
  more: boolean;
  loading: boolean;
  error: ApiError | null;
}

/** Hears summaries, and null when something was missed. */
type Hearer = (summary: Summary | null) => void;
const hearers = new Set<Hearer>();

/** Return what is newer of two summaries of an exchange: what has ended runs no more, in whatever order one hears of it. */
function later(old: Summary | undefined, now: Summary): Summary {
  return old && old.end !== "running" && now.end === "running" ? old : now;
}

/** Put changed summaries into a list that is newest first. */
export function merge(items: readonly Summary[], changed: ReadonlyMap<string, Summary>, add: boolean): Summary[] {
  const left = new Map(changed);
  const kept = items.map((old) => {
    const now = left.get(old.id);
    left.delete(old.id);
    return now ? { ...later(old, now), gone_before: old.gone_before, found: old.found } : old;
  });
  if (!add || !left.size) return kept;
  return [...left.values(), ...kept].sort((a, b) => b.seq - a.seq);
}

/** Put the newest page in place of what a list has of it. What is older stays, as long as there is more, and nothing
 * that nobody knows of between. */
export function renewed(items: readonly Summary[], page: Page): { items: Summary[]; more: boolean } {
  const last = page.exchanges.at(-1);
  const held = new Map(items.map((one) => [one.id, one]));
  const newest = page.exchanges.map((one) => ({ ...one, ...later(held.get(one.id), one), gone_before: one.gone_before, found: one.found }));
  const isJoined = page.exchanges.some((one) => held.has(one.id));
  const older = isJoined && page.more && last ? items.filter((one) => one.seq < last.seq) : [];
  return { items: [...newest, ...older], more: isJoined ? page.total > newest.length + older.length : page.more };
}

/** Take out what had to make room, and leave a mark at what came after it. */
export function without(items: readonly Summary[], ids: readonly string[]): Summary[] {
  const out = new Set(ids);
  const left: Summary[] = [];
  for (const one of items) {
    const later = left.at(-1);
    if (!out.has(one.id)) left.push(one);
    else if (later) left[left.length - 1] = { ...later, gone_before: (later.gone_before ?? 0) + 1 + (one.gone_before ?? 0) };
  }
  return left;
}

export interface LiveListing extends Listing {
  connected: boolean | null;
  loadMore: () => void;
  refresh: () => void;
}

export const NOTHING: Listing = { q: null, items: [], total: 0, gone: 0, more: false, loading: true, error: null };
/** How long changes are put together: those of a search are asked for again. */
const TOGETHER_MS = 80;
const SEARCH_AGAIN_MS = 400;

/** The list for a query, growing live, and whether the gateway is connected. */
export function useListing(q: string): LiveListing {
  const [listing, setListing] = useState<Listing>(NOTHING);
  const [connected, setConnected] = useState<boolean | null>(null);
  const query = useRef(q);
  const reader = useRef<Reader | null>(null);
  query.current = q;
  reader.current ??= new Reader(query, setListing);

  useEffect(() => {
    const timer = setTimeout(() => reader.current?.read(), q ? 10 : 0);
    return () => clearTimeout(timer);
  }, [q]);

  useEffect(() => {
    const changed = new Map<string, Summary>();
    const { forgotten } = reader.current!;
    let timer = 0;
    const flush = (): void => {
      timer = 0;
      // A page that was read before an exchange began would take it away again.
      if (!query.current && reader.current?.isReading) return void (timer = window.setTimeout(flush, TOGETHER_MS));
      const batch = new Map(changed);
      changed.clear();
      if (query.current) reader.current?.read();
      setListing((old) => {
        const items = merge(old.items, batch, !query.current);
        const grown = query.current ? 0 : items.length - old.items.length;
        return { ...old, items, total: old.total + grown };
      });
    };
    const heard: Heard = {
      exchange: (summary) => {
        if (!forgotten.admits(summary)) return;
        changed.set(summary.id, later(changed.get(summary.id), summary));
        timer ||= window.setTimeout(flush, query.current ? SEARCH_AGAIN_MS : TOGETHER_MS);
        hearers.forEach((hear) => hear(summary));
      },
      gone: (told) => {
        const ids = told.filter((id) => !forgotten.has(id));
        ids.forEach((id) => {
          forgotten.add(id);
          changed.delete(id);
        });
        setListing((old) => {
          const items = without(old.items, ids);
          return { ...old, items, gone: old.gone + ids.length, total: Math.max(items.length, old.total - ids.length) };
        });
      },
      resync: () => {
        forgotten.clear();
        reader.current?.read();
        hearers.forEach((hear) => hear(null));
      },
      connected: (is) => {
        setConnected(is);
        if (!is) reader.current?.read();
      },
    };
    const end = listen(heard);
    return () => {
      end();
      clearTimeout(timer);
    };
  }, []);

  const last = listing.items.at(-1);
  return {
    ...listing,
    connected,
    loadMore: () => {
      if (listing.more && last) reader.current?.readOlder(last.id);
    },
    refresh: () => reader.current?.read(),
  };
}

/** The exchanges that were told to be gone last. An id may be used again, by a later one. */
export class Recent {
  private readonly ids = new Map<string, number>();
  private newest = 0;

  has(id: string): boolean {
    return this.ids.has(id);
  }

  /** Return whether an exchange is still there, as far as was told. */
  admits({ id, seq }: Pick<Summary, "id" | "seq">): boolean {
    this.newest = Math.max(this.newest, seq);
    const upTo = this.ids.get(id);
    if (upTo === undefined) return true;
    return seq > upTo && this.ids.delete(id);
  }

  add(id: string): void {
    this.ids.set(id, this.newest || Infinity);
    if (this.ids.size > MOST_RECENT) for (const oldest of this.ids.keys()) return void this.ids.delete(oldest);
  }

  /** Begin anew, as the gateway may have, and with it the places of exchanges. */
  clear(): void {
    this.ids.clear();
    this.newest = 0;
  }
}
const MOST_RECENT = 20_000;

/** What is being read of the list: the newest page, or the one before an exchange. */
interface Reading {
  q: string;
  before: string | null;
  stop: AbortController;
  /** It was asked for again meanwhile. */
  again: boolean;
}

/** Reads pages of the list. What comes late is not put into the list of another query. */
export class Reader {
  private newest: Reading | null = null;
  private older: Reading | null = null;
  /** What came too late is not to bring back what is gone. */
  readonly forgotten = new Recent();

  constructor(
    private readonly query: { current: string },
    private readonly set: (change: (old: Listing) => Listing) => void,
  ) {}

  get isReading(): boolean {
    return this.newest !== null;
  }

  /** Read the newest page, once more if it is on its way. */
  read(): void {
    const q = this.query.current;
    if (this.newest?.q === q) return void (this.newest.again = true);
    this.newest?.stop.abort();
    const mine = (this.newest = { q, before: null, stop: new AbortController(), again: false });
    this.ask(mine, (change) => {
      if (this.newest !== mine) return;
      this.newest = null;
      this.set(change);
      if (mine.again) this.read();
    });
  }

  readOlder(before: string): void {
    const q = this.query.current;
    if (this.older?.q === q && this.older.before === before) return;
    this.older?.stop.abort();
    const mine = (this.older = { q, before, stop: new AbortController(), again: false });
    this.ask(mine, (change) => {
      if (this.older !== mine) return;
      this.older = null;
      this.set(change);
    });
  }

  private ask({ q, before, stop }: Reading, over: (change: (old: Listing) => Listing) => void): void {
    api.list(q, before, stop.signal).then(
      (page) => over((old) => (before === null ? this.renew(old, q, page) : this.append(old, q, before, page))),
      (failure: unknown) => {
        const error = failure as ApiError;
        over((old) => (old.q === q ? { ...old, loading: false, error } : before === null ? { ...NOTHING, q, loading: false, error } : old));
      },
    );
  }

  private renew(old: Listing, q: string, read: Page): Listing {
    const page = { ...read, exchanges: this.kept(read) };
    const now = old.q === q ? renewed(old.items, page) : { items: page.exchanges, more: page.more };
    return { q, ...now, total: page.total, gone: page.gone, loading: false, error: null };
  }

  private append(old: Listing, q: string, before: string, page: Page): Listing {
    if (old.q !== q || old.items.at(-1)?.id !== before) return old;
    const held = new Set(old.items.map((one) => one.id));
    const older = this.kept(page).filter((one) => !held.has(one.id));
    return { ...old, items: [...old.items, ...older], more: page.more, gone: page.gone, loading: false, error: null };
  }

  private kept(page: Page): Summary[] {
    return page.exchanges.filter((one) => this.forgotten.admits(one));
  }
}

/** Add events to those that are there, each once and in their order. */
export function grow(events: EventPair[], more: readonly EventPair[]): EventPair[] {
  const last = events.at(-1)?.n ?? -1;
  if (!more.length) return events;
  if (more[0]!.n > last) return events.concat(more);
  const held = new Set(events.map((one) => one.n));
  const fresh = more.filter((one) => !held.has(one.n));
  return fresh.length ? events.concat(fresh).sort((a, b) => a.n - b.n) : events;
}

/** The most events in one answer of the API. */
const MOST_EVENTS = 2000;

/** One exchange with all its events, growing while it runs. */
export function useExchange(id: string): { exchange: Exchange | null; error: ApiError | null } {
  const [exchange, setExchange] = useState<Exchange | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const attempts = useRef(-1);

  useEffect(() => {
    const stop = new AbortController();
    const { signal } = stop;
    attempts.current = -1;
    let running = true;
    let asking = false;
    /** Something may have come that the answer on its way does not have. */
    let missed = false;
    let unfollow: (() => void) | null = null;
    let timer = 0;
    setExchange(null);
    setError(null);

    const fill = async (had: Exchange): Promise<void> => {
      let read = had.events;
      while (read.length >= MOST_EVENTS) {
        read = (await api.events(id, read.at(-1)!.n + 1, signal)).events;
        const more = read;
        setExchange((now) => now && { ...now, events: grow(now.events, more) });
      }
    };
    const fetchIt = (): void => {
      missed = asking;
      if (asking) return;
      asking = true;
      api.exchange(id, signal).then(
        (got) => {
          asking = false;
          running = got.end === "running";
          if (running) unfollow ??= follow(follower);
          else end();
          setError(null);
          attempts.current = got.phases.client_response ? got.attempts.length : -1;
          setExchange((old) => {
            const events = old ? grow(got.events, old.events) : got.events;
            return { ...got, events };
          });
          fill(got).catch(() => undefined);
          if (running && missed) fetchIt();
        },
        (failure: unknown) => {
          asking = false;
          if (signal.aborted) return;
          setError(failure as ApiError);
          // A gateway that was started anew does not know it: nothing more comes of it.
          if (running && (failure as ApiError).status === 404) setExchange(null);
        },
      );
    };
    const follower = {
      id,
      events: (events: EventPair[]): void => setExchange((old) => old && { ...old, events: grow(old.events, events) }),
      begun: fetchIt,
    };
    const end = (): void => {
      unfollow?.();
      unfollow = null;
    };
    const hear: Hearer = (summary) => {
      if (summary === null && running) fetchIt();
      if (summary?.id !== id || (summary.end === "running" && summary.attempts === attempts.current && summary.events > 0)) return;
      clearTimeout(timer);
      timer = window.setTimeout(fetchIt, summary.end === "running" ? 400 : 50);
    };
    hearers.add(hear);
    fetchIt();
    return () => {
      hearers.delete(hear);
      end();
      stop.abort();
      clearTimeout(timer);
    };
  }, [id]);

  return { exchange, error };
}

/** What a call gives, asked again when its key changes; nothing where it is not to be asked yet. */
export function useCall<T>(key: string, call: false | ((signal: AbortSignal) => Promise<T>)): { value: T | null; error: ApiError | null } {
  const [held, setHeld] = useState<{ key: string; value: T | null; error: ApiError | null }>({ key, value: null, error: null });
  useEffect(() => {
    if (!call) return undefined;
    const stop = new AbortController();
    call(stop.signal).then(
      (value) => setHeld({ key, value, error: null }),
      (error: unknown) => {
        if (!stop.signal.aborted) setHeld({ key, value: null, error: error as ApiError });
      },
    );
    return () => stop.abort();
  }, [key]);
  return held.key.split("@")[0] === key.split("@")[0] ? held : { value: null, error: null };
}
