/** The chart of days: one series with its 95 % interval as a band. */

import { ApiError, fetchHistory, fetchMetrics } from "../api.js";
import { byId, h, replace } from "../dom.js";
import { dayWords, metricName, metricUnit, metricValue, whole as count } from "../format.js";
import { axis } from "../statistics.js";
import { chooseSeries, known, on, specsByDay } from "../store.js";
import { drawChart, endChart } from "./historychart.js";
import { options } from "./segments.js";

/**
 * @typedef {import("../types.js").Metric} Metric
 * @typedef {import("../types.js").MetricSpec} MetricSpec
 */

/** Days shown, by the words of the choice. @type {[string, string][]} */
const SPANS = [["30", "30 days"], ["90", "90 days"], ["365", "a year"], ["800", "all"]];

let days = "90";
/** @type {Metric[]} */
let rows = [];
/** @type {string[]} keys of the chosen cut, joined, as options */
let keys = [];
let loading = 0;
let failed = "";

/** @param {HTMLElement} root */
export function startHistory(root) {
  drawControls();
  on(["days"], () => draw(root));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => draw(root));
  // The first metrics say which day it is, which under `--clock event` is not today.
  let asked = false;
  on(["metrics", "totals"], () => {
    if (asked || (!known.asOf && !known.totals)) return;
    asked = true;
    void load(root);
  });
}

/** Show a key of a cut: what a click in the table asks for. @param {string} cut @param {string[]} values */
export function showSeries(cut, values) {
  chooseSeries({ ...known.series, cut, values });
  keys = [...new Set([...keys, values.join("\u0001")])];
  drawControls();
  void load(byId("history"));
  byId("history").closest("section")?.scrollIntoView({ block: "nearest" });
}

/** How a metric is called where there is little room. @param {MetricSpec} spec */
const nameOf = (spec) => spec.title ?? (spec.name === "outcome" ? "Failed" : metricName(spec.name));

function drawControls() {
  const { config, series } = known;
  if (!config) return;
  const root = byId("history-controls");
  /** @param {string} label @param {[string, string][]} choices @param {string} chosen @param {(value: string) => void} then */
  const control = (label, choices, chosen, then) => {
    const select = /** @type {HTMLSelectElement} */ (h("select", { "aria-label": label }));
    options(select, choices, chosen);
    select.addEventListener("change", () => {
      then(select.value);
      drawControls();
      void load(byId("history"));
      /** @type {HTMLElement | null} */ (root.querySelector(`[aria-label="${label}"]`))?.focus();
    });
    return select;
  };
  const joined = series.values.join("\u0001");
  const wanted = keys.includes(joined) || !joined ? keys : [joined, ...keys];
  replace(
    root,
    control("Metric", specsByDay().map((spec) => [spec.name, nameOf(spec)]), series.metric, (metric) => chooseSeries({ ...known.series, metric })),
    control("Cut", Object.keys(config.cuts).map((cut) => [cut, cut === "all" ? "everything" : cut.replaceAll("_", " and ")]), series.cut, (cut) => {
      keys = [];
      chooseSeries({ ...known.series, cut, values: [] });
    }),
    series.cut === "all" ? null : control("Key", wanted.map((key) => [key, key.replaceAll("\u0001", " · ") || "(none)"]), joined, (key) => chooseSeries({ ...known.series, values: key.split("\u0001") })),
    control("Span", SPANS, days, (value) => {
      days = value;
    }),
  );
}

/** The newest day there is, in the zone of the history. */
function newestDay() {
  const at = known.asOf ? new Date(known.asOf) : new Date();
  return new Intl.DateTimeFormat("en-CA", { timeZone: known.config?.zone, dateStyle: "short" }).format(at);
}

/** @param {string} day @param {number} by */
function shifted(day, by) {
  const at = new Date(`${day}T00:00:00Z`);
  at.setUTCDate(at.getUTCDate() + by);
  return at.toISOString().slice(0, 10);
}

