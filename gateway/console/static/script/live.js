/**
 * Follow what changes on this page. A page that nobody sees lets go of its connection, since a browser keeps only a few
 * to one host, and takes it up where it was when it is seen again.
 */

import { apply } from "./patch.js";
import { words } from "./words.js";

/** How long a cut may last before the page says that it is old: milliseconds. */
const PATIENCE = 6000;
/** A heartbeat comes every 15 s; after this silence the connection is dead, whatever the browser thinks. */
const SILENCE = 40_000;
/** Between two attempts: milliseconds. */
const AGAIN = 1000;

let mark = /** @type {HTMLMetaElement} */ (document.querySelector("meta[name=closeloop-mark]"))?.content ?? "";
let heardAt = Date.now();
/** @type {AbortController | null} */
let running = null;

/** @param {"live" | "lost"} state */
function tell(state) {
  const link = document.getElementById("link");
  const said = state === "live" ? words.live : words.lost;
  if (link && link.dataset.state !== state) {
    link.dataset.state = state;
    link.textContent = said;
  }
  const notice = document.getElementById("notice");
  if (!notice) return;
  const stale = state === "lost" && Date.now() - heardAt > PATIENCE;
  notice.hidden = !stale;
  if (stale) notice.textContent = words.stale.replace("{time}", new Date(heardAt).toLocaleTimeString(document.documentElement.lang));
}

/** @param {string} block one server-sent event */
function take(block) {
  const lines = block.split("\n");
  /** @param {string} field */
  const read = (field) => lines.filter((line) => line.startsWith(field)).map((line) => line.slice(field.length)).join("\n");
  const data = read("data: ");
  if (data) apply(JSON.parse(data));
  mark = read("id: ") || mark;
}

/** Read until the connection ends. @param {AbortSignal} signal */
async function listen(signal) {
  const { pathname, search } = location;
  const query = new URLSearchParams(search);
  query.set("mark", mark);
  const path = `/console/live${pathname === "/" ? "" : pathname}`;
  const answer = await fetch(`${path}?${query}`, { signal, headers: { Accept: "text/event-stream" } });
  if (answer.status === 401 || answer.status === 403) return location.reload();
  if (!answer.ok || !answer.body) throw new Error(`status ${answer.status}`);
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let waiting = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return undefined;
    heardAt = Date.now();
    tell("live");
    const blocks = (waiting + value).split("\n\n");
    waiting = blocks.pop() ?? "";
    blocks.forEach(take);
  }
}

async function run() {
  if (running) return;
  const mine = new AbortController();
  running = mine;
  while (!document.hidden && !mine.signal.aborted) {
    try {
      await listen(mine.signal);
    } catch {
      // Away, or cut: told by the link, and tried again.
    }
    if (document.hidden || mine.signal.aborted) break;
    tell("lost");
    await new Promise((resolve) => setTimeout(resolve, AGAIN));
  }
  if (running === mine) running = null;
}

function stop() {
  running?.abort();
  running = null;
}

/** Begin, and go on until the page is left. */
export function follow() {
  document.addEventListener("visibilitychange", () => (document.hidden ? stop() : void run()));
  window.addEventListener("online", () => void run());
  window.addEventListener("pagehide", stop);
  window.addEventListener("pageshow", () => void run());
  // Somebody else reads now: what they see is followed anew.
  document.addEventListener("closeloop:reader", () => {
    stop();
    void run();
  });
  setInterval(() => {
    if (document.hidden) return;
    if (Date.now() - heardAt > SILENCE) {
      stop();
      void run();
    }
    const link = document.getElementById("link");
    if (link?.dataset.state === "lost") tell("lost");
  }, 2000);
  void run();
}
