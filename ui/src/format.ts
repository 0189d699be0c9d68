/** Return a duration for people: `0.4 ms`, `38 ms`, `1.25 s`, `2 min 05 s`. */
export function ms(value: number | null | undefined): string {
  if (value === null || value === undefined) return "–";
  if (value < 10) return `${value.toFixed(1)} ms`;
  if (value < 1000) return `${Math.round(value)} ms`;
  if (value < 60_000) return `${(value / 1000).toFixed(2)} s`;
  const seconds = Math.round(value / 1000);
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, "0")} s`;
}

/** Return a size for people: `812 B`, `5.2 kB`, `1.4 MB`. */
export function size(bytes: number | null | undefined): string {
  if (bytes === null || bytes === undefined) return "–";
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** Return a count for people: `940`, `12.4k`, `1.2M`. */
export function count(value: number | null | undefined): string {
  if (value === null || value === undefined) return "–";
  if (value < 10_000) return String(value);
  return value < 1e6 ? `${(value / 1e3).toFixed(1)}k` : `${(value / 1e6).toFixed(1)}M`;
}

/** Return the time of day of a moment: `14:03:22.120`. */
export function clock(started: string): string {
  const at = new Date(started);
  if (Number.isNaN(at.getTime())) return started;
  const two = (n: number): string => String(n).padStart(2, "0");
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${String(at.getMilliseconds()).padStart(3, "0")}`;
}

/** Return the day of a moment: `Saturday, 28 November`. */
export function day(started: string): string {
  const at = new Date(started);
  return Number.isNaN(at.getTime()) ? started : at.toLocaleDateString("en-GB", { weekday: "long", day: "numeric", month: "long" });
}

/** Return a value as one short line. */
export function brief(value: unknown, length = 160): string {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "–");
  return text.length > length ? `${text.slice(0, length)}…` : text;
}

/** Return who ended an exchange, and why, as a part of a sentence; the API names who it was before a colon. */
export function endedBy(words: string): string {
  return words.replace(/^the provider: its answer is complete$/, "ended by the provider").replace(/^the gateway: it /, "the gateway ");
}

/** Return what the client asked for, in words also where nobody read it before the request was refused. */
export function modelOf(x: { model: string | null }): string {
  return x.model ?? "unread";
}