/** The keys of a cut that have answers, those with the most first. @param {Metric[]} found */
function keysOf(found) {
  /** @type {Map<string, number>} */
  const sizes = new Map();
  for (const row of found) {
    const key = Object.values(row.key).join("\u0001");
    sizes.set(key, (sizes.get(key) ?? 0) + row.n);
  }
  return [...sizes].sort((a, b) => b[1] - a[1]).map(([key]) => key);
}

/** The keys that can be chosen: of now, else, in imported past years, of the days. @param {{metric: string, cut: string, from: string, to: string}} query */
async function findKeys(query) {
  const { metric, cut } = query;
  const now = keysOf(await fetchMetrics({ metric, cut, window: known.config?.windows.at(-1) }));
  return now.length ? now : keysOf(await fetchHistory(query));
}

/** @param {HTMLElement} root */
async function load(root) {
  const ticket = (loading += 1);
  const { metric, cut } = known.series;
  const to = newestDay();
  const query = { metric, cut, from: shifted(to, 1 - Number(days)), to: shifted(to, 1) };
  root.setAttribute("aria-busy", "true");
  try {
    const found = cut === "all" ? [] : await findKeys(query);
    if (ticket !== loading) return;
    keys = found;
    if (!known.series.values.length && keys.length) chooseSeries({ ...known.series, values: keys[0].split("\u0001") });
    const dimensions = known.config?.cuts[cut] ?? [];
    const key = known.series.values.map((value, index) => `${dimensions[index]}:${value}`);
    const stored = await fetchHistory({ ...query, key });
    // Today's row may not be recorded yet; the live view has it.
    const live = await fetchMetrics({ metric, cut, window: "day" });
    if (ticket !== loading) return;
    failed = "";
    rows = [...stored, ...live].filter((row) => !row.scale && row.day);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (ticket !== loading) return;
    failed = error.message;
    rows = [];
  }
  root.removeAttribute("aria-busy");
  drawControls();
  draw(root);
}

/** The chosen series, one row a day, the newest version of each. */
function series() {
  const wanted = known.series.values.join("\u0001");
  /** @type {Map<string, Metric>} */
  const byDay = new Map();
  const first = shifted(newestDay(), 1 - Number(days));
  for (const row of [...rows, ...known.days.values()]) {
    const day = row.day ?? "";
    const held = byDay.get(day);
    if (day < first || Object.values(row.key).join("\u0001") !== wanted) continue;
    if (!held || held.version <= row.version) byDay.set(day, row);
  }
  return [...byDay.values()].sort((a, b) => ((a.day ?? "") < (b.day ?? "") ? -1 : 1));
}

/** @param {HTMLElement} root */
function draw(root) {
  const spec = specsByDay().find((one) => one.name === known.series.metric);
  if (!spec || root.hasAttribute("aria-busy")) return;
  const found = series().filter((row) => row.value !== null);
  if (found.length > 1) {
    drawChart(root, found, spec, axis(spec));
    return;
  }
  endChart();
  replace(root, few(found[0], spec));
}

/** What is said instead of a chart. @param {Metric | undefined} only @param {MetricSpec} spec */
function few(only, spec) {
  if (failed) return h("div", { class: "empty" }, h("strong", { text: "The history cannot be read" }), h("p", { text: failed }));
  if (!only || only.value === null) return h("div", { class: "empty" }, h("strong", { text: "No history yet" }), h("p", { text: "Days appear with the first answers, also imported ones of past years." }));
  const unit = metricUnit(spec);
  const interval = only.low !== null && only.high !== null ? `, 95 %: ${metricValue(only.low, spec)} to ${metricValue(only.high, spec)}` : "";
  return h(
    "div",
    { class: "empty" },
    h("strong", { text: `Only ${dayWords(only.day ?? "")} so far` }),
    h("p", { text: `${nameOf(spec)} ${metricValue(only.value, spec)}${unit ? ` ${unit}` : ""} from ${count(only.n)}${interval}. The line begins with the second day.` }),
    h("p", { text: "Past answers can be imported: closeloop import FILE puts each on the day it belongs to." }),
  );
}
