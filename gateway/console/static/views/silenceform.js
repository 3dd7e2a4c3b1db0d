/** The dialog of a new silence: which alerts, until when, why, and at once how much it would hold. */

import { addSilence, ApiError, previewSilence } from "../api.js";
import { h, replace } from "../dom.js";
import { whole } from "../format.js";
import { icon } from "../icons.js";
import { known } from "../store.js";
import { clearWrong, field, openForm, otherTime, showWrong, untilChoices, untilOf } from "./form.js";
import { toast } from "./notice.js";

/**
 * @typedef {import("../types.js").Alert} Alert
 * @typedef {import("../types.js").Matchers} Matchers
 * @typedef {import("../types.js").Condition} Condition
 * @typedef {import("../types.js").Value} Value
 * @typedef {import("../types.js").Reach} Reach
 */

/** How long after the last keystroke the preview is asked for: milliseconds. */
const PAUSE = 350;

/** What a condition can say, in the order of the choice. @type {[string, string][]} */
const SIGNS = [["is", "is"], ["not", "is not"], ["at_least", "at least"], ["at_most", "at most"], ["matches", "fits the pattern"]];

const FIELDS = ["touchpoint", "rule", "channel", "metric", "score", "severity", "subject", "programme", "language", "customer_id", "contact_requested"];
const NUMBERS = new Set(["score", "scale_min", "scale_max"]);
const FLAGS = new Set(["page", "contact_requested", "higher_is_better"]);

/** What alerts like this one have in common: where it happened, and the rule. @param {Alert} alert @returns {Matchers} */
export function conditionsOf(alert) {
  const { region } = alert.attributes ?? {};
  return {
    ...(alert.touchpoint ? { touchpoint: alert.touchpoint } : {}),
    ...(region === undefined ? {} : { "attributes.region": region }),
    rule: alert.rule,
  };
}

/**
 * Ask for a new silence.
 * @param {Matchers} [matchers]   what the conditions say at first
 */
export function askForSilence(matchers = {}) {
  const rows = h("div", { class: "conditions" });
  const names = h("datalist", { id: "condition-names" }, ...fieldNames().map((value) => h("option", { value })));
  const more = h("button", { class: "linklike", type: "button", text: "Another condition" });
  const preview = h("p", { class: "reach", role: "status" });
  const given = Object.entries(matchers);
  for (const [name, wanted] of given.length ? given : [["touchpoint", ""]]) rows.append(row(String(name), /** @type {Value} */ (wanted)));
  const conditions = h(
    "fieldset",
    { class: "field", "data-field": "matchers" },
    h("legend", { text: "Alerts of which all of this is true" }),
    rows,
    names,
    h("span", { class: "wrong", role: "alert" }),
    h("div", {}, more),
    preview,
  );
  const reason = h("textarea", { rows: 2, maxlength: 500 });
  more.addEventListener("click", () => {
    rows.append(row("", ""));
    /** @type {HTMLElement | null} */ (rows.lastElementChild?.querySelector("input"))?.focus();
  });
  openForm({
    title: "Silence alerts",
    hint: "Their cases are made as ever; the messages about them wait until the end, and promises count from it.",
    send: "Silence",
    fields: [conditions, untilChoices("ends_at"), otherTime(), field("reason", "Why", reason, "Read later by those who wonder why nobody was told.")],
    submit: async (form) => {
      const until = untilOf(new FormData(form));
      const body = { matchers: matchersOf(rows), reason: reason.value, ...(until ? { ends_at: until } : {}), ...(known.me ? { actor: known.me } : {}) };
      const added = await addSilence(body);
      toast(`S-${added.id} holds from now on: ${reachWords(added.fits)}`);
    },
  });
  watch(conditions, rows, preview);
}

/**
 * Keep the preview true to what the conditions say.
 * @param {HTMLElement} conditions @param {HTMLElement} rows @param {HTMLElement} preview
 */
function watch(conditions, rows, preview) {
  let timer = 0;
  let asked = "";
  async function look() {
    const matchers = matchersOf(rows);
    const text = JSON.stringify(matchers);
    if (text === asked || !conditions.isConnected) return;
    asked = text;
    clearWrong(conditions);
    if (!Object.keys(matchers).length) return void replace(preview, "Say which alerts: a silence of everything is not taken.");
    try {
      const { fits } = await previewSilence(matchers);
      if (text !== asked) return;
      preview.dataset.everything = String(fits.of_alerts > 0 && fits.alerts === fits.of_alerts);
      replace(preview, `Fits ${reachWords(fits)}.`);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (text !== asked) return;
      replace(preview);
      const focused = /** @type {HTMLElement | null} */ (document.activeElement);
      showWrong(conditions, preview, error);
      focused?.focus();
    }
  }
  const later = () => {
    clearTimeout(timer);
    timer = window.setTimeout(() => void look(), PAUSE);
  };
  conditions.addEventListener("input", later);
  conditions.addEventListener("click", later);
  void look();
}

