import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { api, type Summary } from "./api";
import { save } from "./actions";
import { Icon } from "./icons";
import { go } from "./route";
import { complain, Dialog, toast, Working } from "./widgets";

/** The most exchanges that the API puts into one file, and that fit side by side. */
const MOST_IN_A_FILE = 100;
const MOST_SIDE_BY_SIDE = 8;

/** What can be done with the exchanges that are selected. */
export function Selection({ ids, items, onDone }: { ids: ReadonlySet<string>; items: readonly Summary[]; onDone: () => void }): VNode {
  const chosen = [...ids];
  const listed = items.filter((x) => ids.has(x.id)).map((x) => x.id).reverse();
  const inOrder = [...chosen.filter((id) => !listed.includes(id)), ...listed];
  const many = chosen.length > MOST_IN_A_FILE;
  const pin = async (): Promise<void> => {
    for (const id of chosen) await api.pin(id, true);
    toast(`${chosen.length} pinned`);
    onDone();
  };
  return (
    <div class="chips selection" role="toolbar" aria-label="Selected exchanges">
      <b class="num">{chosen.length} selected</b>
      <Working class="chip" disabled={many} title={many ? `At most ${MOST_IN_A_FILE} go into one file` : "One redacted file that opens anywhere"} work={() => save(inOrder, "html")}>Save HTML</Working>
      <Working class="chip" disabled={many} title={many ? `At most ${MOST_IN_A_FILE} go into one file` : "HTTP archive with both legs of each"} work={() => save(inOrder, "har")}>Save HAR</Working>
      <button class="chip" disabled={chosen.length < 2 || chosen.length > MOST_SIDE_BY_SIDE} title={`2 to ${MOST_SIDE_BY_SIDE} of them`} onClick={() => go(`#/compare/${inOrder.map(encodeURIComponent).join(",")}`)}>Side by side</button>
      <Working class="chip" title="Keep them when memory runs out" work={pin}>Pin</Working>
      <button class="chip" title="Select none (Esc)" onClick={onDone}>Cancel</button>
    </div>
  );
}

/** The button that forgets all, once that is confirmed. */
export function Clear({ items, total, spool }: { items: readonly Summary[]; total: number; spool: boolean }): VNode {
  const [asked, setAsked] = useState(false);
  const pinned = items.filter((x) => x.pinned).length;
  const clear = async (): Promise<void> => {
    try {
      await api.clear();
      toast("Forgotten");
    } catch (failure) {
      complain(failure);
    }
    setAsked(false);
  };
  return (
    <>
      <button class="chip" title="Forget what is recorded" disabled={!total} onClick={() => setAsked(true)}><Icon name="trash" />Clear…</button>
      {asked && (
        <Dialog title="Forget what is recorded?" onClose={() => setAsked(false)}>
          <p class="pad">All exchanges go, whatever the search shows now, from memory{spool ? " and from disk" : ""}. Those under way{pinned ? ` and ${pinned} pinned` : " and pinned ones"} stay. This cannot be undone.</p>
          <footer><button onClick={() => setAsked(false)}>Keep them</button><Working class="danger" title="Forget them" work={clear}>Forget them</Working></footer>
        </Dialog>
      )}
    </>
  );
}
