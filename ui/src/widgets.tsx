import type { ComponentChildren, VNode } from "preact";
import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Summary } from "./api";
import { ms } from "./format";
import { Icon } from "./icons";
import { marked } from "./query";

/** A text, with what was searched for marked in it. */
export function Marked({ text, wanted }: { text: string; wanted: readonly string[] }): VNode {
  const pieces = marked(text, wanted);
  return <>{pieces.map((piece, i) => (i % 2 ? <mark key={i}>{piece}</mark> : piece))}</>;
}

interface MenuProps {
  label: ComponentChildren;
  title: string;
  class?: string;
  disabled?: boolean;
  children: () => ComponentChildren;
}

/** A button with a list under it, which a choice, a click elsewhere or Escape closes. */
export function Menu({ label, title, class: look = "", disabled, children }: MenuProps): VNode {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const box = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState(false);
  const place = (opening: boolean): void => {
    setOpen(opening);
    const at = button.current?.getBoundingClientRect();
    if (!opening || !at || !box.current) return;
    box.current.style.left = `${Math.max(6, Math.min(at.left, innerWidth - 310))}px`;
    box.current.style.top = `${at.bottom + 4}px`;
    box.current.style.maxHeight = `${innerHeight - at.bottom - 16}px`;
  };
  const stepped = (event: KeyboardEvent): void => {
    const choices = [...(box.current?.querySelectorAll("button") ?? [])];
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!by || !choices.length) return;
    event.preventDefault();
    choices[(choices.indexOf(document.activeElement as HTMLButtonElement) + by + choices.length) % choices.length]?.focus();
  };
  return (
    <>
      <button ref={button} class={look} popovertarget={id} aria-haspopup="menu" aria-expanded={open} title={title} disabled={disabled} onKeyDown={(event) => open && stepped(event)}>{label}<Icon name="down" /></button>
      <div ref={box} id={id} popover="auto" role="menu" aria-label={title} class="menu" onBeforeToggle={(event) => place((event as ToggleEvent).newState === "open")} onKeyDown={stepped} onClick={(event) => (event.target as Element).closest("button") && box.current?.hidePopover()}>
        {open && children()}
      </div>
    </>
  );
}

/** The API has no more slices of a stream than this. */
const SLICES = 32;

/** Bars of the longest gap in each slice of a stream; tall is slow. */
export function Spark({ gaps }: { gaps: number[] }): VNode | null {
  if (!gaps.length) return null;
  const top = Math.max(...gaps, 1);
  return (
    <svg class="spark" viewBox={`0 0 ${SLICES * 3} 16`} preserveAspectRatio="none" role="img" aria-label={`longest gap ${ms(Math.max(...gaps))}`}>
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
export function NotesMark({ notes }: { notes: { count: number; weight: number } }): VNode | null {
  if (!notes.count) return null;
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

/** The status, or in words how it ended where that says more. */
export function StatusMark({ x }: { x: Summary }): VNode {
  const words = x.end === "running" || x.end === "cancelled" ? x.end : `${x.status ?? x.end}`;
  const cut = x.end === "failed" && (x.status ?? 400) < 400;
  return <span class={`status ${tone(x)}`} title={[x.end, x.error, x.cause].filter(Boolean).join(" · ")}>{words}{cut ? " cut" : ""}</span>;
}

/** A modal dialog; Escape and its cross close it. */
export function Dialog({ title, onClose, children, wide }: { title: string; onClose: () => void; children: ComponentChildren; wide?: boolean }): VNode {
  const ref = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const dialog = ref.current;
    if (dialog && !dialog.open) dialog.showModal();
  }, []);
  return (
    <dialog ref={ref} class={wide ? "wide" : ""} aria-label={title} onClose={onClose}>
      <header><h2>{title}</h2><button class="quiet" aria-label="Close" title="Close (Esc)" onClick={() => ref.current?.close()}><Icon name="close" /></button></header>
      {children}
    </dialog>
  );
}

interface Told {
  text: string;
  wrong: boolean;
}
/** A button whose work takes a while: it shows that, and what went wrong. */
export function Working({ work, children, disabled, ...rest }: { work: () => Promise<void>; children: ComponentChildren; title: string; class?: string; disabled?: boolean; "aria-pressed"?: boolean }): VNode {
  const [busy, setBusy] = useState(false);
  const start = (): void => {
    setBusy(true);
    void work().catch(complain).finally(() => setBusy(false));
  };
  return <button {...rest} disabled={disabled || busy} aria-busy={busy} onClick={start}>{children}{busy && <span class="spinner" aria-hidden="true" />}</button>;
}

/** Whether a media query is true, and again when that changes. */
export function useMedia(query: string): boolean {
  const [is, setIs] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const media = matchMedia(query);
    const changed = (): void => setIs(media.matches);
    media.addEventListener("change", changed);
    changed();
    return () => media.removeEventListener("change", changed);
  }, [query]);
  return is;
}

let say: (told: Told) => void = () => undefined;

/** Tell in passing. */
export function toast(text: string): void {
  say({ text, wrong: false });
}

/** Tell what went wrong, for long enough to be read. */
export function complain(failure: unknown): void {
  say({ text: failure instanceof Error ? failure.message : String(failure), wrong: true });
}

export function Toasts(): VNode {
  const [told, setTold] = useState<Told | null>(null);
  useEffect(() => {
    let timer = 0;
    say = (now) => {
      setTold(now);
      clearTimeout(timer);
      timer = window.setTimeout(() => setTold(null), now.wrong ? 12_000 : 3500);
    };
    return () => clearTimeout(timer);
  }, []);
  return (
    <div class={`toast ${told ? "shown" : ""} ${told?.wrong ? "wrong" : ""}`}>
      <span role="status">{told && !told.wrong ? told.text : ""}</span>
      <span role="alert">{told?.wrong ? told.text : ""}</span>
      {told?.wrong && <button class="quiet" aria-label="Dismiss" onClick={() => setTold(null)}><Icon name="close" /></button>}
    </div>
  );
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
    if (done) toast(`${what} copied`);
    else complain(`${what} could not be copied: the browser refuses`);
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
