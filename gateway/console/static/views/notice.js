/** The line under the header that says what is wrong, and the short messages that pass by. */

import { apiKey } from "../api.js";
import { byId, h, replace } from "../dom.js";

/** How long a passing message stays: milliseconds. */
const TOAST = 4500;

/** Take the line away. */
export function hideNotice() {
  byId("notice").hidden = true;
}

/** Say that the gateway cannot be had; the page goes on trying. @param {string} words */
export function showDown(words) {
  const notice = byId("notice");
  replace(notice, `${words} What you see may be out of date; trying again by itself.`);
  notice.hidden = false;
}

/**
 * Ask for an API key.
 * @param {string} words    why
 * @param {() => void} done
 */
export function showKeyForm(words, done) {
  const notice = byId("notice");
  if (!notice.hidden && notice.querySelector("form")) return;
  const input = h("input", { type: "password", name: "key", autocomplete: "off", "aria-label": "API key", required: true });
  const form = h("form", { class: "case-line" }, input, h("button", { class: "button", text: "Use this key" }));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    apiKey.set(/** @type {HTMLInputElement} */ (input).value.trim());
    done();
  });
  replace(notice, h("span", { text: `${words} A key with the role “act” shows and changes cases.` }), form);
  notice.hidden = false;
}

/** A message that passes by. @param {string} words */
export function toast(words) {
  const element = h("p", { class: "toast", text: words });
  byId("toasts").append(element);
  setTimeout(() => element.remove(), TOAST);
}
