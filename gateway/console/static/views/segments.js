/** A choice of one among few, as radio buttons: arrow keys work, and the choice is announced. */

import { h } from "../dom.js";

/**
 * Fill a fieldset.
 * @param {HTMLElement} fieldset
 * @param {string} name
 * @param {[value: string, words: string][]} options
 * @param {string} chosen
 * @param {(value: string) => void} onChoice
 */
export function segments(fieldset, name, options, chosen, onChoice) {
  for (const old of fieldset.querySelectorAll("label")) old.remove();
  for (const [value, words] of options) {
    const input = h("input", { type: "radio", name, value, checked: value === chosen });
    input.addEventListener("change", () => onChoice(value));
    fieldset.append(h("label", {}, input, h("span", { text: words, "data-value": value })));
  }
}

/**
 * Fill a select.
 * @param {HTMLElement} select
 * @param {[value: string, words: string][]} options
 * @param {string} chosen
 */
export function options(select, options, chosen) {
  select.replaceChildren(
    ...options.map(([value, words]) => h("option", { value, text: words, selected: value === chosen })),
  );
  /** @type {HTMLSelectElement} */ (select).value = chosen;
}
