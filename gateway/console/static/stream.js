/**
 * Server-sent events over fetch: unlike EventSource it sends the API key, and it says why a connection ended.
 */

import { credentials } from "./api.js";

/** A server that says nothing for so long is taken for gone: milliseconds. It sends a comment more often than this. */
const SILENCE = 45_000;
/** The waits before the first, second, ... attempt to connect again: milliseconds. */
const WAITS = [300, 700, 1500, 2000];

/**
 * Splits a stream of text into server-sent events.
 * @param {(type: string, data: string, id: string) => void} onEvent
 * @returns {(chunk: string) => void}
 */
export function eventParser(onEvent) {
  let rest = "";
  let type = "";
  let id = "";
  /** @type {string[]} */
  let data = [];
  return (chunk) => {
    const lines = (rest + chunk).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line === "") {
        if (data.length) onEvent(type || "message", data.join("\n"), id);
        type = "";
        data = [];
        continue;
      }
      const colon = line.indexOf(":");
      const field = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
      if (field === "event") type = value;
      else if (field === "data") data.push(value);
      else if (field === "id") id = value;
    }
  };
}

/**
 * Keep a connection to a stream, forever.
 * @param {string} path
 * @param {object} handlers
 * @param {(type: string, value: any) => void} handlers.onEvent   `value` is the parsed JSON
 * @param {() => void} handlers.onOpen      connected: what was missed meanwhile has to be fetched
 * @param {() => void} handlers.onAlive     something came, be it only a comment
 * @param {(status: number) => void} handlers.onLost   the connection ended; `status` is 0 or the refusal's
 * @returns {() => void} connect again at once
 */
export function connect(path, { onEvent, onOpen, onAlive, onLost }) {
  let failures = 0;
  /** @type {(() => void) | null} */
  let wake = null;

  async function once() {
    const abort = new AbortController();
    let watchdog = setTimeout(() => abort.abort(), SILENCE);
    let status = 0;
    try {
      const response = await fetch(path, {
        headers: { accept: "text/event-stream", ...credentials() },
        cache: "no-store",
        signal: abort.signal,
      });
      status = response.status;
      if (!response.ok || !response.body) return;
      failures = 0;
      onOpen();
      const parse = eventParser((type, data) => {
        try {
          onEvent(type, JSON.parse(data));
        } catch (error) {
          console.error(`an event of type ${type} could not be shown`, error);
        }
      });
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        clearTimeout(watchdog);
        watchdog = setTimeout(() => abort.abort(), SILENCE);
        onAlive();
        parse(part.value);
      }
      status = 0;
    } catch {
      status = 0;
    } finally {
      clearTimeout(watchdog);
      onLost(status === 200 ? 0 : status);
    }
  }

  async function forever() {
    for (;;) {
      await once();
      const wait = WAITS[Math.min(failures, WAITS.length - 1)];
      failures += 1;
      await new Promise((resolve) => {
        wake = () => resolve(undefined);
        setTimeout(resolve, wait);
      });
    }
  }

  void forever();
  return () => wake?.();
}
