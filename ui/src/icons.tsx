import type { VNode } from "preact";

const PATHS = {
  search: "M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9ZM10.3 10.3 14 14",
  close: "m4 4 8 8m0-8-8 8",
  help: "M6 6a2 2 0 1 1 2.9 1.8c-.6.3-.9.7-.9 1.4M8 11.6v.2M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8Z",
  sun: "M8 5.2a2.8 2.8 0 1 1 0 5.6 2.8 2.8 0 0 1 0-5.6ZM8 1v1.6M8 13.4V15M1 8h1.6M13.4 8H15M3 3l1.2 1.2M11.8 11.8 13 13M13 3l-1.2 1.2M4.2 11.8 3 13",
  moon: "M13.5 9.6A5.8 5.8 0 0 1 6.4 2.5a5.8 5.8 0 1 0 7.1 7.1Z",
  system: "M2 3h12v8H2zM5.5 13.5h5M8 11v2.5",
  pin: "M5.5 2h5l-.6 4.2 2.1 2.3H4l2.1-2.3L5.5 2ZM8 8.5V14",
  down: "m4.5 6.5 3.5 3.5 3.5-3.5",
  up: "M8 13V3.5M4 7.5l4-4 4 4",
  trash: "M3 4.5h10M6 4.5v-2h4v2M4.2 4.5l.7 9h6.2l.7-9",
  check: "m3.5 8.5 3 3 6-7",
  back: "M13 8H3.5M7.5 4l-4 4 4 4",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }): VNode {
  return <svg class="icon" viewBox="0 0 16 16" aria-hidden="true"><path d={PATHS[name]} /></svg>;
}
