/** Numbers, times and spans as people read them. Every function is pure: "now" is an argument. */

/** @typedef {import("./types.js").MetricSpec} MetricSpec */

const LOCALE = navigator.languages.find((language) => language.startsWith("en")) ?? "en-GB";

const WHOLE = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 0 });
const SHORT = new Intl.NumberFormat(LOCALE, { notation: "compact", maximumFractionDigits: 1 });
const ONE = new Intl.NumberFormat(LOCALE, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const TWO = new Intl.NumberFormat(LOCALE, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const SIGNED_ONE = new Intl.NumberFormat(LOCALE, {
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
  signDisplay: "exceptZero",
});
const SIGNED_TWO = new Intl.NumberFormat(LOCALE, {
  minimumFractionDigits: 2,
  maximumFractionDigits: 2,
  signDisplay: "exceptZero",
});
const TIME = new Intl.DateTimeFormat(LOCALE, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const SECOND = new Intl.DateTimeFormat(LOCALE, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});
const WEEKDAY = new Intl.DateTimeFormat(LOCALE, { weekday: "short" });
const DATE = new Intl.DateTimeFormat(LOCALE, { day: "numeric", month: "short" });
const DATE_YEAR = new Intl.DateTimeFormat(LOCALE, { day: "numeric", month: "short", year: "numeric" });

/** What is shown where there is no value. */
export const NONE = "–";

/** A whole number with its separators. @param {number} value */
export const whole = (value) => WHOLE.format(value);

/** A whole number in at most five signs: 12.4K. @param {number} value */
export const short = (value) => (Math.abs(value) < 10_000 ? WHOLE.format(value) : SHORT.format(value));

/** A number with one decimal. @param {number} value */
export const decimal = (value) => ONE.format(value);

/**
 * A metric's value without its unit: NPS in signed points, shares in percent, means in scale points.
 * @param {number | null} value
 * @param {MetricSpec} spec
 */
export function metricValue(value, spec) {
  if (value === null) return NONE;
  const rounded = Object.is(value, -0) ? 0 : value;
  if (spec.kind === "nps") return minus(SIGNED_ONE.format(rounded));
  return (spec.kind === "mean" ? TWO : ONE).format(rounded);
}

/** The unit that stands beside a metric's value. @param {MetricSpec} spec */
export const metricUnit = (spec) =>
  spec.kind === "nps" ? "" : spec.kind === "mean" ? `of ${spec.maximum}` : "%";

/**
 * A difference of two values of a metric, signed.
 * @param {number} difference
 * @param {MetricSpec} spec
 */
export const metricDelta = (difference, spec) =>
  minus((spec.kind === "mean" ? SIGNED_TWO : SIGNED_ONE).format(difference));

/** A hyphen as the minus it means: it is as wide as the plus. @param {string} text */
const minus = (text) => text.replace("-", "\u2212");

/** A value at the end of an axis: as short as it can be. @param {number} value @param {MetricSpec} spec */
export const axisEnd = (value, spec) => minus(spec.kind === "mean" ? String(value) : WHOLE.format(value));

/** How a metric is called in full. @param {MetricSpec} spec */
export function metricTitle(spec) {
  const titles = { nps: "Net promoter score", csat: "Customer satisfaction", ces: "Customer effort, high is easy" };
  const title = /** @type {Record<string, string>} */ (titles)[spec.name];
  return title ?? { nps: "Promoters less detractors", top_box: "Share of top two", mean: "Mean", share: "Share" }[spec.kind];
}

/** How a metric is called in short. @param {string} name */
export const metricName = (name) => (name.length <= 4 ? name.toUpperCase() : sentence(name));

/** `late_delivery` as "Late delivery". @param {string} code */
export function sentence(code) {
  const words = code.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/**
 * A span of time in its largest unit: 45s, 12m, 3h, 5d.
 * @param {number} seconds
 */
export function span(seconds) {
  const total = Math.max(0, Math.round(seconds));
  if (total < 60) return `${total} s`;
  if (total < 3600) return `${Math.floor(total / 60)} min`;
  if (total < 48 * 3600) {
    const hours = Math.floor(total / 3600);
    const minutes = Math.floor((total % 3600) / 60);
    return hours < 4 && minutes > 0 ? `${hours} h ${minutes} min` : `${hours} h`;
  }
  return `${Math.floor(total / 86_400)} d`;
}

/**
 * How long ago.
 * @param {string} instant
 * @param {number} now  milliseconds
 */
export function age(instant, now) {
  const seconds = (now - Date.parse(instant)) / 1000;
  return seconds < 1 ? "now" : span(seconds);
}

/**
 * A moment near now: the time today, the weekday within six days, else the date.
 * @param {string} instant
 * @param {number} now  milliseconds
 */
export function moment(instant, now) {
  const at = new Date(instant);
  const today = new Date(now);
  if (at.toDateString() === today.toDateString()) return TIME.format(at);
  const away = Math.abs(at.getTime() - now) / 86_400_000;
  if (away < 6) return `${WEEKDAY.format(at)} ${TIME.format(at)}`;
  return `${calendarDay(at, today)} ${TIME.format(at)}`;
}

/**
 * A moment to come: the bare time within twelve hours, where it can only mean one day.
 * @param {string} instant
 * @param {number} now  milliseconds
 */
export function deadline(instant, now) {
  return Math.abs(Date.parse(instant) - now) < 12 * 3_600_000 ? TIME.format(new Date(instant)) : moment(instant, now);
}

/** A full date and time for a tooltip. @param {string} instant */
export const exact = (instant) => `${DATE_YEAR.format(new Date(instant))}, ${SECOND.format(new Date(instant))}`;

/** A time of day with seconds. @param {string | number} instant */
export const clockTime = (instant) => SECOND.format(new Date(instant));

/** @param {Date} at @param {Date} today */
const calendarDay = (at, today) => (at.getFullYear() === today.getFullYear() ? DATE : DATE_YEAR).format(at);

/** A day `2026-11-21` as words, whatever the browser's zone. @param {string} day */
export function dayWords(day) {
  const [year, month, date] = day.split("-").map(Number);
  return DATE_YEAR.format(new Date(year, month - 1, date));
}

/** A window's length in seconds. @param {string} window */
export function windowSeconds(window) {
  const unit = { s: 1, m: 60, h: 3600, d: 86_400 }[window.slice(-1)] ?? 1;
  return Number.parseInt(window, 10) * unit;
}
