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
  if (spec.kind === "seconds") return duration(rounded);
  if (spec.kind === "money") return money(rounded, spec.currency);
  return (spec.kind === "mean" ? TWO : ONE).format(rounded);
}

/** The unit that stands beside a metric's value; of times and money it is part of the value. @param {MetricSpec} spec */
export function metricUnit(spec) {
  if (spec.kind === "mean" || spec.kind === "index") return `of ${spec.maximum}`;
  return spec.kind === "top_box" || spec.kind === "share" ? "%" : "";
}

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
export function axisEnd(value, spec) {
  if (spec.kind === "seconds") return duration(value);
  if (spec.kind === "money") return money(value, spec.currency, 0);
  return minus(spec.kind === "mean" ? String(value) : WHOLE.format(value));
}

/** How a metric is called in full. @param {MetricSpec} spec */
export function metricTitle(spec) {
  if (spec.title) return spec.title;
  const titles = { nps: "Net promoter score", csat: "Customer satisfaction", ces: "Customer effort, high is easy" };
  const title = /** @type {Record<string, string>} */ (titles)[spec.name];
  const kinds = { nps: "Promoters less detractors", top_box: "Share of top two", mean: "Mean" };
  return title ?? /** @type {Record<string, string>} */ (kinds)[spec.kind] ?? metricName(spec.name);
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
 * A length of time in its two largest units: 45 s, 12 min, 2 h 10 min, 3 d 4 h.
 * @param {number} seconds
 */
export function duration(seconds) {
  if (Math.round(seconds) < 60) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  const units = [[Math.floor(minutes / 1440), "d"], [Math.floor((minutes % 1440) / 60), "h"], [minutes % 60, "min"]];
  const first = units.findIndex(([count]) => count);
  return units.slice(first, first + 2).filter(([count]) => count).map(([count, unit]) => `${count} ${unit}`).join(" ");
}

/**
 * An amount of money: cents where it is small.
 * @param {number} value
 * @param {string} [currency]   ISO 4217
 * @param {number} [digits]
 */
export function money(value, currency = "EUR", digits = Math.abs(value) < 1000 ? 2 : 0) {
  const format = { style: /** @type {const} */ ("currency"), currency, minimumFractionDigits: digits, maximumFractionDigits: digits };
  return minus(new Intl.NumberFormat(LOCALE, format).format(value));
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
