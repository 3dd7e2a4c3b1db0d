/** The table of one cut: every key with every metric, its interval on the scale, n, and failed touchpoints. */

import { flash, h, reconcile, replace, setText } from "../dom.js";
import { NONE, axisEnd, metricName, metricUnit, metricValue, short, whole as count } from "../format.js";
import { icon } from "../icons.js";
import { OUTCOME, axis, axisOf, clearlyWorse, place, rises, standing } from "../statistics.js";
import { choose, known, on, specs, whole } from "../store.js";
import { nothingYet } from "./empty.js";
import { showSeries } from "./history.js";
import { options } from "./segments.js";

/**
 * @typedef {import("../types.js").Metric} Metric
 * @typedef {import("../types.js").MetricSpec} MetricSpec
 * @typedef {{id: string, words: string, values: string[], scale: string, rows: Map<string, Metric>, worst: number}} Line
 */

/** More rows than this are not drawn: the worst of ten thousand keys are what is looked for. */
const MOST = 200;

/** A row flashes at most once in this time, or under load all rows would glow for ever: milliseconds. */
const CALM = 6000;

/** The metric sorted by; empty for the worst standing in any. */
let sortBy = "";
/** @type {HTMLElement | null} */
let body = null;
/** The ends of each metric's bars. @type {Map<string, [number, number]>} */
const axes = new Map();

/** @param {HTMLElement} root */
export function startBreakdown(root) {
  on(["config", "choice"], () => {
    drawCuts();
    body = null;
  });
  on(["metrics", "choice", "totals"], () => draw(root));
  new ResizeObserver(() => fit(root)).observe(root);
  replace(root, h("div", { class: "bones" }, ...Array.from({ length: 7 }, () => h("i"))));
}

function drawCuts() {
  const select = /** @type {HTMLSelectElement} */ (document.getElementById("cut"));
  const cuts = Object.entries(known.config?.cuts ?? {}).filter(([name]) => name !== "all");
  options(select, cuts.map(([name]) => [name, name.replaceAll("_", " and ")]), known.cut);
  select.onchange = () => choose({ cut: select.value });
}

/** The metrics' columns of the table: those with a row in this cut and window. @type {MetricSpec[]} */
let columns = [];

/** @param {Line[]} found */
function columnsOf(found) {
  return specs().filter((spec) => found.some((line) => line.rows.has(spec.name)));
}

/** Let value, bar and n stand below each other where the columns are narrow. @param {HTMLElement} root */
function fit(root) {
  root.classList.toggle("stacked", root.clientWidth < 130 + columns.length * 195);
  root.classList.toggle("narrow", root.clientWidth < 120 + columns.length * 92);
}

/** The lines of the chosen cut and window, worst first. @returns {Line[]} */
function lines() {
  /** @type {Map<string, Line>} */
  const held = new Map();
  const shown = new Set(specs().map((spec) => spec.name));
  for (const row of known.metrics.values()) {
    if (!shown.has(row.metric) || row.cut !== known.cut || row.window !== known.window || (row.n === 0 && row.value === null)) continue;
    const values = Object.values(row.key);
    const scale = row.scale ?? "";
    const id = [...values, scale].join("\u0001");
    const line = held.get(id) ?? { id, words: words(values, scale), values, scale, rows: new Map(), worst: Infinity };
    line.rows.set(row.metric, row);
    held.set(id, line);
  }
  for (const line of held.values()) line.worst = standingOf(line);
  return [...held.values()].sort((a, b) => a.worst - b.worst || a.words.localeCompare(b.words));
}

/** @param {string[]} values @param {string} scale */
function words(values, scale) {
  const name = values.length ? values.map((value) => value || "(none)").join(" · ") : "everything";
  return scale ? `${name} (scale ${scale})` : name;
}

/** How badly a line stands, lower is worse. @param {Line} line */
function standingOf(line) {
  if (sortBy) {
    const spec = specs().find((one) => one.name === sortBy);
    const row = line.rows.get(sortBy);
    if (!spec || !row || row.value === null) return Infinity;
    return (rises(spec) ? row.value : -row.value) + (row.too_few ? 1e6 : 0);
  }
  const standings = specs().map((spec) => standing(line.rows.get(spec.name), whole(spec.name, known.window), spec));
  return Math.min(...standings.map((one) => one ?? 1e6));
}

/** @param {HTMLElement} root */
function draw(root) {
  if (!known.config) return;
  const found = lines();
  const hint = /** @type {HTMLElement} */ (document.getElementById("breakdown-hint"));
  setText(hint, found.length > MOST ? `the worst ${MOST} of ${count(found.length)}` : "worst first; the dashed line is everything");
  if (sortBy) setText(hint, `worst ${metricName(sortBy)} first`);
  if (!found.length) {
    body = null;
    if (known.totals) replace(root, nothingYet(known.totals));
    return;
  }
  const wanted = columnsOf(found);
  if (!body?.isConnected || wanted.map((spec) => spec.name).join() !== columns.map((spec) => spec.name).join()) {
    columns = wanted;
    replace(root, table());
    fit(root);
  }
  for (const header of root.querySelectorAll("th[data-metric]")) {
    const spec = specs().find((one) => one.name === header.getAttribute("data-metric"));
    const sorted = header.getAttribute("data-metric") === sortBy && spec;
    header.setAttribute("aria-sort", sorted ? (rises(spec) ? "ascending" : "descending") : "none");
  }
  const first = !body?.children.length;
  for (const spec of columns) {
    const ends = axisOf([whole(spec.name, known.window), ...found.map((line) => line.rows.get(spec.name))], spec);
    axes.set(spec.name, ends);
    const scale = root.querySelector(`th[data-metric="${CSS.escape(spec.name)}"] .axis`);
    if (scale) ends.forEach((end, index) => setText(scale.children[index], axisEnd(end, spec)));
  }
  reconcile(/** @type {HTMLElement} */ (body), found.slice(0, MOST), (line) => line.id, create, (element, line) => update(element, line, !first));
}

