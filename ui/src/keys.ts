import { useLayoutEffect, useRef } from "preact/hooks";
import { copyCode } from "./actions";
import type { Summary } from "./api";
import { go, keptTab, toHash, type Route } from "./route";

export interface Keys {
  route: Route;
  here: string;
  items: Summary[];
  q: string;
  /** `items` are what `q` finds, and not what was found before it. */
  isFound: boolean;
  setCursor: (id: string) => void;
  search: { current: HTMLInputElement | null };
  setHelp: (shown: boolean) => void;
  back: string;
  select: (id: string) => void;
  unselect: () => boolean;
}

/** Listen to the page's keys. Return what Enter does. */
export function useKeys(keys: Keys): () => void {
  const held = useRef(keys);
  /** Where Enter was pressed before the list had come that it is about. */
  const waiting = useRef<Pick<Keys, "route" | "q"> | null>(null);
  held.current = keys;
  useLayoutEffect(() => {
    const is = waiting.current;
    if (is && (is.route !== keys.route || is.q !== keys.q)) waiting.current = null;
    else if (is && keys.isFound) {
      waiting.current = null;
      enter(keys);
    }
  });
  useLayoutEffect(() => {
    const pressed = (event: KeyboardEvent): void => {
      if (event.key !== "Enter") waiting.current = null;
      const target = event.target as HTMLElement;
      const busy = document.querySelector("dialog[open], :popover-open");
      if (event.defaultPrevented || busy || event.ctrlKey || event.metaKey || event.altKey) return;
      if (target.matches("textarea, select, input:not([type=checkbox])")) return;
      if (act(event, held.current)) event.preventDefault();
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);
  return () => {
    if (held.current.isFound) enter(held.current);
    else waiting.current = held.current;
  };
}

function enter({ here, items, search }: Keys): void {
  const id = items.some((one) => one.id === here) ? here : items[0]?.id;
  if (!id) return;
  search.current?.blur();
  go(toHash(id));
}

function step(by: number, { route, here, items, setCursor }: Keys): void {
  const at = items.findIndex((one) => one.id === here);
  const next = items[Math.max(0, Math.min(items.length - 1, at < 0 ? 0 : at + by))];
  if (!next) return;
  setCursor(next.id);
  if (route.view === "exchange") go(toHash(next.id, keptTab(route)), true);
}

function escape({ route, back, unselect }: Keys): void {
  if (!unselect() && route.view !== "list") go(back);
}

/** Where Enter means something else already. */
const OWN_ENTER = "a, button, summary, input, [role=group]";

function act(event: KeyboardEvent, keys: Keys): boolean {
  const { route, here, search, setHelp, select } = keys;
  const acts: Record<string, () => void> = {
    j: () => step(1, keys),
    k: () => step(-1, keys),
    "/": () => search.current?.select(),
    "?": () => setHelp(true),
    e: () => here && go(toHash(here, "events")),
    d: () => here && go(toHash(here, "diff")),
    c: () => here && void copyCode(here, "curl", "provider"),
    x: () => here && select(here),
    Escape: () => escape(keys),
  };
  if (event.key === "Enter" && !(event.target as HTMLElement).closest(OWN_ENTER)) {
    if (route.view === "list") enter(keys);
    return true;
  }
  const does = acts[event.key];
  does?.();
  return does !== undefined;
}
