/** The bar at the top: whether the page is live, how fresh it is, which clock the windows follow, who is looking. */

import { byId, setText } from "../dom.js";
import { clockTime, decimal, exact, span } from "../format.js";
import { choose, eventRate, known, on, setMe } from "../store.js";
import { options, segments } from "./segments.js";

/** A page that heard nothing for so long is stale, though the connection may stand: milliseconds. */
const STALE = 40_000;

/** Start the bar. */
export function startHeader() {
  on(["link", "time", "metrics"], drawLink);
  on(["totals"], drawRate);
  on(["config"], drawChoices);
  on(["choice"], () => {
    /** @type {HTMLSelectElement} */ (byId("me")).value = known.me;
  });
  drawLink();
}

function drawLink() {
  const link = byId("link");
  const silent = Date.now() - known.heardAt;
  const stale = known.heardAt > 0 && (known.link !== "live" || silent > STALE);
  const state = known.link === "live" && stale ? "stale" : known.link;
  const since = known.heardAt ? ` · last heard ${clockTime(known.heardAt)}` : "";
  const words = {
    connecting: "Connecting",
    live: "Live",
    stale: `Stale${since}`,
    reconnecting: `Reconnecting${since}`,
    down: "Gateway down, trying again",
    refused: "Key needed",
  };
  link.dataset.state = state;
  document.body.dataset.link = state;
  setText(link, words[state]);
  const asOf = byId("asof");
  if (!known.asOf) return;
  const behind = (Date.now() - Date.parse(known.asOf)) / 1000;
  const wall = known.config?.clock !== "event";
  const late = wall && behind > 90 ? ` (${span(behind)} ago)` : "";
  setText(asOf, `as of ${wall && behind < 80_000 ? clockTime(known.asOf) : exact(known.asOf)}${late}`);
}

function drawRate() {
  const rate = eventRate();
  setText(byId("rate"), rate === null ? "" : `${decimal(rate)} events/s`);
}

function drawChoices() {
  const { config } = known;
  if (!config) return;
  segments(
    byId("windows"),
    "window",
    config.windows.map((window) => [window, window]),
    known.window,
    (window) => choose({ window }),
  );
  const clock = byId("clock");
  clock.hidden = config.clock !== "event";
  setText(clock, "clock: event time");
  clock.title = "Windows end at the latest event seen, not now: a replay or a back-test.";
  const me = /** @type {HTMLSelectElement} */ (byId("me"));
  const people = Object.entries(config.people).sort((a, b) => a[1].localeCompare(b[1]));
  options(me, [["", "nobody yet"], ...people], known.me);
  me.disabled = Boolean(config.actingAs);
  me.title = config.actingAs ? "The API key is this person's own." : "";
  me.onchange = () => setMe(me.value);
}