function table() {
  body = h("tbody");
  const heads = columns.map((spec) => {
    const button = h("button", { type: "button", title: "Sort the worst first; again to sort by standing" }, headWords(spec), icon("down"));
    button.addEventListener("click", () => {
      sortBy = sortBy === spec.name ? "" : spec.name;
      draw(/** @type {HTMLElement} */ (document.getElementById("breakdown")));
    });
    const ends = h("span", { class: "axis", title: "Where the bars of this column begin and end" }, h("span"), h("span"));
    return h("th", { scope: "col", "data-metric": spec.name }, h("div", { class: "reading" }, button, ends, h("span", { class: "reading-n", text: "n" })));
  });
  const dimensions = (known.config?.cuts[known.cut] ?? []).map((name) => name.replace(/^attributes\./, ""));
  return h(
    "table",
    { class: "cuts" },
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, h("span", { class: "muted", text: dimensions.join(" · ") })), ...heads)),
    body,
  );
}

/** @param {MetricSpec} spec */
function headWords(spec) {
  if (spec.name === OUTCOME.name) return "Failed";
  return metricName(spec.name);
}

/** A name that may break after its dots: narrow columns have no room for it. @param {string} name */
function breakable(name) {
  return name.split(/(?<=[._])/).flatMap((part, index) => (index ? [h("wbr"), part] : [part]));
}

/** @param {Line} line */
function create(line) {
  const button = h("button", { type: "button", title: `${line.words}: show by day` }, ...breakable(line.words));
  button.addEventListener("click", () => showSeries(known.cut, line.values));
  return h(
    "tr",
    {},
    h("th", { scope: "row" }, button),
    ...columns.map((spec) => h("td", { "data-metric": spec.name })),
  );
}

/** @param {HTMLElement} element @param {Line} line @param {boolean} mayFlash */
function update(element, line, mayFlash) {
  let worse = 0;
  let moved = false;
  for (const spec of columns) {
    const cell = /** @type {HTMLElement} */ (element.querySelector(`td[data-metric="${CSS.escape(spec.name)}"]`));
    const row = line.rows.get(spec.name);
    const all = whole(spec.name, known.window);
    const stamp = row ? `${row.value} ${row.low} ${row.high} ${row.n} ${all?.value} ${axes.get(spec.name)}` : "";
    const isWorse = clearlyWorse(row, all, spec);
    if (isWorse) worse += 1;
    if (cell.dataset.stamp === stamp) continue;
    const value = row ? metricValue(row.value, spec) : "";
    if (cell.dataset.value !== undefined && cell.dataset.value !== value) moved = true;
    cell.dataset.stamp = stamp;
    cell.dataset.value = value;
    replace(cell, row ? reading(row, all, spec, isWorse) : h("div", { class: "reading", "data-few": true }, h("span", { class: "reading-value", text: NONE })));
  }
  element.toggleAttribute("data-worse", worse > 0);
  const now = Date.now();
  if (moved && mayFlash && now - Number(element.dataset.flashed ?? 0) > CALM) {
    element.dataset.flashed = String(now);
    flash(element);
  }
}

/**
 * One value with its interval on the scale, and n.
 * @param {Metric} row
 * @param {Metric | undefined} all
 * @param {MetricSpec} spec
 * @param {boolean} worse
 */
function reading(row, all, spec, worse) {
  const unit = spec.kind === "mean" ? "" : metricUnit(spec) && ` ${metricUnit(spec)}`;
  const value = `${metricValue(row.value, spec)}${row.value === null ? "" : unit}`;
  const title =
    row.low === null || row.high === null
      ? `${count(row.n)} counted`
      : `${metricName(spec.name)} ${value}, 95 %: ${metricValue(row.low, spec)} to ${metricValue(row.high, spec)}, n ${count(row.n)}` +
        (row.too_few ? ", too few to say" : worse ? ", clearly worse than the whole" : "");
  return h(
    "div",
    { class: "reading", title, "data-worse": worse, "data-few": row.too_few },
    h(
      "span",
      { class: "reading-value" },
      worse ? icon("down") : null,
      row.too_few ? `(${value})` : value,
      worse ? h("span", { class: "sr", text: ", clearly worse than the whole" }) : null,
      row.too_few ? h("span", { class: "sr", text: ", too few to say" }) : null,
    ),
    range(row, all, spec),
    h("span", { class: "reading-n", text: short(row.n) }),
  );
}

/** @param {Metric} row @param {Metric | undefined} all @param {MetricSpec} spec */
function range(row, all, spec) {
  if (row.value === null || row.low === null || row.high === null) return h("span");
  const ends = axes.get(spec.name) ?? axis(spec);
  const at = /** @param {number} value */ (value) => place(value, ends).toFixed(2);
  return h(
    "span",
    { class: "range", "aria-hidden": "true" },
    h("span", { class: "range-bar", style: { "--low": at(row.low), "--high": at(row.high) } }),
    h("span", { class: "range-dot", style: { "--at": at(row.value) } }),
    all && all.value !== null ? h("span", { class: "range-whole", style: { "--whole": at(all.value) } }) : null,
  );
}
