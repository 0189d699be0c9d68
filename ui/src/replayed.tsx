import type { VNode } from "preact";
import { TITLES, type Difference, type PhaseName, type Replayed } from "./api";
import { brief } from "./format";
import { Icon } from "./icons";
import { toHash } from "./route";
import { Dialog } from "./widgets";

const LONGEST = 1200;
const MOST_ROWS = 500;

/** What a replay found: where today's code makes something else of the recorded bytes. */
export function ReplayDialog({ id, replayed, onClose }: { id: string; replayed: Replayed; onClose: () => void }): VNode {
  const { differences, skipped = [] } = replayed;
  const phases = [...new Set(differences.map((one) => one.phase))];
  return (
    <Dialog title="Replay" onClose={onClose} wide>
      {!differences.length
        ? <p class="verdict good"><Icon name="check" /><span><b>Nothing differs.</b> Today's code and configuration make the same of the recorded bytes. Nobody was called.</span></p>
        : <p class="verdict"><span><b>{differences.length === 1 ? "One value differs" : `${differences.length} values differ`}</b> from then, if the recorded bytes go through today's code and configuration. Nobody was called.</span></p>}
      {skipped.map((why) => <p key={why} class="warning">Not compared: {inWords(why)}</p>)}
      {differences.length > 0 && (
        <div class="scroll" tabIndex={0} role="group" aria-label="Differences">
          <table class="differences">
            <thead><tr><th scope="col">Where</th><th scope="col">Then</th><th scope="col">Now</th></tr></thead>
            {phases.map((phase) => (
              <tbody key={phase}>
                <tr><th colSpan={3} scope="rowgroup">{TITLES[phase as PhaseName] ?? phase}</th></tr>
                {differences.filter((one) => one.phase === phase).slice(0, MOST_ROWS).map((one, i) => <Row key={i} id={id} one={one} />)}
              </tbody>
            ))}
          </table>
        </div>
      )}
    </Dialog>
  );
}

/** Return why something was not compared, its phase by the name that the page has for it. */
function inWords(why: string): string {
  return why.replace(/^(client|provider)_(request|response): /, (all) => `“${TITLES[all.slice(0, -2) as PhaseName]}”: `);
}

function Row({ id, one }: { id: string; one: Difference }): VNode {
  const event = one.event != null;
  const [then, now] = [told(one.then), told(one.now)];
  const [from, end] = apart(then, now);
  return (
    <tr>
      <td><a href={event ? toHash(id, "events", String(one.event)) : toHash(id, one.phase, one.path ?? "")}><code>{event ? `event ${one.event}` : one.path || "all of it"}</code></a></td>
      <td><Value text={then} from={from} end={end} how="old" absent={one.then == null} /></td>
      <td><Value text={now} from={from} end={end} how="new" absent={one.now == null} /></td>
    </tr>
  );
}

const told = (value: unknown): string => (value == null ? "" : brief(value, LONGEST));

/** Return how many characters two texts have in common at the beginning and at the end. */
export function apart(one: string, other: string): [number, number] {
  const most = Math.min(one.length, other.length);
  let from = 0;
  while (from < most && one[from] === other[from]) from++;
  let end = 0;
  while (end < most - from && one[one.length - 1 - end] === other[other.length - 1 - end]) end++;
  return [from, end];
}

function Value({ text, from, end, how, absent }: { text: string; from: number; end: number; how: string; absent: boolean }): VNode {
  if (absent) return <span class="faint">not there</span>;
  const last = text.length - end;
  return <code>{text.slice(0, from)}<span class={how}>{text.slice(from, last)}</span>{text.slice(last)}</code>;
}
