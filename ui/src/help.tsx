import type { VNode } from "preact";
import { KEYS as WORDS } from "./query";
import { Searched } from "./searchfield";
import { Dialog } from "./widgets";

const KEYS: [string, string][] = [
  ["j  k", "next and previous exchange"],
  ["Enter", "open it; in a pane: unfold"],
  ["/", "search"],
  ["d", "the four panes"],
  ["e", "events: provider → client"],
  ["c", "copy the provider's request as curl"],
  ["x", "select, for one file or side by side"],
  ["↑  ↓", "in a pane or the timeline: line by line"],
  ["Esc", "back to the list"],
  ["?", "this help"],
];

export function Help({ onClose }: { onClose: () => void }): VNode {
  return (
    <Dialog title="Keys and search" onClose={onClose} wide>
      <div class="scroll help" tabIndex={0} role="group" aria-label="Help">
        <section>
          <h3>Keys</h3>
          <dl>{KEYS.map(([key, what]) => <div key={key}><dt>{key.split("  ").map((one) => <kbd key={one}>{one}</kbd>)}</dt><dd>{what}</dd></div>)}</dl>
          <h3>Marks of notes</h3>
          <dl>{MARKS.map(([mark, what, weight]) => <div key={what}><dt><span class={`mark weight-${weight}`}>{mark}</span></dt><dd>{what}</dd></div>)}</dl>
          <h3>What is kept</h3>
          <p>Prompts and answers stay in the gateway's memory, and on disk only with <code>inspector.spool</code>. Keys never do.</p>
        </section>
        <section>
          <h3>Search</h3>
          <p><Searched /> Words match prompts, answers, names and notes.</p>
          <dl>{WORDS.map((key) => <div key={key.name}><dt><code>{key.name}{key.kind === "number" ? ">" : ":"}{key.examples[0] ?? "…"}</code></dt><dd>{key.hint}</dd></div>)}</dl>
        </section>
      </div>
    </Dialog>
  );
}

const MARKS: [string, string, number][] = [
  ["▼", "dropped: it did not get there", 5],
  ["≈", "a weaker form of it got there", 4],
  ["+", "made up, because the other side wants it", 3],
  ["↷", "moved to another place", 2],
  ["·", "a default", 1],
];
