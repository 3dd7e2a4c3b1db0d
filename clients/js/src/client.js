/** The client: takes events at once, keeps them, and sends them until the gateway has answered for each. */

import { judge, pause } from "./answers.js";
import { makeEvent } from "./events.js";
import { Queue, byteLength, pageStorage } from "./queue.js";

const BATCH_BYTES = 500_000;
/** A browser sends at most 64 KiB for pages that close. */
const LEAVING_BYTES = 60_000;
/** A closing page is told twice that it closes. */
const LEAVING_MS = 10_000;
/** What the gateway takes of one event. */
const EVENT_BYTES = 65_536;
const REFUSED_PAUSE_S = 60;
const KIND = "application/cloudevents-batch+json";

/**
 * What `new Closeloop` takes. See types/index.d.ts for each.
 * @typedef {{
 *   url: string, source: string, key?: string, storage?: "local" | "memory", limit?: number, batch?: number,
 *   flushAfter?: number, timeout?: number, fetch?: typeof fetch,
 *   onProblem?: (problem: {kind: string, id?: string | null, field?: string, problem: string}) => void,
 * }} Options
 */

export class Closeloop {
  /** @type {Options} */ #options;
  /** @type {Queue} */ #queue;
  /** @type {Promise<void> | null} */ #draining = null;
  /** @type {any} */ #timer = null;
  #failures = 0;
  #batch = 0;
  #closed = false;
  #counts = { accepted: 0, rejected: 0, dropped: 0, unconfirmed: 0 };

