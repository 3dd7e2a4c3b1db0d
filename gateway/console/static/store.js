/** What the page knows, and who wants to be told when it changes. Views read `state`; only this module writes it. */

import { OUTCOME } from "./statistics.js";

/**
 * @typedef {import("./types.js").Config} Config
 * @typedef {import("./types.js").Metric} Metric
 * @typedef {import("./types.js").MetricSpec} MetricSpec
 * @typedef {import("./types.js").Case} Case
 * @typedef {import("./types.js").Totals} Totals
 * @typedef {import("./types.js").Silence} Silence
 * @typedef {"config" | "choice" | "metrics" | "days" | "cases" | "totals" | "silences" | "link" | "time"} Topic
 *
 * @typedef {object} Point   a value as this page saw it
 * @property {number} at     milliseconds
 * @property {number} value
 * @property {number} low
 * @property {number} high
 *
 * @typedef {object} CaseList   a list of cases as far as it was fetched
 * @property {number} floor     every case of the list with at least this id is known
 * @property {string | null} cursor   of the next page of older cases
 */

/** How many points of the last minutes a sparkline keeps, at one a second. */
const POINTS = 600;
/** Calls for redrawing within this time are one: milliseconds. A thousand metrics a second still are four drawings. */
const BATCH = 120;

const state = {
  /** @type {Config | null} */
  config: null,
  /** The window of tiles and table. */
  window: "24h",
  /** The cut of the table. */
  cut: "touchpoint",
  /** The series of the history chart: metric, cut, and the values of the cut's dimensions. */
  series: { metric: "nps", cut: "all", /** @type {string[]} */ values: [] },
  /** Person key of who is looking, for "mine" and for the history of what they do; empty for nobody. */
  me: localStorage.getItem("closeloop.me") ?? "",
  /** @type {Map<string, Metric>} rows of rolling windows by {@link rowKey} */
  metrics: new Map(),
  /** @type {Map<string, Metric>} rows of days of `series` that came live, by {@link rowKey} */
  days: new Map(),
  /** @type {Map<string, Point[]>} by metric and window */
  sparks: new Map(),
  /** @type {Map<number, Case>} */
  cases: new Map(),
  /** Which cases the feed lists: those not closed, those of who is looking, or all. @type {"open" | "mine" | "all"} */
  scope: "open",
  /** How far each list of cases is known, by {@link listName}. @type {Map<string, CaseList>} */
  lists: new Map(),
  /** Those that hold or are to come, newest first; `null` before they are known. @type {Silence[] | null} */
  silences: null,
  /** @type {Totals | null} */
  totals: null,
  /** @type {{at: number, events: number}[]} received events, for the rate */
  received: [],
  /** @type {"connecting" | "live" | "reconnecting" | "down" | "refused"} */
  link: "connecting",
  /** Milliseconds when anything last came. */
  heardAt: 0,
  /** The latest `as_of` of any metric. */
  asOf: "",
};

/** @type {Map<Topic, Set<() => void>>} */
const listeners = new Map();
/** @type {Set<Topic>} */
const dirty = new Set();
let scheduled = false;

/** The page's knowledge, to be read only. @type {Readonly<typeof state>} */
export const known = state;

/**
 * Be told, at most some times a second, that one of these topics changed.
 * @param {Topic[]} topics
 * @param {() => void} listener
 */
export function on(topics, listener) {
  for (const topic of topics) {
    const held = listeners.get(topic) ?? new Set();
    held.add(listener);
    listeners.set(topic, held);
  }
}

/** @param {Topic} topic */
export function changed(topic) {
  dirty.add(topic);
  if (scheduled) return;
  scheduled = true;
  setTimeout(() => {
    scheduled = false;
    const due = new Set([...dirty].flatMap((name) => [...(listeners.get(name) ?? [])]));
    dirty.clear();
    for (const listener of due) listener();
  }, BATCH);
}

/** @param {Metric} row */
export const rowKey = (row) =>
  [row.metric, row.window, row.day ?? "", row.cut, row.scale ?? "", ...Object.values(row.key)].join("\u0001");

/** The metrics of answers, and the outcome of touchpoints: what the table of cuts shows. @returns {MetricSpec[]} */
export const specs = () => [...(state.config?.metrics ?? []), OUTCOME];

/** The metrics that have days, for the chart: those, and what the loop reckons about itself. @returns {MetricSpec[]} */
export const specsByDay = () => [...specs(), ...(state.config?.figures ?? []).filter((spec) => spec.topic !== "customers")];

/** The row of everything, for a metric and a window. @param {string} metric @param {string} window */
export const whole = (metric, window) => state.metrics.get([metric, window, "", "all", ""].join("\u0001"));

/** The next longer window, if there is one. @param {string} window */
export function longerWindow(window) {
  const windows = state.config?.windows ?? [];
  return windows[windows.indexOf(window) + 1];
}

