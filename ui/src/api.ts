// The JSON API of the gateway, as its OpenAPI (/api/openapi.json) describes it.

export interface Tokens {
  input: number | null;
  output: number | null;
  cache_read: number | null;
  cache_write: number | null;
  reasoning: number | null;
}

export interface Summary {
  id: string;
  /** Its place in the list. */
  seq: number;
  started: string;
  client: string;
  dialect: string;
  path: string;
  /** Null where the request was refused before anybody read it. */
  model: string | null;
  provider: string | null;
  provider_model: string | null;
  provider_dialect: string | null;
  status: number | null;
  stream: boolean;
  end: "complete" | "refused" | "failed" | "cancelled" | "running";
  error: string | null;
  cause: string | null;
  finish_reason: string | null;
  tokens: Tokens | null;
  first_event: number | null;
  duration: number | null;
  own: number | null;
  notes: { count: number; weight: number };
  attempts: number;
  events: number;
  gaps: number[];
  bytes: number;
  pinned: boolean;
  conversation: string | null;
  injected: string[];
  /** How many were forgotten between this one and the one before it; only in lists. */
  gone_before?: number;
  /** Where a body has the words that were searched for; only in lists. */
  found?: string | null;
}

export interface Phase {
  at: number;
  line: string;
  headers: [string, string][];
  body: string | null;
  bytes: number;
  cut: boolean;
}

export interface Note {
  path: string;
  fate: string;
  old: unknown;
  new: unknown;
  detail: string;
  weight: number;
  lost: boolean;
}

export interface EventPair {
  n: number;
  at: number;
  name: string;
  provider: string;
  client: string;
  call: string | number | null;
  attempt: number | null;
  notes: Note[];
  injected: boolean;
}

export interface Attempt {
  n: number;
  /** Which of several calls at once, for an answer with several choices. */
  call: number;
  provider: string;
  model: string;
  credential: string | null;
  dialect: string | null;
  at: number;
  duration: number | null;
  status: number | null;
  reason: string | null;
  kind: string | null;
  first_event: number | null;
  /** How long its credential rests since. */
  rest?: number | null;
  request: Phase | null;
  response: Phase | null;
}

export const PHASES = ["client_request", "provider_request", "provider_response", "client_response"] as const;
export type PhaseName = (typeof PHASES)[number];

export const TITLES: Record<PhaseName, string> = {
  client_request: "Client asked",
  provider_request: "Provider was sent",
  provider_response: "Provider answered",
  client_response: "Client got",
};

export interface Exchange extends Omit<Summary, "attempts" | "events" | "notes"> {
  phases: Record<PhaseName, Phase | null>;
  attempts: Attempt[];
  events: EventPair[];
  events_left_out: number;
  notes: Note[];
  timings: Record<string, number | null>;
  ended_by: string | null;
  /** The error's message. */
  message: string | null;
  provider_id: string | null;
  served_model: string | null;
}

export type Rule = "copied" | "moved" | "renamed" | "computed" | "defaulted" | "dropped" | "unknown";

export interface Link {
  from: string | null;
  to: string | null;
  rule: Rule;
  note: number | null;
  detail: string | null;
}

export interface Provenance {
  request: Link[];
  answer: Link[];
  known: boolean;
}

export interface Lint {
  leg: string;
  rule: string;
  ok: boolean;
  detail: string;
  event: number | null;
}

export type LegName = "client" | "provider";

/** A call and its result; one that the answer brings has no `path`, but the pieces in which it grew. */
export interface ToolCall {
  leg: LegName;
  path: string | null;
  id: string | null;
  name: string | null;
  arguments: string;
  valid: boolean;
  grown: { event: number; text: string }[];
  event: number | null;
  result: { path: string; text: string; bytes: number } | null;
}

export interface Reasoning {
  leg: LegName;
  where: string;
  path: string | null;
  event: number | null;
  bytes: number;
  signature: { bytes: number; sha256: string } | null;
  issuer: string | null;
  fate: "kept" | "dropped" | "added" | null;
  detail: string;
}

export interface Cache {
  before: string | null;
  same_provider: boolean;
  difference: {
    byte: number;
    bytes_now: number;
    path: string | null;
    was_path: string;
    what: string;
    change: string;
    old: string;
    new: string;
  } | null;
  settings: string[];
  tokens: { read: number | null; written: number | null; lost: number | null };
  explanation: string;
}

