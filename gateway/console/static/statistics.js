/** Decisions about metrics that the views share. Pure functions of the values that the API sends. */

/**
 * @typedef {import("./types.js").Metric} Metric
 * @typedef {import("./types.js").MetricSpec} MetricSpec
 */

/** The metric of touchpoints: the share of failed ones. It comes with every installation. @type {MetricSpec} */
export const OUTCOME = { name: "outcome", kind: "share", minimum: 0, maximum: 100, higherIsBetter: false };

/** The 0.975 quantile of the normal distribution: half the width of a 95 % interval in standard errors. */
const Z95 = 1.959963984540054;

/**
 * The range of values a metric can have: the axis of its interval bars.
 * @param {MetricSpec} spec
 * @returns {[number, number]}
 */
export function axis(spec) {
  if (spec.kind === "nps") return [-100, 100];
  if (spec.kind === "seconds" || spec.kind === "money") return [0, Infinity];
  return spec.kind === "mean" ? [spec.minimum, spec.maximum] : [0, 100];
}

/**
 * The part of a metric's axis that these rows need, on round numbers, so that intervals can be told apart and the axis
 * stays while values move a little.
 * @param {(Metric | undefined)[]} rows
 * @param {MetricSpec} spec
 * @returns {[number, number]}
 */
export function axisOf(rows, spec) {
  const limits = axis(spec);
  const ends = rows.flatMap((row) => (row && !row.too_few && row.low !== null && row.high !== null ? [row.low, row.high] : []));
  if (!ends.length) return limits;
  const step = { nps: 20, top_box: 10, mean: 0.5, share: 5, index: 10, seconds: 3600, money: 10 }[spec.kind];
  const low = Math.max(limits[0], Math.floor(Math.min(...ends) / step) * step);
  const high = Math.min(limits[1], Math.ceil(Math.max(...ends) / step) * step);
  return high > low ? [low, high] : limits;
}

/**
 * Where a value lies on an axis, in percent of its length; what lies outside is at its end.
 * @param {number} value
 * @param {[number, number]} ends
 */
export function place(value, [low, high]) {
  return Math.min(100, Math.max(0, (100 * (value - low)) / (high - low)));
}

/**
 * Whether a higher value is the better one. Scores where low is good are so for means; NPS and top box are computed
 * from the good end and always rise with satisfaction.
 * @param {MetricSpec} spec
 */
export const rises = (spec) => (spec.kind === "nps" || spec.kind === "top_box" ? true : spec.higherIsBetter);

/**
 * How far a row stands from the whole, in standard errors of the row; negative is worse. `null` where it cannot be said.
 * @param {Metric | undefined} row
 * @param {Metric | undefined} all
 * @param {MetricSpec} spec
 * @returns {number | null}
 */
export function standing(row, all, spec) {
  if (!row || !all || row.too_few || row.value === null || all.value === null) return null;
  if (row.low === null || row.high === null || row.high <= row.low) return null;
  const error = (row.high - row.low) / (2 * Z95);
  const away = (row.value - all.value) / error;
  return rises(spec) ? away : -away;
}

/**
 * Whether the whole 95 % interval of a row lies on the worse side of the whole's value.
 * @param {Metric | undefined} row
 * @param {Metric | undefined} all
 * @param {MetricSpec} spec
 */
export function clearlyWorse(row, all, spec) {
  if (!row || !all || row.too_few || all.value === null || row.low === null || row.high === null) return false;
  return rises(spec) ? row.high < all.value : row.low > all.value;
}

/**
 * What became of a metric against a longer window: the difference, and whether it is more than chance (the longer
 * window's value lies outside the shorter one's interval).
 * @param {Metric | undefined} row
 * @param {Metric | undefined} longer
 * @returns {{difference: number, beyondChance: boolean} | null}
 */
export function change(row, longer) {
  if (!row || !longer || row.value === null || longer.value === null || row.too_few || longer.too_few) return null;
  const outside = row.low !== null && row.high !== null && (longer.value < row.low || longer.value > row.high);
  return { difference: row.value - longer.value, beyondChance: outside };
}

/**
 * The scores of a metric from worst to best with their counts and class: `bad`, `middle` or `good`.
 * @param {Metric} row
 * @param {MetricSpec} spec
 * @returns {{score: number, count: number, tone: "bad" | "middle" | "good"}[]}
 */
export function histogram(row, spec) {
  const bars = [];
  for (let score = spec.minimum; score <= spec.maximum; score += 1) {
    const fromBest = spec.higherIsBetter ? spec.maximum - score : score - spec.minimum;
    const steps = spec.maximum - spec.minimum;
    /** @type {"bad" | "middle" | "good"} */
    let tone = fromBest <= 1 ? "good" : "bad";
    if (spec.kind === "nps" && fromBest > 1 && fromBest <= 3) tone = "middle";
    if (spec.kind !== "nps" && fromBest > 1 && fromBest <= steps / 2) tone = "middle";
    bars.push({ score, count: row.counts[String(score)] ?? 0, tone });
  }
  return spec.higherIsBetter ? bars : bars.reverse();
}
