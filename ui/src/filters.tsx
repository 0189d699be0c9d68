import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { Summary } from "./api";
import { Icon } from "./icons";
import { chip, chosen, common, isChip, toggled, words } from "./query";
import { Menu } from "./widgets";

const FIXED: [string, string][] = [
  ["end:failed", "failed"],
  ["end:refused", "refused"],
  ["end:running", "running"],
  ["note:dropped", "dropped fields"],
  ["attempts>1", "retried"],
  ["gap>5s", "stalled"],
  ["pinned:yes", "pinned"],
];
const COLUMNS = ["provider", "model", "client"] as const;
const MOST = 60;

/** What is searched for as chips: those in the query can be taken out, others put in. */
export function Filters({ q, items, onChange }: { q: string; items: Summary[]; onChange: (q: string) => void }): VNode {
  const given = words(q);
  const others = given.filter((word) => isChip(word) && !FIXED.some(([known]) => known === word));
  return (
    <div class="chips" role="group" aria-label="Filters">
      {others.map((word) => (
        <button key={word} class="chip" aria-pressed="true" aria-label={`Without ${word}`} title="Take it out of the search" onClick={() => onChange(toggled(q, word))}>{word}<Icon name="close" /></button>
      ))}
      {FIXED.map(([word, name]) => (
        <button key={word} class="chip" aria-pressed={given.includes(word)} title={word} onClick={() => onChange(toggled(q, word))}>{name}</button>
      ))}
      {COLUMNS.map((key) => (
        <Menu key={key} class="chip" label={key} title={`Only of one ${key}`}>
          {() => <Values name={key} q={q} items={items} onChange={onChange} />}
        </Menu>
      ))}
    </div>
  );
}

function Values({ name, q, items, onChange }: { name: string; q: string; items: Summary[]; onChange: (q: string) => void }): VNode {
  // What is chosen from stays where it is while exchanges come.
  const [found] = useState(() => common(items, name, MOST));
  const given = words(q);
  if (!found.length) return <p class="faint pad">None in the list</p>;
  return (
    <>
      {found.map(([value, n]) => (
        <button key={value} role="menuitemcheckbox" aria-checked={given.includes(chip(name, value))} onClick={() => onChange(chosen(q, name, value))}>
          <span class="cut">{value}</span><span class="faint num">{n}</span>
        </button>
      ))}
    </>
  );
}
