import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { size } from "./format";

const MOST = 200_000;

/** A text as it is, of a long one the beginning. */
export function RawText({ text }: { text: string }): VNode {
  const [all, setAll] = useState(false);
  const cut = text.length > MOST && !all;
  return (
    <div class="scroll" tabIndex={0} role="group" aria-label="Raw body">
      <pre class="raw">{cut ? text.slice(0, MOST) : text || "The body is empty."}</pre>
      {cut && <button onClick={() => setAll(true)}>Show the other {size(text.length - MOST)}</button>}
    </div>
  );
}
