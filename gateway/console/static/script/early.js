/**
 * Loaded before the page is drawn, and tiny: a form that is sent before the other scripts are there would be sent the
 * browser's own way and change nothing. It waits for them instead.
 */

/** @type {[HTMLFormElement, HTMLElement | null][]} */
const waiting = [];

document.addEventListener(
  "submit",
  (event) => {
    if (document.documentElement.dataset.ready !== undefined) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    waiting.push([/** @type {HTMLFormElement} */ (event.target), event.submitter]);
  },
  true,
);

document.addEventListener("closeloop:ready", () => {
  for (const [form, by] of waiting.splice(0)) form.requestSubmit(by);
});
