/** How the loop itself does: how long people take, what was in time, whom it won back, and what customers are worth. */

import { h, replace } from "../dom.js";
import { NONE, duration, metricTitle, metricUnit, metricValue, whole as count } from "../format.js";
import { known, on, whole } from "../store.js";

/**
 * @typedef {import("../types.js").Metric} Metric
 * @typedef {import("../types.js").MetricSpec} MetricSpec
 */

/** The steps of a case that are timed, with their words. */
const STEPS = [["acknowledge", "Acknowledged"], ["contact", "First contact"], ["resolve", "Resolved"]];
const TIMED = /^(time_to|in_sla)_/;

/** What the n of a figure counts. @type {Record<string, string>} */
const COUNTED = { response_rate: "asked", recovered: "closed cases", csi: "answers" };

/** @param {HTMLElement} root */
export function startLoop(root) {
  on(["config", "metrics", "choice"], () => draw(root));
}

/** @param {HTMLElement} root */
function draw(root) {
  if (!known.config) return;
  const figures = known.config.figures.filter((spec) => !TIMED.test(spec.name));
  replace(root, times(), h("div", { class: "figures" }, ...figures.map(figure)));
}

/** @param {string} metric */
const row = (metric) => whole(metric, known.window);

function times() {
  const head = ["", "Half within", "9 of 10 within", "Mean", "In working hours", "In time", "Cases"];
  return h(
    "table",
    { class: "times" },
    h("thead", {}, h("tr", {}, ...head.map((text) => h("th", { scope: "col", text })))),
    h("tbody", {}, ...STEPS.map(([step, words]) => timesRow(step, words))),
  );
}

/** @param {string} step @param {string} words */
function timesRow(step, words) {
  const wall = row(`time_to_${step}`);
  const business = row(`time_to_${step}_business`);
  const inTime = row(`in_sla_${step}`);
  const few = !wall || wall.too_few;
  return h(
    "tr",
    { "data-step": step, "data-few": few, title: few && wall?.n ? `too few to say (under ${known.config?.minimumN})` : null },
    h("th", { scope: "row", text: words }),
    h("td", { class: "first", text: quantile(wall, "p50") }),
    h("td", { text: quantile(wall, "p90") }),
    h("td", { title: interval(wall, duration), text: wall?.n && wall.value !== null ? duration(wall.value) : NONE }),
    h("td", { title: "Half within, by the working hours of who owned the case", text: quantile(business, "p50") }),
    h("td", { title: interval(inTime, (value) => `${value.toFixed(1)} %`), text: inTime?.n && inTime.value !== null ? `${inTime.value.toFixed(1)} %` : NONE }),
    h("td", { text: count(wall?.n ?? 0) }),
  );
}

/** @param {Metric | undefined} of @param {string} name */
function quantile(of, name) {
  const value = of?.quantiles?.[name];
  return value === undefined ? NONE : duration(value);
}

/** @param {Metric | undefined} of @param {(value: number) => string} words */
function interval(of, words) {
  if (!of || of.low === null || of.high === null) return null;
  return `95 %: ${words(of.low)} to ${words(of.high)}, n ${count(of.n)}`;
}

/** @param {MetricSpec} spec */
function figure(spec) {
  const found = row(spec.name);
  const known95 = found && found.low !== null && found.high !== null;
  const unit = found && found.value !== null ? metricUnit(spec) : "";
  const counted = COUNTED[spec.name] ?? "customers";
  return h(
    "div",
    { class: "figure", "data-metric": spec.name, "data-few": !found || found.too_few },
    h("h3", { text: metricTitle(spec) }),
    h("p", { class: "figure-value" }, found ? metricValue(found.value, spec) : NONE, unit ? h("small", { text: unit }) : null),
    h(
      "p",
      { class: "figure-facts" },
      known95 ? h("span", {}, "95 %: ", h("b", { text: `${metricValue(found.low, spec)} to ${metricValue(found.high, spec)}` })) : null,
      h("span", { text: found?.n ? `${count(found.n)} ${counted}` : `none in ${known.window}` }),
      found?.n && found.too_few ? h("span", { text: "too few to say" }) : null,
    ),
  );
}
