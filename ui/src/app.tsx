import type { VNode } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { Clear, Selection } from "./choosing";
import { Compare } from "./compare";
import { ExchangeView } from "./exchange";
import { Filters } from "./filters";
import { count, modelOf } from "./format";
import { Help } from "./help";
import { Icon } from "./icons";
import { useKeys } from "./keys";
import { linesOf, stepsOf } from "./list-lines";
import { List } from "./list";
import { settled, wanted } from "./query";
import { go, keptTab, listHash, useRoute, type Route } from "./route";
import { SearchField } from "./searchfield";
import { useSelection } from "./selection";
import { Connection, Gone, Kept, Locked, NoRows, ThemeButton, useStatus } from "./states";
import { useListing, type LiveListing } from "./store";
import { Toasts, useMedia } from "./widgets";

export function App(): VNode {
  const route = useRoute();
  const [q, setQ] = useState(route.q);
  const [cursor, setCursor] = useState("");
  const [help, setHelp] = useState(false);
  const [grouped, setGrouped] = useState(() => localStorage.getItem("grouped") === "yes");
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set());
  const search = useRef<HTMLInputElement>(null);
  const narrow = useMedia("(max-width: 760px)");
  const open = route.view !== "list";
  const listing = useListing(settled(q));
  const { items } = listing;
  const everything = useRef(items);
  if (listing.q === "" && items.length) everything.current = items;
  const values = everything.current.length ? everything.current : items;
  const selection = useSelection(items);
  const status = useStatus(listing.connected);
  const isFound = listing.q === settled(q);
  const isUncounted = listing.loading || !isFound || (listing.error !== null && !items.length);
  const isListed = useMemo(() => items.some((one) => one.id === cursor), [items, cursor]);
  const here = route.view === "exchange" ? route.id : isListed ? cursor : "";
  const back = listHash(q);
  const steps = useMemo(() => stepsOf(linesOf(items, { grouped, folded, gone: 0 })), [items, grouped, folded]);
  const found = useMemo(() => wanted(q), [q]);

  const change = (now: string): void => {
    setQ(now);
    if (!open) go(listHash(now), true);
  };
  const group = (): void => {
    localStorage.setItem("grouped", grouped ? "no" : "yes");
    setGrouped(!grouped);
  };
  const fold = (id: string): void => {
    const now = new Set(folded);
    if (!now.delete(id)) now.add(id);
    setFolded(now);
  };
  useLayoutEffect(() => {
    if (route.view === "list" && route.q !== q) setQ(route.q);
    if (route.view === "exchange") setCursor(route.id);
  }, [route]);
  useTitle(route, q, listing);
  const enter = useKeys({ route, here, items: steps, q, isFound, setCursor, search, setHelp, back, select: selection.toggle, unselect: selection.none });

  if (listing.error && [401, 403, 421].includes(listing.error.status)) return <Locked error={listing.error} />;
  return (
    <div class={`app ${open ? "open" : ""} ${selection.ids.size ? "choosing" : ""}`}>
      <header class="top">
        {open ? <a class="name" href={back}>Inspector</a> : <h1><a class="name" href={back}>Inspector</a></h1>}
        <SearchField field={search} q={q} items={values} onChange={change} onEnter={enter} />
        <span class="faint counted num" role="status" aria-label="Found">{isUncounted ? "" : q ? `${count(listing.total)} found` : `${count(listing.total)} ${listing.total === 1 ? "exchange" : "exchanges"}`}</span>
        <Connection connected={listing.connected} />
        <ThemeButton />
        <button class="quiet" aria-label="Keys and help" title="Keys and help (?)" onClick={() => setHelp(true)}><Icon name="help" /></button>
      </header>
      <Gone connected={listing.connected} />
      <main>
        <section class="side" aria-label="Exchanges">
          <div class="bar">
            {selection.ids.size > 0
              ? <Selection ids={selection.ids} items={items} onDone={selection.none} />
              : (
                <>
                  <Filters q={q} items={values} onChange={change} />
                  <span class="chips fixed">
                    <button class="chip" aria-pressed={grouped} title="Turns with the same beginning together" onClick={group}>conversations</button>
                    <Clear items={items} total={listing.total} spool={Boolean(status?.spool)} />
                  </span>
                </>
              )}
          </div>
          {items.length > 0
            ? (
              <List
                key={String(open)} {...listing} cursor={here} tab={keptTab(route)} compact={open || narrow} grouped={grouped} folded={folded} onFold={fold}
                selected={selection.ids} onSelect={selection.choose} onSelectAll={selection.all} found={found} searching={q.trim() !== ""}
              />
            )
            : <NoRows q={q} listing={listing} loading={listing.loading || !isFound} status={status} small={open} onClear={() => change("")} />}
        </section>
        {route.view === "exchange" && <ExchangeView key={route.id} id={route.id} tab={route.tab} detail={route.detail} back={back} />}
        {route.view === "compare" && <Compare ids={route.id.split(",")} tab={route.tab} back={back} />}
      </main>
      <footer class="foot"><Kept status={status} /></footer>
      {help && <Help onClose={() => setHelp(false)} />}
      <Toasts />
    </div>
  );
}

function useTitle(route: Route, q: string, { items }: LiveListing): void {
  const x = route.view === "exchange" ? items.find((one) => one.id === route.id) : undefined;
  const words = {
    list: q,
    exchange: x ? `${modelOf(x)} ${x.end === "running" ? "…" : (x.status ?? x.end)}` : route.id,
    compare: "Side by side",
  }[route.view];
  useEffect(() => {
    document.title = words ? `${words} · Inspector` : "Inspector";
  }, [words]);
}
