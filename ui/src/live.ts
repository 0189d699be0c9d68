import type { EventPair, Summary } from "./api";

export interface Heard {
  exchange?: (summary: Summary) => void;
  events?: (id: string, events: EventPair[]) => void;
  /** Something was missed: what is shown must be read again. */
  resync?: () => void;
  gone?: (ids: string[]) => void;
  connected?: (is: boolean) => void;
  /** From now on nothing of the exchange that is followed is missed. */
  followed?: () => void;
}

/** A browser has six connections for all its tabs: a tab that nobody sees gives its own back after this time. */
const HIDDEN_MS = 30_000;
const AGAIN_MS = 2000;

/** Listens to what happens, comes back after a break, and follows one exchange or another without missing anything. */
export class Live {
  private source: EventSource | null = null;
  /** Those that are heard until the next one is open. */
  private stale: EventSource[] = [];
  private follow = "";
  private timer = 0;
  private missed = true;

  constructor(private readonly heard: Heard) {
    document.addEventListener("visibilitychange", this.seen);
    this.open();
  }

  /** Hear the events of this exchange from now on, too; of none with an empty text. */
  followed(id: string): void {
    if (id === this.follow) return;
    this.follow = id;
    if (this.source) this.open();
  }

  close(): void {
    document.removeEventListener("visibilitychange", this.seen);
    this.stop();
  }

  private stop(): void {
    clearTimeout(this.timer);
    this.closeStale();
    this.source?.close();
    this.source = null;
    this.missed = true;
  }

  private closeStale(): void {
    this.stale.splice(0).forEach((one) => one.close());
  }

  private readonly seen = (): void => {
    clearTimeout(this.timer);
    if (document.hidden) this.timer = window.setTimeout(() => this.stop(), HIDDEN_MS);
    else if (!this.source) this.open();
  };

  private open(): void {
    clearTimeout(this.timer);
    if (this.source) this.stale.push(this.source);
    const source = new EventSource(`/api/live${this.follow ? `?follow=${encodeURIComponent(this.follow)}` : ""}`);
    this.source = source;
    this.hear(source);
    source.onopen = () => {
      if (source !== this.source) return source.close();
      this.closeStale();
      this.heard.followed?.();
      if (this.missed) this.heard.resync?.();
      this.missed = false;
      this.heard.connected?.(true);
    };
    source.onerror = () => {
      if (source !== this.source) return source.close();
      this.closeStale();
      this.missed = true;
      this.heard.connected?.(false);
      // After an answer that is none, such as a refusal, a browser does not try again by itself.
      if (source.readyState === EventSource.CLOSED) this.timer = window.setTimeout(() => this.open(), AGAIN_MS);
    };
  }

  private hear(source: EventSource): void {
    const on = (name: string, take: (data: never) => void): void =>
      source.addEventListener(name, (event) => take(JSON.parse((event as MessageEvent<string>).data) as never));
    on("exchange", (summary: Summary) => this.heard.exchange?.(summary));
    on("events", (told: { id: string; events: EventPair[] }) => this.heard.events?.(told.id, told.events));
    on("gone", (told: { ids: string[] }) => this.heard.gone?.(told.ids));
    on("resync", () => this.heard.resync?.());
  }
}
