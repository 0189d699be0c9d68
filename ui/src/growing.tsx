// What grows while it is looked at: its end stays in sight, and nobody is disturbed who reads or selects.
import type { RefObject, VNode } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { isUnseen } from "./unseen";

/** How near its end a box is at it. */
const NEAR = 40;

interface Handlers {
  onScroll: () => void;
  onWheel: (event: WheelEvent) => void;
}

/** Keep the end of a box in sight when it `grows`, but not of one that was scrolled away from it or in which a text is
 * selected. `isAtEnd`: it begins there, however much is in it. */
export function useEnd(box: RefObject<HTMLElement | null>, grows: boolean, content: unknown, isAtEnd = false): Handlers {
  const follows = useRef(isAtEnd);
  const top = useRef(0);
  useLayoutEffect(() => {
    const it = box.current;
    if (!it) return;
    if (grows && follows.current && !isSelecting(it)) it.scrollTop = it.scrollHeight;
    if (!top.current) follows.current ||= isNearEnd(it);
  }, [content, grows]);
  return {
    onScroll: () => {
      const it = box.current!;
      follows.current = it.scrollTop >= top.current - 2 ? follows.current || isNearEnd(it) : false;
      top.current = it.scrollTop;
    },
    onWheel: (event) => {
      if (event.deltaY < 0) follows.current = false;
    },
  };
}

const isNearEnd = (it: HTMLElement): boolean => it.scrollHeight - it.scrollTop - it.clientHeight < NEAR;

function isSelecting(it: HTMLElement): boolean {
  const selection = getSelection();
  return selection !== null && !selection.isCollapsed && it.contains(selection.anchorNode);
}

/** A text that grows at its end: what is selected in it stays selected. */
export function Growing({ text }: { text: string }): VNode {
  return isUnseen(text) ? <>{text}</> : <Appended text={text} />;
}

function Appended({ text }: { text: string }): VNode {
  const box = useRef<HTMLSpanElement>(null);
  useLayoutEffect(() => {
    const node = box.current!.firstChild;
    if (node instanceof Text && text.startsWith(node.data)) node.appendData(text.slice(node.data.length));
    else box.current!.textContent = text;
  }, [text]);
  return <span ref={box} />;
}
