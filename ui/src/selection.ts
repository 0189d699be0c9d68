import { useMemo, useRef, useState } from "preact/hooks";
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
  const held = useRef({ items, ids });
  held.current = { items, ids };
  // Rows that are not drawn anew keep these functions.
  const functions = useMemo(() => {
    const toggle = (id: string): void => {
      last.current = id;
      const now = new Set(held.current.ids);
      if (!now.delete(id)) now.add(id);
      setIds(now);
    };
    const all = (): void => {
      const { items, ids } = held.current;
      setIds(ids.size === items.length ? new Set() : new Set(items.map((x) => x.id)));
    };
    const none = (): boolean => {
      const any = held.current.ids.size > 0;
      if (any) setIds(new Set());
      return any;
    };
    const choose = (id: string, range: boolean): void => {
      const { items, ids } = held.current;
      if (range && last.current) setIds(ranged(items, ids, last.current, id));
      else toggle(id);
    };
    return { toggle, choose, all, none };
  }, []);
  return { ids, ...functions };
}