/** How much matchers fit. @param {Reach} fits */
export function reachWords(fits) {
  const alerts = `${whole(fits.alerts)} of ${whole(fits.of_alerts)} alerts of the last ${fits.days} days`;
  const all = fits.of_alerts > 0 && fits.alerts === fits.of_alerts ? ": all that there were" : "";
  return `${whole(fits.open_cases)} of ${whole(fits.of_open_cases)} open cases and ${alerts}${all}${fits.complete ? "" : " (the newest)"}`;
}

/** @param {string} name @param {Condition} wanted */
function row(name, wanted) {
  const [sign, value] = spoken(wanted);
  const what = /** @type {HTMLInputElement} */ (h("input", { class: "condition-name", list: "condition-names", value: name, placeholder: "field", "aria-label": "Field of the alert", autocomplete: "off", spellcheck: "false" }));
  const how = h("select", { class: "condition-sign", "aria-label": "Condition" }, ...SIGNS.map(([key, text]) => h("option", { value: key, text, selected: key === sign })));
  const than = h("input", { class: "condition-value", value, placeholder: "value", "aria-label": "Value, several with commas", autocomplete: "off", spellcheck: "false" });
  const gone = h("button", { class: "close", type: "button", "aria-label": "Take this condition away" }, icon("cross"));
  const element = h("div", { class: "condition", "data-field": `matchers.${name}` }, what, how, than, gone, h("span", { class: "wrong", role: "alert" }));
  what.addEventListener("input", () => (element.dataset.field = `matchers.${what.value.trim()}`));
  gone.addEventListener("click", () => {
    const near = element.nextElementSibling ?? element.previousElementSibling;
    const rest = element.parentElement?.parentElement?.querySelector(".linklike");
    element.remove();
    /** @type {HTMLElement | null | undefined} */ (near?.querySelector("input") ?? rest)?.focus();
  });
  return element;
}

/** A condition as its sign and the text of its value. @param {Condition} wanted @returns {[string, string]} */
function spoken(wanted) {
  if (typeof wanted !== "object") return ["is", String(wanted)];
  if (Array.isArray(wanted)) return ["is", wanted.join(", ")];
  const [sign, value] = Object.entries(wanted)[0] ?? ["is", ""];
  return [sign, [value].flat().join(", ")];
}

/** What the rows say; a row without a field or a value says nothing. @param {HTMLElement} rows @returns {Matchers} */
export function matchersOf(rows) {
  /** @type {Matchers} */
  const found = {};
  for (const element of rows.children) {
    const [name, sign, text] = ["name", "sign", "value"].map((part) => /** @type {HTMLInputElement} */ (element.querySelector(`.condition-${part}`)).value.trim());
    if (!name || !text) continue;
    const said = conditionOf(name, sign, text);
    const held = found[name];
    // Two rows of one field hold together where they can: at least 3, at most 5.
    found[name] = held && typeof held === "object" && !Array.isArray(held) && typeof said === "object" && !Array.isArray(said) ? { ...held, ...said } : said;
  }
  return found;
}

/** @param {string} name @param {string} sign @param {string} text @returns {Condition} */
function conditionOf(name, sign, text) {
  if (sign === "matches") return { matches: text };
  if (sign === "at_least" || sign === "at_most") return { [sign]: /** @type {number} */ (Number.isNaN(Number(text)) ? text : Number(text)) };
  const values = text.split(",").map((part) => part.trim()).filter(Boolean).map((part) => valueOf(name, part));
  const one = values.length === 1 ? values[0] : values;
  return sign === "not" ? { not: one } : one;
}

/** A value of the type that the field has. @param {string} name @param {string} text @returns {Value} */
function valueOf(name, text) {
  const seen = name.startsWith("attributes.") ? typeof seenValue(name.slice("attributes.".length)) : "";
  if ((FLAGS.has(name) || seen === "boolean") && (text === "true" || text === "false")) return text === "true";
  if ((NUMBERS.has(name) || seen === "number") && !Number.isNaN(Number(text))) return Number(text);
  return text;
}

/** The value of an attribute in any case that is known here. @param {string} name */
function seenValue(name) {
  for (const item of known.cases.values()) {
    const value = item.latest_alert.attributes?.[name];
    if (value !== undefined) return value;
  }
  return undefined;
}

/** The fields that can be named: those of every alert, and the attributes of the cuts and of known cases. */
function fieldNames() {
  const cuts = Object.values(known.config?.cuts ?? {}).flat().filter((name) => name.startsWith("attributes."));
  const seen = [...known.cases.values()].flatMap((item) => Object.keys(item.latest_alert.attributes ?? {}).map((name) => `attributes.${name}`));
  return [...new Set([...FIELDS.slice(0, 1), ...cuts, ...seen, ...FIELDS])];
}
