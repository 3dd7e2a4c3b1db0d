/** Dialogs that ask: their fields, and what the server says is wrong, at the field it names. */

import { ApiError } from "../api.js";
import { byId, h, replace } from "../dom.js";

/**
 * Ask in a dialog, until the answer is taken or the person goes away.
 * @param {object} asked
 * @param {string} asked.title
 * @param {string} asked.hint
 * @param {string} asked.send               on the button
 * @param {HTMLElement[]} asked.fields
 * @param {(form: HTMLFormElement) => Promise<void>} asked.submit   an {@link ApiError} is shown at its field
 */
export function openForm({ title, hint, send: words, fields, submit }) {
  const dialog = /** @type {HTMLDialogElement} */ (byId("ask"));
  const send = /** @type {HTMLButtonElement} */ (h("button", { class: "button button-main", type: "submit", text: words }));
  const cancel = h("button", { class: "button", type: "button", text: "Cancel" });
  const general = h("p", { class: "wrong", role: "alert" });
  const form = /** @type {HTMLFormElement} */ (
    h(
      "form",
      { novalidate: true },
      h("div", {}, h("h2", { id: "ask-title", text: title }), h("p", { class: "muted", text: hint })),
      ...fields,
      general,
      h("div", { class: "ask-buttons" }, cancel, send),
    )
  );
  cancel.addEventListener("click", () => dialog.close());
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    clearWrong(form);
    send.disabled = true;
    try {
      await submit(form);
      dialog.close();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      showWrong(form, general, error);
    } finally {
      send.disabled = false;
    }
  });
  replace(dialog, form);
  dialog.showModal();
  const first = /** @type {HTMLElement | null} */ (form.querySelector("select, input, textarea"));
  first?.focus();
}

/** Take away what was said to be wrong. @param {HTMLElement} form */
export function clearWrong(form) {
  for (const wrong of form.querySelectorAll(".wrong")) wrong.textContent = "";
  for (const field of form.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
}

/**
 * Show the server's words at the fields that it names, all of them where it tells all.
 * @param {HTMLElement} form @param {HTMLElement} general @param {ApiError} error
 */
export function showWrong(form, general, error) {
  /** @type {{field: string, problem: string}[]} */
  const errors = error.body?.errors ?? [{ field: error.field, problem: error.message }];
  for (const [index, { field, problem }] of errors.entries()) {
    const place = placeOf(form, field);
    const wrong = place?.querySelector(".wrong") ?? general;
    wrong.textContent = [wrong.textContent, problem].filter(Boolean).join("; ");
    const input = /** @type {HTMLElement | null | undefined} */ (place?.querySelector("select, textarea, input"));
    input?.setAttribute("aria-invalid", "true");
    if (index === 0) input?.focus();
  }
}

/** The element of a field, or of what it is a part of: `matchers.score.at_most` is in `matchers.score`. @param {HTMLElement} form @param {string} field */
function placeOf(form, field) {
  for (let name = field; name; name = name.replace(/[.[][^.[]*$|^[^.[]*$/, "")) {
    const found = form.querySelector(`[data-field="${CSS.escape(name)}"]`);
    if (found) return found;
  }
  return null;
}

/** @param {string} name @param {string} words @param {HTMLElement} input @param {string} [hint] */
export function field(name, words, input, hint) {
  input.id = `ask-${name}`;
  input.setAttribute("name", name);
  input.setAttribute("aria-describedby", `ask-${name}-wrong`);
  return h(
    "div",
    { class: "field", "data-field": name },
    h("label", { for: input.id, text: words }),
    input,
    hint ? h("span", { class: "hint", text: hint }) : null,
    h("span", { class: "wrong", id: `ask-${name}-wrong`, role: "alert" }),
  );
}

/** @param {string} [words] */
export const note = (words = "Note") => field("note", `${words} (optional)`, h("textarea", { rows: 3, maxlength: 3000 }));

/** @param {string} name @param {string} words @param {[string, string][]} options */
export const select = (name, words, options) =>
  field(name, words, h("select", {}, ...options.map(([value, text]) => h("option", { value, text }))));

/**
 * @param {string} name @param {string} words @param {[string, string][]} options
 * @param {string} [about]   the field that the server would name
 */
export function choices(name, words, options, about = name) {
  return h(
    "fieldset",
    { class: "field", "data-field": about },
    h("legend", { text: words }),
    h(
      "div",
      { class: "choices" },
      ...options.map(([value, text], index) =>
        h("label", {}, h("input", { type: "radio", name, value, checked: index === 0 }), h("span", { text })),
      ),
    ),
    h("span", { class: "wrong", role: "alert" }),
  );
}

/** Until when, in a few usual lengths. @param {string} [about] the field that the server would name */
export function untilChoices(about = "until") {
  const now = Date.now();
  const morning = new Date(now);
  morning.setDate(morning.getDate() + 1);
  morning.setHours(9, 0, 0, 0);
  /** @param {number} hours */
  const later = (hours) => new Date(now + hours * 3_600_000).toISOString();
  /** @type {[string, string][]} */
  const options = [
    [later(1), "1 hour"],
    [later(4), "4 hours"],
    [morning.toISOString(), "Tomorrow 9:00"],
    ["other", "Another time"],
  ];
  return choices("preset", "Until", options, about);
}

/** The field for another time than those of {@link untilChoices}. */
export function otherTime() {
  const input = h("input", { type: "datetime-local" });
  const element = h("div", { class: "field", "data-field": "other" }, h("label", { for: "ask-until", text: "Another time" }), input);
  input.id = "ask-until";
  input.setAttribute("name", "until");
  input.addEventListener("input", () => {
    const other = element.closest("form")?.querySelector('input[value="other"]');
    if (other) /** @type {HTMLInputElement} */ (other).checked = true;
  });
  return element;
}

/** What was chosen of {@link untilChoices} and {@link otherTime}: an instant, or nothing. @param {FormData} given */
export function untilOf(given) {
  const preset = given.get("preset");
  if (preset !== "other") return preset ? String(preset) : "";
  const at = new Date(String(given.get("until") ?? ""));
  return Number.isNaN(at.getTime()) ? "" : at.toISOString();
}
