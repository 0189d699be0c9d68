import type { ComponentChildren, VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Summary } from "./api";
import { ms } from "./format";

/** Bars of the longest gap in each slice of a stream; tall is slow. */
export function Spark({ gaps }: { gaps: number[] }): VNode | null {
  if (!gaps.length) return null;
  const top = Math.max(...gaps, 1);
  return (
    <svg class="spark" viewBox={`0 0 ${gaps.length * 3} 16`} preserveAspectRatio="none" role="img" aria-label={`longest gap ${ms(Math.max(...gaps))}`}>
      {gaps.map((gap, i) => {
        const height = Math.max(1, Math.sqrt(gap / top) * 15);
        return <rect key={i} x={i * 3} y={16 - height} width="2" height={height} class={gap > 5000 ? "slow" : ""} />;
      })}
    </svg>
  );
}

const MARKS = ["·", "·", "↷", "+", "≈", "▼"];
const WORDS = ["no matter", "defaulted", "moved", "made up", "weaker form", "dropped"];

/** The number of notes, marked by the heaviest. */
export function NotesMark({ notes }: { notes: { count: number; weight: number } }): VNode {
  if (!notes.count) return <span class="faint">–</span>;
  const { count, weight } = notes;
  return (
    <span class={`mark weight-${weight}`} title={`${count} ${count === 1 ? "note" : "notes"}, the heaviest: ${WORDS[weight]}`}>
      <span aria-hidden="true">{MARKS[weight]}</span> {count}
    </span>
  );
}

export function tone(x: Pick<Summary, "end" | "status">): string {
  if (x.end === "running") return "live";
  if (x.end === "complete" && (x.status ?? 200) < 400) return "good";
  return x.end === "cancelled" ? "warn" : "bad";
}

export function StatusMark({ x }: { x: Summary }): VNode {
  const words = x.end === "running" ? "running" : `${x.status ?? "–"}`;
  const title = [x.end, x.error, x.cause].filter(Boolean).join(" · ");
  return <span class={`status ${tone(x)}`} title={title}>{words}{x.end === "cancelled" || (x.end === "failed" && (x.status ?? 0) < 400) ? " cut" : ""}</span>;
}

/** A modal dialog; Escape and its cross close it. */
export function Dialog({ title, onClose, children, wide }: { title: string; onClose: () => void; children: ComponentChildren; wide?: boolean }): VNode {
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = ref.current;
    if (dialog && !dialog.open) dialog.showModal();
  }, []);
  return (
    <dialog ref={ref} class={wide ? "wide" : ""} aria-label={title} onClose={onClose}>
      <header><h2>{title}</h2><button class="quiet" aria-label="Close" onClick={() => ref.current?.close()}>✕</button></header>
      {children}
    </dialog>
  );
}

let say: (text: string) => void = () => undefined;

/** Tell in passing. */
export function toast(text: string): void {
  say(text);
}

export function Toasts(): VNode {
  const [text, setText] = useState("");
  useEffect(() => {
    let timer = 0;
    say = (told) => {
      setText(told);
      clearTimeout(timer);
      timer = window.setTimeout(() => setText(""), 4000);
    };
    return () => clearTimeout(timer);
  }, []);
  return <div class={`toast ${text ? "shown" : ""}`} role="status">{text}</div>;
}

export function Empty({ title, children, top }: { title: string; children?: ComponentChildren; top?: boolean }): VNode {
  const Head = top ? "h1" : "h2";
  return <div class="empty"><Head class="title">{title}</Head>{children}</div>;
}

/** Copy a text; where the browser refuses, offer it to be copied by hand. */
export async function copy(text: string, what: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    toast(`${what} copied`);
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    toast(done ? `${what} copied` : `${what} could not be copied: the browser refuses`);
  }
}

/** Whether a text is JSON; while it grows it need not be. */
export function ValidJson({ text, live }: { text: string; live: boolean }): VNode {
  let valid = true;
  try {
    JSON.parse(text);
  } catch {
    valid = false;
  }
  if (!valid && live) return <span class="badge">growing</span>;
  return <span class={`badge ${valid ? "good" : "bad"}`}>{valid ? "valid JSON" : "not JSON"}</span>;
}
