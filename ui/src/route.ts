import { useEffect, useState } from "preact/hooks";

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

export function useRoute(): Route {
  const [route, setRoute] = useState(() => parseRoute(location.hash));
  useEffect(() => {
    const changed = (): void => setRoute(parseRoute(location.hash));
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
  }, []);
  return route;
}

/** Go somewhere, at once: the next key finds the page there. `quietly` leaves no step in the history. */
export function go(hash: string, quietly = false): void {
  if (quietly) history.replaceState(null, "", hash);
  else history.pushState(null, "", hash);
  dispatchEvent(new HashChangeEvent("hashchange"));
}
