import type { EventPair, Summary } from "./api";

export interface Heard {
  exchange?: (summary: Summary) => void;
  events?: (id: string, events: EventPair[]) => void;
  /** Something was missed: what is shown must be read again. */
  resync?: () => void;
  gone?: (ids: string[]) => void;
  connected?: (is: boolean) => void;
}

/** Listen to what happens, and come back after a break; the return value ends it. */
export function listen(heard: Heard, follow?: string): () => void {
  const source = new EventSource(`/api/live${follow ? `?follow=${encodeURIComponent(follow)}` : ""}`);
  const on = (name: string, take: (data: never) => void): void =>
    source.addEventListener(name, (event) => take(JSON.parse((event as MessageEvent<string>).data) as never));
  on("exchange", (summary: Summary) => heard.exchange?.(summary));
  on("events", (told: { id: string; events: EventPair[] }) => heard.events?.(told.id, told.events));
  on("gone", (told: { ids: string[] }) => heard.gone?.(told.ids));
  source.addEventListener("resync", () => heard.resync?.());
  source.onopen = () => heard.connected?.(true);
  source.onerror = () => heard.connected?.(false);
  return () => source.close();
}
