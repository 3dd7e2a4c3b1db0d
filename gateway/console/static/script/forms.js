/**
 * Forms. `data-instant`: a search that is asked for as soon as something is chosen. `data-send="PATH"`: its fields go to
 * the API as JSON; what is refused is said beside the field, what is done in a toast (`data-done`). On its way the form
 * tells of `closeloop:send` (with the body, which a listener may complete) and `closeloop:refused` (which a listener may
 * answer itself, by `preventDefault`), or of `closeloop:sent` (with the answer).
 */

import { ask } from "./send.js";

/** @param {string} text @param {"good" | "bad"} [tone] */
export function toast(text, tone = "good") {
  const line = document.createElement("p");
  line.className = "toast";
  line.dataset.tone = tone;
  line.textContent = text;
  document.getElementById("toasts")?.append(line);
  setTimeout(() => line.remove(), tone === "bad" ? 9000 : 4000);
}

/** The fields as the API takes them: empty ones are left out. @param {HTMLFormElement} form @param {HTMLElement | null} by */
function fields(form, by) {
  /** @type {Record<string, unknown>} */
  const body = {};
  for (const [name, value] of new FormData(form, by)) {
    if (value === "") continue;
    const kind = form.elements.namedItem(name) instanceof HTMLElement ? /** @type {HTMLElement} */ (form.elements.namedItem(name)).dataset.kind : "";
    body[name] = kind === "number" ? Number(value) : kind === "time" ? new Date(String(value)).toISOString() : value;
  }
  return body;
}

/** Forms on their way: a second press does nothing. A disabled button would lose the focus. @type {WeakSet<HTMLFormElement>} */
const sending = new WeakSet();

/** @param {HTMLFormElement} form @param {HTMLElement | null} by */
async function submit(form, by) {
  const path = by?.getAttribute("formaction") ?? form.dataset.send ?? "";
  if (sending.has(form)) return;
  sending.add(form);
  const body = fields(form, by);
  form.dispatchEvent(new CustomEvent("closeloop:send", { bubbles: true, detail: body }));
  const { refused, told } = await ask(path, body);
  sending.delete(form);
  const problem = /** @type {HTMLElement | null} */ (form.querySelector(".problem"));
  if (problem) {
    problem.hidden = !refused;
    problem.textContent = refused ? refused.problem : "";
  }
  if (refused) {
    if (!form.dispatchEvent(new CustomEvent("closeloop:refused", { bubbles: true, cancelable: true, detail: refused }))) return;
    if (!problem) toast(refused.problem, "bad");
    const field = refused.field ? form.elements.namedItem(refused.field) : null;
    if (field instanceof HTMLElement) field.focus();
    return;
  }
  form.dispatchEvent(new CustomEvent("closeloop:sent", { bubbles: true, detail: told }));
  form.closest("dialog")?.close();
  form.reset();
  if (form.dataset.done) toast(form.dataset.done);
}

/** Begin. Forms that come later are taken as well. */
export function startForms() {
  document.addEventListener("submit", (event) => {
    const form = /** @type {HTMLFormElement} */ (event.target);
    if (form.dataset.send === undefined) return;
    event.preventDefault();
    void submit(form, event.submitter);
  });
  let wait = 0;
  document.addEventListener("change", (event) => {
    const form = event.target instanceof Element ? event.target.closest("form[data-instant]") : null;
    if (!form) return;
    clearTimeout(wait);
    wait = window.setTimeout(() => go(/** @type {HTMLFormElement} */ (form)), 50);
  });
  document.addEventListener("submit", (event) => {
    const form = /** @type {HTMLFormElement} */ (event.target);
    if (!form.matches("[data-instant]")) return;
    event.preventDefault();
    clearTimeout(wait); // Enter is a change as well: it would go a second time
    go(form);
  });
}

/** To the address of a search, without its empty fields. @param {HTMLFormElement} form */
function go(form) {
  const query = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (value !== "") query.append(name, String(value));
  // A search that was left without a change is no new one.
  if (`?${query}` !== (location.search || "?")) location.assign(`${location.pathname}?${query}`);
}
