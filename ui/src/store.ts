import { useEffect, useRef, useState } from "preact/hooks";
import { api, ApiError, type EventPair, type Exchange, type Summary } from "./api";
import { listen, type Heard } from "./live";

export interface Listing {
  items: Summary[];
  total: number;
  gone: number;
  more: boolean;
  loading: boolean;
  error: ApiError | null;
}

type Hearer = (heard: { summary?: Summary; events?: { id: string; events: EventPair[] } }) => void;
const hearers = new Set<Hearer>();

/** Put changed summaries into a list that is newest first. */
export function merge(items: readonly Summary[], changed: ReadonlyMap<string, Summary>, add: boolean): Summary[] {
  const left = new Map(changed);
  const kept = items.map((old) => {
    const now = left.get(old.id);
    left.delete(old.id);
    return now ?? old;
  });
  if (!add || !left.size) return kept;
  const order = (a: Summary, b: Summary): number => (a.started < b.started ? 1 : a.started > b.started ? -1 : 0);
  return [...left.values(), ...kept].sort(order);
}

/** The list for a query, growing live, and whether the gateway is connected. */
export function useListing(q: string, follow: string): Listing & { connected: boolean | null; loadMore: () => void; refresh: () => void } {
  const [listing, setListing] = useState<Listing>({ items: [], total: 0, gone: 0, more: false, loading: true, error: null });
  const [connected, setConnected] = useState<boolean | null>(null);
  const query = useRef(q);
  const load = useRef<(before?: string) => void>(() => undefined);
  query.current = q;

  useEffect(() => {
    let stop = new AbortController();
    load.current = (before) => {
      stop.abort();
      const mine = (stop = new AbortController());
      api.list(query.current, before ?? null, mine.signal).then(
        (page) => setListing((old) => ({
          items: before ? [...old.items, ...page.exchanges] : page.exchanges,
          total: page.total, gone: page.gone, more: page.more, loading: false, error: null,
        })),
        (error: unknown) => {
          if (!mine.signal.aborted) setListing((old) => ({ ...old, loading: false, error: error as ApiError }));
        },
      );
    };
    return () => stop.abort();
  }, []);

  useEffect(() => {
    const timer = setTimeout(() => load.current(), q ? 60 : 0);
    return () => clearTimeout(timer);
  }, [q]);

  useEffect(() => {
    const changed = new Map<string, Summary>();
    let timer = 0;
    const flush = (): void => {
      timer = 0;
      const batch = new Map(changed);
      changed.clear();
      if (query.current) load.current();
      setListing((old) => {
        const items = merge(old.items, batch, !query.current);
        const grown = query.current ? 0 : items.length - old.items.length;
        return { ...old, items, total: old.total + grown };
      });
    };
    const heard: Heard = {
      exchange: (summary) => {
        changed.set(summary.id, summary);
        timer ||= window.setTimeout(flush, query.current ? 400 : 80);
        hearers.forEach((hear) => hear({ summary }));
      },
      events: (id, events) => hearers.forEach((hear) => hear({ events: { id, events } })),
      gone: (ids) => {
        const out = new Set(ids);
        setListing((old) => {
          const items = old.items.filter((one) => !out.has(one.id));
          return { ...old, items, gone: old.gone + ids.length, total: Math.max(items.length, old.total - ids.length) };
        });
      },
      resync: () => load.current(),
      connected: (is) => {
        setConnected(is);
        if (is) load.current();
      },
    };
    const end = listen(heard, follow || undefined);
    return () => {
      end();
      clearTimeout(timer);
    };
  }, [follow]);

  const last = listing.items.at(-1);
  return {
    ...listing,
    connected,
    loadMore: () => {
      if (listing.more && last) load.current(last.id);
    },
    refresh: () => load.current(),
  };
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
      api.exchange(id, signal).then(
        (got) => {
          attempts.current = got.phases.client_response ? got.attempts.length : -1;
          setExchange((old) => {
            const events = old ? grow(got.events, old.events) : got.events;
            return { ...got, events };
          });
          fill(got).catch(() => undefined);
        },
        (failure: unknown) => {
          if (!signal.aborted) setError(failure as ApiError);
        },
      );
    };
    const hear: Hearer = ({ summary, events }) => {
      if (events?.id === id) setExchange((old) => old && { ...old, events: grow(old.events, events.events) });
      if (summary?.id !== id || (summary.end === "running" && summary.attempts === attempts.current && summary.events > 0)) return;
      clearTimeout(timer);
      timer = window.setTimeout(fetchIt, summary.end === "running" ? 400 : 50);
    };
    hearers.add(hear);
    fetchIt();
    return () => {
      hearers.delete(hear);
      stop.abort();
      clearTimeout(timer);
    };
  }, [id]);

  return { exchange, error };
}

/** What a call gives, asked again when its key changes. */
export function useCall<T>(key: string, call: (signal: AbortSignal) => Promise<T>): { value: T | null; error: ApiError | null } {
  const [held, setHeld] = useState<{ key: string; value: T | null; error: ApiError | null }>({ key, value: null, error: null });
  useEffect(() => {
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
