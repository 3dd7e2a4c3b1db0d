/** Times near now are shown as ages, and grow older by themselves. The page brings the exact time as the title. */

import { words } from "./words.js";

const UNITS = /** @type {[Intl.RelativeTimeFormatUnit, number][]} */ ([["second", 60], ["minute", 3600], ["hour", 86_400]]);

const formats = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "always", style: "narrow" });

/** @param {number} seconds ago; negative is to come @returns {string} */
function age(seconds) {
  const away = Math.abs(seconds);
  if (away < 1.5) return words.now;
  let below = 1;
  for (const [unit, most] of UNITS) {
    if (away < most) return formats.format(-Math.trunc(seconds / below), unit);
    below = most;
  }
  return "";
}

function tell() {
  for (const time of document.querySelectorAll("time[datetime]")) {
    const at = Date.parse(/** @type {HTMLTimeElement} */ (time).dateTime);
    const said = Number.isNaN(at) ? "" : age((Date.now() - at) / 1000);
    if (said && time.textContent !== said) time.textContent = said;
  }
}

/** Begin. */
export function startTimes() {
  tell();
  setInterval(tell, 1000);
  document.addEventListener("closeloop:patched", tell);
}
