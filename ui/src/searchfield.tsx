import type { RefObject, VNode } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Summary } from "./api";
import { Icon } from "./icons";
import { mistake, suggestions, type Suggestion } from "./query";
import { useMedia } from "./widgets";

interface Props {
  field: RefObject<HTMLInputElement | null>;
  q: string;
  items: Summary[];
  onChange: (q: string) => void;
  onEnter: () => void;
}

/** How words and filters of a query go together. */
export function Searched(): VNode {
  return <>An exchange must match every word and filter; <code>-</code> before one excludes what matches it; <code>"two words"</code> match as a phrase.</>;
}

/** The field of the query, with what the word under way may become. */
export function SearchField({ field, q, items, onChange, onEnter }: Props): VNode {
  const [shown, setShown] = useState<"no" | "some" | "all">("no");
  const [at, setAt] = useState(-1);
  const last = q.split(/\s/).at(-1) ?? "";
  const isOffering = shown === "all" || (shown === "some" && last.replace(/^-/, "").length > 1);
  // What is chosen from stays where it is while exchanges come.
  const offered = useMemo(() => (isOffering ? suggestions(q, items) : []), [q, isOffering]);
  const narrow = useMedia("(max-width: 760px)");
  const close = (): void => {
    setShown("no");
    setAt(-1);
  };
  const take = (one: Suggestion): void => {
    onChange(one.q);
    setAt(-1);
    setShown(/[:>]$/.test(one.q) ? "some" : "no");
    field.current?.focus();
  };
  const pressed = (event: KeyboardEvent): void => {
    const picked = offered[at];
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!offered.length) setShown("all");
      else setAt((at + (event.key === "ArrowDown" ? 1 : -1) + offered.length) % offered.length);
    } else if (event.key === "Escape") {
      event.preventDefault();
      if (offered.length) close();
      else field.current?.blur();
    } else if (event.key === "Enter") {
      if (picked) take(picked);
      else onEnter();
    } else if (event.key === "Tab" && picked && !event.shiftKey) {
      event.preventDefault();
      take(picked);
    }
  };
  const wrong = shown === "no" ? "" : mistake(q);
  return (
    <div class="search" role="search">
      <Icon name="search" />
      <input
        ref={field} type="search" aria-label="Search" placeholder={narrow ? "Search text, or model:claude" : "Search text, or model:claude  status:5xx  duration>2s"} autocomplete="off" spellcheck={false}
        aria-controls={offered.length ? "suggestions" : undefined} aria-autocomplete="list" aria-activedescendant={offered[at] ? `suggestion-${at}` : undefined} value={q}
        onInput={(event) => { onChange(event.currentTarget.value); setShown("some"); setAt(-1); }}
        onKeyDown={pressed} onBlur={close} onClick={() => !q && setShown(shown === "no" ? "all" : "no")}
      />
      {q ? <button class="quiet" aria-label="Clear the search" title="Clear the search" onClick={() => { onChange(""); field.current?.focus(); }}><Icon name="close" /></button> : <kbd aria-hidden="true">/</kbd>}
      {(offered.length > 0 || wrong) && (
        <div class="menu suggestions">
          {wrong && <p class="faint">{wrong}</p>}
          {offered.length > 0 && (
            <div id="suggestions" role="listbox" aria-label="Filters that can be typed">
              {offered.map((one, i) => <Offered key={one.word} one={one} n={i} at={i === at} take={take} />)}
            </div>
          )}
          {shown === "all" && !q && <p class="faint"><Searched /></p>}
        </div>
      )}
    </div>
  );
}

function Offered({ one, n, at, take }: { one: Suggestion; n: number; at: boolean; take: (one: Suggestion) => void }): VNode {
  const row = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (at) row.current?.scrollIntoView({ block: "nearest" });
  }, [at]);
  return (
    <div ref={row} role="option" id={`suggestion-${n}`} aria-selected={at} class="option" onMouseDown={(event) => { event.preventDefault(); take(one); }}>
      <code>{one.word}</code><span class="faint">{one.hint}</span>
    </div>
  );
}
