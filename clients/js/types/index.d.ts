import type { Response, Touchpoint } from "./events.js";

export type { Money, Response, ResponseEvent, Touchpoint, TouchpointEvent } from "./events.js";

/** What went wrong, told to `onProblem`; never an exception. */
export interface Problem {
  /**
   * `rejected`: an event that the gateway (or this client) does not take. `dropped`: the oldest events went, because too
   * many wait. `refused`: the key or the address is wrong, or something else than a gateway answers; the events wait.
   * `options`: url or source is missing.
   */
  kind: "rejected" | "dropped" | "refused" | "options";
  /** The event's id, where it is about one. */
  id?: string | null;
  /** The field that is wrong, such as `data.score`. */
  field?: string;
  problem: string;
}

export interface Options {
  /** Of the gateway, such as https://closeloop.example.com. */
  url: string;
  /** What emits, such as /shop/web: with an event's id it identifies the event. */
  source: string;
  /** An API key of the role `emit`. In a browser everybody can read it: never give it another role. */
  key?: string;
  /** Where events wait: `local` (the default in a browser) keeps them in localStorage, `memory` as long as the page. */
  storage?: "local" | "memory";
  /** How many events may wait; then the oldest go, counted and told. Default: 1000. */
  limit?: number;
  /** Events a request, at most. Default: 100. */
  batch?: number;
  /** Milliseconds that an event waits for others. Default: 500. */
  flushAfter?: number;
  /** Milliseconds that a request may take. Default: 10000. */
  timeout?: number;
  /** In place of the global one. */
  fetch?: typeof fetch;
  /** Told of what went wrong; without it, the console is. */
  onProblem?: (problem: Problem) => void;
}

export interface Counts {
  /** Taken by the gateway. */
  accepted: number;
  rejected: number;
  dropped: number;
  /** Handed over by a page that closed, too long ago to be sent again without counting twice. */
  unconfirmed: number;
  /** Of all pages that share the queue. */
  waiting: number;
}

/** An id or a time of your own; without, a random id and now. */
export interface About {
  /** The same source and id again is the same event, counted once. */
  id?: string;
  time?: string | Date;
}

export class Closeloop {
  constructor(options: Options);
  /** Something that happened; the event's id, or "" if it cannot be one. Never throws. */
  touchpoint(data: Touchpoint, about?: About): string;
  /** A customer's answer; the event's id, or "" if it cannot be one. Never throws. */
  response(data: Response, about?: About): string;
  readonly counts: Counts;
  /** Send what waits, now. Never rejects. */
  flush(): Promise<Counts>;
  /** Send what waits, and stop. Never rejects. */
  close(): Promise<Counts>;
}

export interface Answer {
  score: number;
  comment: string;
  contact_requested: boolean;
}

export interface SurveyOptions {
  /** nps, csat, ces, or one of loop.yaml, then with `scale` and `labels`. */
  metric: string;
  customer_id: string;
  /**
   * What was asked, in a word of your own, such as order-17 or 2026-q4: a customer's answers to it count once, from however
   * many pages.
   */
  invitation?: string;
  /** Where it is shown; without, in a corner of the page. */
  into?: Element | null;
  /** The lowest and the highest score, of a metric of your own. */
  scale?: [number, number];
  /** Whether to ask for "please contact me". */
  contact?: boolean;
  /** BCP 47; without, the page's. */
  language?: string;
  /** Without, the page's `color-scheme`. */
  theme?: "light" | "dark" | "auto";
  labels?: Partial<Record<"question" | "low" | "high" | "comment" | "contact" | "send" | "thanks" | "close", string>>;
  touchpoint?: string;
  touchpoint_event_id?: string;
  channel?: string;
  attributes?: Response["attributes"];
  /** Told of each answer: the score first, the comment as a second one that revises it. */
  onAnswer?: (answer: Answer) => void;
  onClose?: () => void;
}

export interface Shown {
  /** False where this browser has answered or closed it already, one stands in the corner, or it could not be shown. */
  shown: boolean;
  element: HTMLElement | null;
  close: () => void;
}

/** Ask one question. Never throws. */
export function showSurvey(client: Pick<Closeloop, "response">, options: SurveyOptions): Shown;
