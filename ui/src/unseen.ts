// Characters that nobody sees, or that turn what stands around them, are shown as escapes, wherever a text is shown.
// What is copied, sent or asked for is the text itself.
import { Fragment, h, options, type ComponentChild, type ComponentChildren, type VNode } from "preact";

/** Control characters but for tabs and line ends, zero-width ones, those that set a direction, tags, fillers. What joins
 * the parts of an emoji is none. */
const UNSEEN =
  /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200c\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff]|\r(?!\n)|[\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}]|(?<![\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f])\u200d|\u200d(?!\p{Extended_Pictographic})/gu;
const MOST = 200;
const PLAIN: ReadonlySet<unknown> = new Set(["option", "title", "textarea", "text"]);
const SHOWN = ["title", "aria-label", "placeholder", "alt"];

/** Return a character as JSON writes it. */
function escaped(character: string): string {
  const code = character.codePointAt(0)!;
  return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, "0")}`;
}

/** Return a text with escapes in place of what is not seen. */
export function visible(text: string): string {
  return text.replace(UNSEEN, escaped);
}

/** Return a text in pieces, every second of which is an escape: these look otherwise than the same words in the text. */
export function pieces(text: string): string[] {
  const out: string[] = [];
  let from = 0;
  for (const found of text.matchAll(UNSEEN)) {
    if (out.length >= 2 * MOST) break;
    out.push(text.slice(from, found.index), escaped(found[0]));
    from = found.index + found[0].length;
  }
  out.push(visible(text.slice(from)));
  return out;
}

/** Most texts are found harmless by this, which is quicker. */
const ODD = /[^\t\n\x20-\x7e]/;
export const isUnseen = (text: string): boolean => ODD.test(text) && text.search(UNSEEN) >= 0;

function shown(child: ComponentChildren, plain: boolean): ComponentChildren {
  if (Array.isArray(child)) return child.some(holds) ? child.map((one: ComponentChild) => shown(one, plain)) : child;
  if (typeof child !== "string" || !isUnseen(child)) return child;
  if (plain) return visible(child);
  return h(Fragment, null, ...pieces(child).map((piece, i) => (i % 2 ? h("i", { class: "unseen" }, piece) : piece)));
}

const holds = (child: ComponentChildren): boolean => (typeof child === "string" ? isUnseen(child) : Array.isArray(child) && child.some(holds));

/** Have every element show its text so. */
export function showUnseen(): void {
  const before = options.vnode;
  options.vnode = (vnode: VNode): void => {
    const { type } = vnode;
    const props = vnode.props as Record<string, unknown>;
    if (typeof type === "string" || type === Fragment) {
      const child = props["children"] as ComponentChildren;
      if (child !== undefined && holds(child)) props["children"] = shown(child, PLAIN.has(type));
      for (const name of SHOWN) {
        const words = props[name];
        if (typeof words === "string" && isUnseen(words)) props[name] = visible(words);
      }
    }
    before?.(vnode);
  };
}
