import { useRef, useState } from "preact/hooks";
import type { Summary } from "./api";

export interface Selected {
  ids: ReadonlySet<string>;
  toggle: (id: string) => void;
  /** `range`: all from the one that was chosen before up to this one. */
  choose: (id: string, range: boolean) => void;
  all: () => void;
  /** Choose none. Return whether any was chosen. */
  none: () => boolean;
}

/** Return a selection with all from one exchange of the list to another. */
export function ranged(items: readonly Summary[], ids: ReadonlySet<string>, from: string, to: string): Set<string> {
  const ends = [from, to].map((id) => items.findIndex((x) => x.id === id)).sort((a, b) => a - b);
  const between = ends[0]! < 0 ? [to] : items.slice(ends[0], ends[1]! + 1).map((x) => x.id);
  return new Set([...ids, ...between]);
}

export function useSelection(items: readonly Summary[]): Selected {
  const [ids, setIds] = useState<ReadonlySet<string>>(new Set());
  const last = useRef("");
  const toggle = (id: string): void => {
    last.current = id;
    const now = new Set(ids);
    if (!now.delete(id)) now.add(id);
    setIds(now);
  };
  return {
    ids,
    toggle,
    choose: (id, range) => (range && last.current ? setIds(ranged(items, ids, last.current, id)) : toggle(id)),
    all: () => setIds(ids.size === items.length ? new Set() : new Set(items.map((x) => x.id))),
    none: () => {
      if (ids.size) setIds(new Set());
      return ids.size > 0;
    },
  };
}
