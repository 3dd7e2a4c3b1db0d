/** The question who acts, asked once: the history of a case says who did what. */

import { byId, h, replace } from "../dom.js";
import { known, setMe } from "../store.js";
import { options } from "./segments.js";

/**
 * Find out who acts, by asking where nobody is chosen. The answer is kept as "Working as".
 * @returns {Promise<boolean>} whether to go on; not, where the question was put away
 */
export function whoActs() {
  const people = Object.entries(known.config?.people ?? {}).sort((a, b) => a[1].localeCompare(b[1]));
  if (known.me || !people.length) return Promise.resolve(true);
  const dialog = /** @type {HTMLDialogElement} */ (byId("who"));
  const select = h("select", { id: "who-person", required: true });
  options(select, [["", "Choose your name"], ...people], "");
  const cancel = h("button", { class: "button", type: "button", text: "Cancel" });
  const form = h(
    "form",
    {},
    h("div", {}, h("h2", { id: "who-title", text: "Who are you?" }), h("p", { class: "muted", text: "What you do is written to the case's history under your name. Asked once in this browser." })),
    h("div", { class: "field" }, h("label", { for: "who-person", text: "Name" }), select),
    h("div", { class: "ask-buttons" }, cancel, h("button", { class: "button button-main", type: "submit", text: "Go on" })),
  );
  return new Promise((resolve) => {
    cancel.addEventListener("click", () => dialog.close());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      setMe(/** @type {HTMLSelectElement} */ (select).value);
      dialog.close();
    });
    dialog.addEventListener("close", () => resolve(Boolean(known.me)), { once: true });
    replace(dialog, form);
    dialog.showModal();
    select.focus();
  });
}
