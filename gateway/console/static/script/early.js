/**
 * Loaded before the page is drawn, and tiny: a form that is sent before the other scripts are there would be sent the
 * browser's own way and change nothing, and a setting that is chosen would be heard by nobody. They wait instead.
 */

/** @type {[HTMLFormElement, HTMLElement | null][]} */
const waiting = [];

/** @type {Set<EventTarget | null>} */
const chosen = new Set();

/** Whether the other scripts are not there yet; then nobody else hears of this event.
 * @param {Event} event */
function early(event) {
  if (document.documentElement.dataset.ready !== undefined) return false;
  event.stopImmediatePropagation();
  return true;
}

document.addEventListener(
  "submit",
  (event) => {
    if (!early(event)) return;
    event.preventDefault();
    waiting.push([/** @type {HTMLFormElement} */ (event.target), event.submitter]);
  },
  true,
);

document.addEventListener(
  "change",
  (event) => {
    if (early(event)) chosen.add(event.target);
  },
  true,
);

document.addEventListener("closeloop:ready", () => {
  for (const field of chosen) field?.dispatchEvent(new Event("change", { bubbles: true }));
  chosen.clear();
  for (const [form, by] of waiting.splice(0)) form.requestSubmit(by);
});
