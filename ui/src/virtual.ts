import { Virtualizer, elementScroll, observeElementOffset, observeElementRect, type VirtualItem } from "@tanstack/virtual-core";
import { useLayoutEffect, useReducer, useRef } from "preact/hooks";
import type { RefObject } from "preact";

export interface Window {
  items: VirtualItem[];
  total: number;
  to: (index: number, align?: "auto" | "center" | "start" | "end") => void;
  measure: (element: Element | null) => void;
  /** Return where a row begins. */
  start: (index: number) => number;
  /** Ask for all heights anew. */
  reset: () => void;
}

/** Return the rows of a long list that are near what is seen; the rest is empty space. `key` tells a row that moves. */
export function useWindow(scroller: RefObject<HTMLElement | null>, rows: number, height: (index: number) => number, overscan = 12, key: (index: number) => string | number = (index) => index): Window {
  const [, redraw] = useReducer((n: number) => n + 1, 0);
  const held = useRef<Virtualizer<HTMLElement, Element> | null>(null);
  const options = {
    count: rows,
    getScrollElement: () => scroller.current,
    estimateSize: height,
    getItemKey: key,
    overscan,
    scrollToFn: elementScroll,
    observeElementRect,
    observeElementOffset,
    initialRect: { width: 800, height: 800 },
    onChange: () => redraw(0),
  };
  held.current ??= new Virtualizer(options);
  held.current.setOptions(options);
  const virtual = held.current;
  useLayoutEffect(() => virtual._didMount(), [virtual]);
  useLayoutEffect(() => virtual._willUpdate());
  return {
    items: virtual.getVirtualItems(),
    total: virtual.getTotalSize(),
    to: (index, align = "auto") => virtual.scrollToIndex(index, { align }),
    measure: (element) => virtual.measureElement(element),
    start: (index) => virtual.measurementsCache[index]?.start ?? virtual.getTotalSize(),
    reset: () => virtual.measure(),
  };
}
