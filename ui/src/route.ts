import { useLayoutEffect, useMemo, useState } from "preact/hooks";

/** Where the page is: `#/?q=…`, `#/x/ID/TAB/DETAIL`, `#/compare/ID,ID`. */
export interface Route {
  view: "list" | "exchange" | "compare";
  id: string;
  tab: string;
  detail: string;
  q: string;
}

export function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split(/\?(.*)/s);
  const [head = "", id = "", tab = "", ...rest] = path.split("/").map(decode);
  const q = new URLSearchParams(query).get("q") ?? "";
  const view = head === "x" && id ? "exchange" : head === "compare" && id ? "compare" : "list";
  return { view, id, tab: tab || "diff", detail: rest.join("/"), q };
}

export function toHash(id: string, tab = "", detail = ""): string {
  return `#/x/${[id, tab, detail].filter(Boolean).map(encodeURIComponent).join("/")}`;
}

export function listHash(q: string): string {
  return `#/${q ? `?q=${encodeURIComponent(q)}` : ""}`;
}

/** Return the tab that the next exchange opens with: the same, but no pane's path or event of this one. */
export function keptTab(route: Route): string {
  return route.view !== "exchange" || route.tab === "diff" || /_(request|response)$/.test(route.tab) ? "" : route.tab;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

let at: string | null = null;
let arrived: (hash: string) => void = () => undefined;

function arrive(hash: string): void {
  at = hash;
  arrived(hash);
}

/** Return where the page is just now. */
export function here(): Route {
  return parseRoute(at ?? location.hash);
}

export function useRoute(): Route {
  const [hash, setHash] = useState(location.hash);
  useLayoutEffect(() => {
    arrived = setHash;
    // A link that is followed tells so at once by `popstate`, by `hashchange` later: a key may come between them.
    const changed = (): void => arrive(location.hash);
    const told = ["popstate", "hashchange"];
    told.forEach((name) => addEventListener(name, changed));
    return () => told.forEach((name) => removeEventListener(name, changed));
  }, []);
  return useMemo(() => parseRoute(hash), [hash]);
}

/** Go somewhere, at once: the next key finds the page there. `quietly` leaves no step in the history. */
export function go(hash: string, quietly = false): void {
  try {
    if (quietly || hash === location.hash) history.replaceState(null, "", hash);
    else history.pushState(null, "", hash);
  } catch {
    // A browser changes its address only so often, as for a key that is held down: the page goes on without.
  }
  arrive(hash);
}
