/** The form of a new silence: its conditions as the API takes them, and at once how much it would hold. */

import { reasonOf } from "./words.js";

/** How long after the last keystroke it is asked how much a silence would hold: milliseconds. */
const PAUSE = 350;
const NUMBERS = new Set(["score", "scale_min", "scale_max"]);
const FLAGS = new Set(["page", "contact_requested", "higher_is_better"]);

/** A value of the type that the field has. @param {string} name @param {string} text @returns {string | number | boolean} */
function valueOf(name, text) {
  if (FLAGS.has(name) && (text === "true" || text === "false")) return text === "true";
  if (NUMBERS.has(name) && text !== "" && !Number.isNaN(Number(text))) return Number(text);
  return text;
}

/** @param {string} name @param {string} sign @param {string} text */
function conditionOf(name, sign, text) {
  if (sign === "matches") return { matches: text };
  if (sign === "at_least" || sign === "at_most") return { [sign]: Number.isNaN(Number(text)) ? text : Number(text) };
  const values = text.split(",").map((part) => part.trim()).filter(Boolean).map((part) => valueOf(name, part));
  const one = values.length === 1 ? values[0] : values;
  return sign === "not" ? { not: one } : one;
}

/** The conditions of a form: those that are ticked, and those that are written. @param {Element} place @returns {Record<string, unknown>} */
function matchersOf(place) {
  /** @type {Record<string, unknown>} */
  const found = {};
  for (const tick of place.querySelectorAll("input[name=matchers]:checked")) Object.assign(found, JSON.parse(/** @type {HTMLInputElement} */ (tick).value));
  for (const row of place.querySelectorAll(".condition")) {
    const [name, sign, text] = ["field", "sign", "value"].map((part) => /** @type {HTMLInputElement} */ (row.querySelector(`[data-${part}]`)).value.trim());
    if (!name || !text) continue;
    const said = conditionOf(name, sign ?? "", text);
    const held = found[name];
    // Two rows of one field hold together where they can: at least 3, at most 5.
    const both = typeof held === "object" && typeof said === "object" && !Array.isArray(held) && !Array.isArray(said);
    found[name] = both ? { ...held, ...said } : said;
  }
  return found;
}

/** @param {Element} place */
async function preview(place) {
  const told = /** @type {HTMLElement | null} */ (place.querySelector("[data-reach]"));
  if (!told) return;
  const matchers = matchersOf(place);
  if (!Object.keys(matchers).length) {
    told.textContent = "";
    return;
  }
  const answer = await fetch("/v1/silences/preview", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ matchers }) }).catch(() => null);
  const said = answer ? await answer.json().catch(() => ({})) : {};
  if (said.error) told.textContent = reasonOf(said.error);
  if (!said.fits) return;
  const { open_cases, of_open_cases, alerts, of_alerts } = said.fits;
  const numbers = { open: open_cases, all: of_open_cases, alerts, of: of_alerts };
  told.textContent = (told.dataset.reach ?? "").replace(/\{(\w+)\}/g, (_whole, name) => String(numbers[/** @type {keyof numbers} */ (name)]));
  if (of_alerts > 0 && alerts === of_alerts && open_cases === of_open_cases) told.textContent += ` ${told.dataset.everything}`;
}

/** Begin. */
export function startSilencing() {
  let wait = 0;
  document.addEventListener("input", (event) => {
    const place = event.target instanceof Element ? event.target.closest("[data-matchers]") : null;
    if (!place) return;
    clearTimeout(wait);
    wait = window.setTimeout(() => void preview(place), PAUSE);
  });
  document.addEventListener("closeloop:opened", (event) => {
    const place = /** @type {Element} */ (event.target).querySelector("[data-matchers]");
    if (place) void preview(place);
  });
  document.addEventListener("closeloop:send", (event) => {
    const place = /** @type {Element} */ (event.target).querySelector("[data-matchers]");
    if (place) /** @type {CustomEvent} */ (event).detail.matchers = matchersOf(place);
  });
}