export interface Analysis {
  lints: Lint[];
  tool_calls: ToolCall[];
  reasoning: Reasoning[];
  budget: { path: string; what: string; name?: string; role?: string; bytes: number; tokens: number | null; how?: string | null }[];
  cache: Cache | null;
  images: Record<string, unknown>[];
}

export interface Difference {
  phase: string;
  path?: string | null;
  event?: number | null;
  then: unknown;
  now: unknown;
}

export interface Replayed {
  differences: Difference[];
  skipped?: string[];
}

export interface Page {
  exchanges: Summary[];
  total: number;
  gone: number;
  more: boolean;
}

export interface Status {
  version: string;
  gateway?: string;
  memory: { used: number; limit: number };
  spool: unknown;
  bodies: string;
  exchanges: number;
}

/** A refusal of the API: its message says what to do. `status` 0 means that nobody answered. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

async function call(path: string, init: RequestInit = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, { credentials: "same-origin", ...init });
  } catch (failure) {
    if ((failure as Error).name === "AbortError") throw failure;
    throw new ApiError(0, "The gateway does not answer. Is it still running?");
  }
  if (response.ok) return response;
  const body = (await response.json().catch(() => null)) as { error?: { message?: string } } | null;
  throw new ApiError(response.status, body?.error?.message ?? `The gateway answered ${response.status}.`);
}

async function json<T>(path: string, init?: RequestInit): Promise<T> {
  return (await (await call(path, init)).json()) as T;
}

function post<T>(path: string, body: unknown = {}): Promise<T> {
  return json<T>(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
}

const of = (id: string): string => `/api/exchanges/${encodeURIComponent(id)}`;

export const api = {
  list: (q: string, before: string | null, signal?: AbortSignal): Promise<Page> =>
    json(`/api/exchanges?${new URLSearchParams({ q, limit: before ? "1000" : "200", ...(before ? { before } : {}) })}`, { signal }),
  exchange: (id: string, signal?: AbortSignal): Promise<Exchange> => json(`${of(id)}?brief=yes`, { signal }),
  events: (id: string, from: number, signal?: AbortSignal): Promise<{ events: EventPair[] }> =>
    json(`${of(id)}/events?from=${from}&limit=2000`, { signal }),
  provenance: (id: string, leg: "request" | "answer" | null, signal?: AbortSignal): Promise<Provenance> =>
    json(`${of(id)}/provenance${leg ? `?leg=${leg}` : ""}`, { signal }),
  analysis: (id: string, signal?: AbortSignal): Promise<Analysis> => json(`${of(id)}/analysis`, { signal }),
  exportText: async (id: string, query: Record<string, string>): Promise<string> =>
    (await call(exportUrl(id, query))).text(),
  exportFile: async (ids: readonly string[], as: string): Promise<{ name: string; content: Blob }> => {
    const chosen = new URLSearchParams([["as", as], ...ids.map((id) => ["id", id])]);
    const answer = await call(ids.length === 1 ? exportUrl(ids[0]!, { as }) : `/api/export?${chosen}`);
    const name = /filename="?([^";]+)/.exec(answer.headers.get("content-disposition") ?? "")?.[1];
    return { name: name ?? `exchanges.${as}`, content: await answer.blob() };
  },
  replay: (id: string): Promise<Replayed> => post(`${of(id)}/replay`),
  resend: (id: string, body?: unknown): Promise<{ exchanges: { id: string; model: string }[] }> =>
    post(`${of(id)}/resend`, body === undefined ? {} : { body }),
  compare: (id: string, models: string[]): Promise<{ exchanges: { id: string; model: string }[] }> =>
    post(`${of(id)}/compare`, { models }),
  pin: (id: string, pinned: boolean): Promise<unknown> => post(`${of(id)}/pin`, { pinned }),
  clear: (): Promise<Response> => call("/api/exchanges", { method: "DELETE" }),
  models: async (): Promise<string[]> => (await json<{ models: string[] }>("/api/models")).models,
  status: (): Promise<Status> => json("/api/status"),
};

function exportUrl(id: string, query: Record<string, string>): string {
  return `${of(id)}/export?${new URLSearchParams(query)}`;
}