/** @param {Config} config */
export function setConfig(config) {
  state.config = config;
  if (!config.windows.includes(state.window)) state.window = config.windows[Math.min(1, config.windows.length - 1)];
  if (!config.metrics.some((spec) => spec.name === state.series.metric)) state.series.metric = config.metrics[0].name;
  if (config.actingAs || !(state.me in config.people)) state.me = config.actingAs;
  if (!(state.cut in config.cuts)) state.cut = Object.keys(config.cuts).find((cut) => cut !== "all") ?? "all";
  changed("config");
}

/** Choose a window or a cut. @param {{window?: string, cut?: string}} choice */
export function choose(choice) {
  Object.assign(state, choice);
  for (const [key, row] of state.metrics) if (row.cut !== "all" && row.cut !== state.cut) state.metrics.delete(key);
  changed("choice");
}

/** Choose the series of the history chart. @param {typeof state.series} series */
export function chooseSeries(series) {
  state.series = series;
  state.days = new Map();
}

/** Say who is looking and acting. @param {string} person */
export function setMe(person) {
  state.me = person;
  localStorage.setItem("closeloop.me", person);
  changed("choice");
}

/** Choose which cases are listed. @param {typeof state.scope} scope */
export function chooseScope(scope) {
  state.scope = scope;
  changed("choice");
}

/** The name of the list of cases that is chosen: everyone's own is another one. */
export const listName = () => (state.scope === "mine" ? `mine ${state.me}` : state.scope);

/** Take in rows, in any order: the newer one of a series and window stays. @param {Metric[]} rows */
export function putMetrics(rows) {
  for (const row of rows) {
    const target = row.window === "day" ? state.days : state.metrics;
    if (!isWanted(row)) continue;
    const key = rowKey(row);
    const held = target.get(key);
    if (held && (held.version > row.version || (held.version === row.version && Date.parse(held.as_of) > Date.parse(row.as_of)))) continue;
    target.set(key, row);
    if (row.as_of > state.asOf) state.asOf = row.as_of;
    if (row.window === "day") changed("days");
    else if (row.cut === "all" && !row.scale) spark(row);
  }
  changed("metrics");
}

/**
 * What no view shows is not kept, so that the page stays small beside ten thousand keys.
 * @param {Metric} row
 */
function isWanted(row) {
  if (row.window !== "day") return row.cut === "all" || row.cut === state.cut;
  const { metric, cut, values } = state.series;
  return row.metric === metric && row.cut === cut && !row.scale && Object.values(row.key).join("\u0001") === values.join("\u0001");
}

/** @param {Metric} row */
function spark(row) {
  if (row.value === null || row.low === null || row.high === null) return;
  const key = `${row.metric} ${row.window}`;
  const points = state.sparks.get(key) ?? [];
  const point = { at: Date.now(), value: row.value, low: row.low, high: row.high };
  const last = points.at(-1);
  if (last && point.at - last.at < 900) points[points.length - 1] = { ...point, at: last.at };
  else points.push(point);
  if (points.length > POINTS) points.shift();
  state.sparks.set(key, points);
}

/** @param {Totals} totals */
export function setTotals(totals) {
  state.totals = totals;
  const now = Date.now();
  state.received.push({ at: now, events: totals.touchpoints.received + totals.responses.received });
  while (state.received.length > 2 && now - state.received[0].at > 15_000) state.received.shift();
  changed("totals");
}

/** @param {Silence[]} silences those that hold or are to come */
export function setSilences(silences) {
  state.silences = silences;
  changed("silences");
}

/** Events a second over the last seconds, or `null` before it can be said. */
export function eventRate() {
  const first = state.received[0];
  const last = state.received.at(-1);
  if (!first || !last || last.at - first.at < 2000) return null;
  return Math.max(0, (last.events - first.events) / ((last.at - first.at) / 1000));
}

/** Take in cases: the newer version stays. @param {Case[]} cases */
export function putCases(cases) {
  for (const item of cases) {
    const held = state.cases.get(item.id);
    if (!held || held.version <= item.version) state.cases.set(item.id, item);
  }
  changed("cases");
}

/** A first or a further page of a list has come. @param {string} list @param {Case[]} cases @param {string | null} next */
export function putCasePage(list, cases, next) {
  state.lists.set(list, { floor: next ? Math.min(...cases.map((item) => item.id)) : 0, cursor: next });
  putCases(cases);
}

/** Forget every case: what happened to them while the stream was away is not known. */
export function forgetCases() {
  state.cases = new Map();
  state.lists = new Map();
}

/** @param {typeof state.link} link */
export function setLink(link) {
  if (state.link !== link) changed("link");
  state.link = link;
}

/** Something came from the server. */
export function heard() {
  state.heardAt = Date.now();
}
