// Moments in the time zone and the language of the person one acts as.

import { store } from "./store.js";

const DATE_STYLES = {
  date: { year: "numeric", month: "long", day: "numeric" },
  date_short: { year: "numeric", month: "short", day: "numeric" },
  date_long: { weekday: "long", year: "numeric", month: "long", day: "numeric" },
};

/** One part of a date format, or undefined if there is no such part. */
export function datePart(moment, name, zone = store.zone()) {
  const write = (options) => new Intl.DateTimeFormat(store.locale(), { timeZone: zone, ...options }).format(moment);
  if (name === "time") return write({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  if (name === "time_secs") return write({ hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
  if (name === "ago") return ago(moment);
  if (name === "date_num") return dayOf(moment, zone);
  const pretty = name.endsWith("_pretty");
  const style = DATE_STYLES[pretty ? name.slice(0, -7) : name];
  if (!style) return undefined;
  if (pretty) {
    const day = (offset) => dayOf(new Date(Date.now() + offset * 864e5), zone);
    const that = dayOf(moment, zone);
    const near = [0, -1, 1].find((offset) => that === day(offset));
    if (near !== undefined) return relative().format(near, "day");
  }
  return write(style);
}

/** Says "tomorrow" and "3 minutes ago". */
function relative() {
  return new Intl.RelativeTimeFormat(store.locale(), { numeric: "auto" });
}

/** The calendar day as YYYY-MM-DD. */
function dayOf(moment, zone) {
  return new Intl.DateTimeFormat("en-CA", { timeZone: zone }).format(moment);
}

function ago(moment) {
  const seconds = (moment - Date.now()) / 1000;
  const steps = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
  const [unit, size] = steps.find(([, length]) => Math.abs(seconds) >= length) ?? steps[3];
  return relative().format(Math.round(seconds / size), unit);
}

/** Milliseconds that a zone is ahead of UTC at a moment. */
function ahead(moment, zone) {
  const shown = new Date(moment).toLocaleString("sv", { timeZone: zone }).replace(" ", "T");
  return Date.parse(`${shown}Z`) - Math.floor(moment / 1000) * 1000;
}

/** Unix seconds as the acting person's wall clock, `YYYY-MM-DDTHH:MM`. */
export function toWallClock(seconds, zone = store.zone()) {
  const moment = seconds * 1000;
  return new Date(moment + ahead(moment, zone)).toISOString().slice(0, 16);
}

/** The acting person's wall clock `YYYY-MM-DDTHH:MM` as Unix seconds. */
export function fromWallClock(text, zone = store.zone()) {
  const guess = Date.parse(`${text}Z`);
  const first = guess - ahead(guess, zone);
  return Math.round((guess - ahead(first, zone)) / 1000); // again: the guess may lie beyond a change of the clocks
}
