/** The tiles: each metric of everything, with its interval, n, change, distribution, and the last minutes. */

import { h, replace, s, setText } from "../dom.js";
import { NONE, metricDelta, metricName, metricTitle, metricUnit, metricValue, whole as count } from "../format.js";
import { icon } from "../icons.js";
import { change, histogram, rises } from "../statistics.js";
import { known, longerWindow, on, whole } from "../store.js";

/**
 * @typedef {import("../types.js").Metric} Metric
 * @typedef {import("../types.js").MetricSpec} MetricSpec
 */

/** @param {HTMLElement} root */
export function startTiles(root) {
  on(["config"], () => {
    replace(root, ...(known.config?.metrics ?? []).map(tile));
    draw(root);
  });
  on(["metrics", "choice", "time"], () => draw(root));
}

/** @param {MetricSpec} spec */
function tile(spec) {
  return h(
    "article",
    { class: "card tile", "data-metric": spec.name, "aria-label": metricTitle(spec) },
    h("h2", { class: "tile-name" }, metricName(spec.name), h("span", { text: metricTitle(spec) })),
    h("p", { class: "tile-value" }, h("span", { class: "tile-number", text: NONE }), h("small", { class: "tile-unit" })),
    h("p", { class: "tile-facts" }),
    h("div", { class: "tile-bars", role: "img", "data-scores": spec.maximum - spec.minimum + 1 }),
    s("svg", { class: "tile-spark", viewBox: "0 0 300 38", preserveAspectRatio: "none", role: "img" }),
  );
}

/** @param {HTMLElement} root */
function draw(root) {
  for (const spec of known.config?.metrics ?? []) {
    const element = root.querySelector(`[data-metric="${CSS.escape(spec.name)}"]`);
    if (!element) continue;
    // A metric that is declared and never asked takes no room beside those that are.
    /** @type {HTMLElement} */ (element).hidden = isUnused(spec);
    drawTile(/** @type {HTMLElement} */ (element), spec, whole(spec.name, known.window));
  }
}

/** @param {MetricSpec} spec */
function isUnused(spec) {
  const { config } = known;
  const used = /** @param {string} name */ (name) => config?.windows.some((window) => whole(name, window)?.n);
  return !used(spec.name) && Boolean(config?.metrics.some((other) => used(other.name)));
}

/** @param {HTMLElement} element @param {MetricSpec} spec @param {Metric | undefined} row */
function drawTile(element, spec, row) {
  const part = /** @param {string} name */ (name) => /** @type {HTMLElement} */ (element.querySelector(`.tile-${name}`));
  element.toggleAttribute("data-few", !row || row.too_few);
  setText(part("number"), row ? metricValue(row.value, spec) : NONE);
  setText(part("unit"), row && row.value !== null ? metricUnit(spec) : "");
  replace(part("facts"), ...facts(spec, row));
  drawBars(part("bars"), spec, row);
  drawSpark(part("spark"), spec);
}

/** @param {MetricSpec} spec @param {Metric | undefined} row */
function facts(spec, row) {
  if (!row || row.n === 0) return [h("span", { text: `no answers in ${known.window}` })];
  const answers = h("span", {}, h("b", { text: count(row.n) }), row.n === 1 ? " answer" : " answers");
  const interval =
    row.low !== null && row.high !== null
      ? h("span", { title: "95 % interval: where the true value lies, 19 times in 20" }, "95 %: ", h("b", { text: `${metricValue(row.low, spec)} to ${metricValue(row.high, spec)}` }))
      : null;
  if (row.too_few) return [answers, h("span", { text: `too few to say (under ${known.config?.minimumN})` }), interval];
  return [interval, answers, delta(spec, row)];
}

/** @param {MetricSpec} spec @param {Metric} row */
function delta(spec, row) {
  const longer = longerWindow(known.window);
  if (!longer) return null;
  const found = change(row, whole(spec.name, longer));
  if (!found) return null;
  const better = found.difference > 0 === rises(spec);
  const still = Math.abs(found.difference) < (spec.kind === "mean" ? 0.005 : 0.05);
  return h(
    "span",
    {
      class: "delta",
      "data-tone": still || !found.beyondChance ? "even" : better ? "good" : "bad",
      title: found.beyondChance ? `More than chance: the value of ${longer} lies outside the interval` : "Within what chance alone can do",
    },
    still ? null : icon(found.difference > 0 ? "up" : "down"),
    `${metricDelta(found.difference, spec)} vs ${longer}`,
  );
}

/** @param {HTMLElement} element @param {MetricSpec} spec @param {Metric | undefined} row */
function drawBars(element, spec, row) {
  const bars = row ? histogram(row, spec) : [];
  const most = Math.max(1, ...bars.map((bar) => bar.count));
  const words = bars.map((bar) => `${bar.score}: ${count(bar.count)}`).join(", ");
  element.setAttribute("aria-label", row?.n ? `Answers by score. ${words}` : "No answers");
  element.title = row?.n ? `Answers by score\n${bars.map((bar) => `${bar.score}: ${count(bar.count)}`).join("\n")}` : "";
  replace(element, ...bars.map((bar) => h("i", { "data-tone": bar.tone, style: { "--share": String((100 * bar.count) / most) } })));
}

/** The last minutes as this page saw them, with the interval as a band. @param {Element} svg @param {MetricSpec} spec */
function drawSpark(svg, spec) {
  const seen = known.sparks.get(`${spec.name} ${known.window}`) ?? [];
  const first = seen[0];
  const latest = seen.at(-1);
  if (!first || !latest) return replace(svg);
  // What was last heard holds until now: a quiet metric is a level line.
  const last = { ...latest, at: Math.max(latest.at + 1, known.link === "live" ? Date.now() : known.heardAt) };
  const points = [...seen, last];
  const low = Math.min(...points.map((point) => point.low));
  const high = Math.max(...points.map((point) => point.high));
  const length = Math.max(10_000, last.at - first.at);
  const room = high - low || 1;
  const x = /** @param {number} at */ (at) => (300 - ((last.at - at) / length) * 300).toFixed(1);
  const y = /** @param {number} value */ (value) => (35 - ((value - low) / room) * 32).toFixed(1);
  const way = points.map((point) => `${x(point.at)},${y(point.value)}`);
  const band = [
    ...points.map((point) => `${x(point.at)},${y(point.high)}`),
    ...[...points].reverse().map((point) => `${x(point.at)},${y(point.low)}`),
  ];
  svg.setAttribute("aria-label", `Since this page was opened: from ${metricValue(first.value, spec)} to ${metricValue(last.value, spec)}`);
  return replace(
    svg,
    s("path", { class: "spark-band", d: `M${band.join(" L")} Z` }),
    s("path", { class: "spark-line", d: `M${way.join(" L")}` }),
  );
}