  /** @param {Options} options */
  constructor(options) {
    this.#options = { ...options, url: String(options?.url ?? "").replace(/\/+$/, "") };
    this.#batch = options?.batch ?? 100;
    const storage = options?.storage === "memory" ? null : pageStorage();
    // Pages of one origin share what waits, if they send it to the same place under the same name.
    const prefix = `closeloop:${this.#options.url}:${options?.source ?? ""}:`;
    this.#queue = new Queue(storage, prefix, options?.limit ?? 1000);
    if (!options?.url || !options?.source) this.#tell({ kind: "options", problem: "url and source: give both" });
    this.#listen();
    if (this.#queue.size) this.#schedule(0);
  }

  /**
   * Something that happened between a customer and you; its event's id, or "" if it cannot be one.
   * @param {Record<string, unknown>} data
   * @param {{id?: string, time?: string | Date}} [about]
   */
  touchpoint(data, about) {
    return this.#emit("touchpoint", data, about);
  }

  /**
   * A customer's answer; its event's id, or "" if it cannot be one.
   * @param {Record<string, unknown>} data
   * @param {{id?: string, time?: string | Date}} [about]
   */
  response(data, about) {
    return this.#emit("response", data, about);
  }

  /** Since this client was made: what became of its events, and how many wait (of all pages that share the queue). */
  get counts() {
    return { ...this.#counts, waiting: this.#queue.size };
  }

  /** Send what waits, now; ends when nothing waits or a try has failed. Never rejects. */
  async flush() {
    await this.#draining;
    await this.#drain();
    return this.counts;
  }

  /** Send what waits and stop; what then still waits is kept in localStorage, if there is one. Never rejects. */
  async close() {
    const counts = await this.flush();
    this.#closed = true;
    clearTimeout(this.#timer);
    if (typeof document !== "undefined") {
      removeEventListener("online", this.#wake);
      removeEventListener("pagehide", this.#leave);
      document.removeEventListener("visibilitychange", this.#hidden);
    }
    return counts;
  }

  /**
   * @param {"touchpoint" | "response"} kind
   * @param {Record<string, unknown>} data
   * @param {{id?: string, time?: string | Date}} [about]
   */
  #emit(kind, data, about) {
    try {
      if (this.#closed) throw new TypeError("the client is closed");
      const event = makeEvent(kind, this.#options.source, data, about);
      const body = JSON.stringify(event);
      if (byteLength(body) > EVENT_BYTES) throw new TypeError("the event has over 65,536 bytes");
      const dropped = this.#queue.add({ id: event.id, kind, body });
      this.#counts.dropped += dropped;
      if (dropped) this.#tell({ kind: "dropped", problem: `${dropped} of the oldest: too many events wait` });
      this.#schedule(this.#options.flushAfter ?? 500);
      return event.id;
    } catch (error) {
      this.#counts.rejected += 1;
      this.#tell({ kind: "rejected", problem: error instanceof Error ? error.message : "no event" });
      return "";
    }
  }

  #listen() {
    if (typeof document === "undefined") return;
    addEventListener("online", this.#wake);
    addEventListener("pagehide", this.#leave);
    document.addEventListener("visibilitychange", this.#hidden);
  }

  #wake = () => {
    this.#failures = 0;
    this.#schedule(0, true);
  };

  #hidden = () => {
    if (document.visibilityState === "hidden") this.#leave();
    else if (this.#queue.size) this.#schedule(0);
  };

  /** Hand over what waits, for a page that may never run again. */
  #leave = () => {
    try {
      const now = Date.now();
      const entries = this.#queue.first(this.#batch, LEAVING_BYTES, now - LEAVING_MS);
      if (!entries.length || offline()) return;
      const body = `[${entries.map((entry) => entry.body).join()}]`;
      this.#queue.mark(entries, now);
      // A beacon carries no key, and cookies, which a gateway of another origin does not take.
      const plain = !this.#options.key && new URL(this.#address(), location.href).origin === location.origin;
      if (plain && navigator.sendBeacon?.(this.#address(), new Blob([body], { type: KIND }))) return;
      void this.#post(entries, body, { keepalive: true }).then((verdict) => {
        if (verdict.next !== "done") this.#queue.mark(entries, 0); // a page that sees the answer needs not guess
      });
    } catch {} // what waits is still kept
  };

  /** @param {number} after milliseconds @param {boolean} [sooner] in place of a time that is set already */
  #schedule(after, sooner = false) {
    if (this.#closed || (this.#timer !== null && !sooner)) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = null;
      void this.#drain();
    }, after);
    // In Node a gateway that is away must not keep the process alive; the first try may.
    if (this.#failures) this.#timer.unref?.();
  }

  #drain() {
    this.#draining ??= this.#locked(() => this.#send()).finally(() => {
      this.#draining = null;
    });
    return this.#draining;
  }

  /** One page at a time sends what all of them keep. @param {() => Promise<void>} work */
  async #locked(work) {
    try {
      const locks = this.#queue.storage && navigator.locks;
      if (!locks) return await work();
      return await locks.request(this.#queue.prefix, work);
    } catch {
      return undefined; // never into the host's page
    }
  }

  async #send() {
    const most = this.#options.batch ?? 100;
    this.#counts.unconfirmed += this.#queue.settle(Date.now());
    while (!this.#closed && !offline()) {
      const entries = this.#queue.first(this.#batch, BATCH_BYTES);
      if (!entries.length) return;
      const verdict = await this.#post(entries, `[${entries.map((entry) => entry.body).join()}]`);
      if (verdict.next === "split") this.#batch = Math.max(1, Math.floor(entries.length / 2));
      if (verdict.next === "done") this.#failures = 0;
      if (verdict.next === "later" || verdict.next === "refused") {
        this.#failures += 1;
        const wanted = verdict.next === "refused" ? REFUSED_PAUSE_S : verdict.wait;
        this.#schedule(1000 * pause(this.#failures, wanted, Math.random()), true);
        return;
      }
      if (verdict.next === "done" && this.#batch < most) this.#batch = Math.min(most, this.#batch * 2);
    }
  }

  /**
   * @param {import("./queue.js").Entry[]} entries
   * @param {string} body
   * @param {RequestInit} [more]
   */
  async #post(entries, body, more = {}) {
    const ids = entries.map((entry) => entry.id);
    const headers = { "Content-Type": KIND, ...(this.#options.key && { Authorization: `Bearer ${this.#options.key}` }) };
    let status = 0;
    let told = null;
    let retryAfter = null;
    try {
      const send = this.#options.fetch ?? fetch;
      const signal = AbortSignal.timeout(this.#options.timeout ?? 10_000);
      const init = { method: "POST", body, headers, signal, credentials: /** @type {const} */ ("omit"), ...more };
      const answer = await send(this.#address(), init);
      retryAfter = answer.headers.get("Retry-After");
      status = answer.status;
      told = await answer.json();
    } catch {} // no answer, or one without JSON: the status says which
    const verdict = judge(status, told, ids, retryAfter);
    if (verdict.next === "done") {
      for (const entry of entries) this.#queue.remove(entry.key);
      this.#counts.accepted += entries.length - verdict.rejected.length;
      this.#counts.rejected += verdict.rejected.length;
      for (const one of verdict.rejected) this.#tell({ kind: "rejected", ...one });
    }
    if (verdict.next === "refused") this.#tell({ kind: "refused", problem: verdict.why ?? "" });
    return verdict;
  }

  #address() {
    return `${this.#options.url}/v1/events`;
  }

  /** @param {{kind: string, id?: string | null, field?: string, problem: string}} problem */
  #tell(problem) {
    try {
      if (this.#options.onProblem) harmless(this.#options.onProblem(problem));
      else console.warn(`closeloop: ${problem.kind}: ${problem.field ? `${problem.field}: ` : ""}${problem.problem}`);
    } catch {} // the host's own
  }
}

/** What a function of the host gave back may be a promise, which fails later. @param {any} given */
export function harmless(given) {
  given?.then?.(undefined, () => {});
}

function offline() {
  return typeof document !== "undefined" && navigator.onLine === false;
}
