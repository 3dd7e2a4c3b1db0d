/**
 * Act on cases. A button with `data-open="ID"` opens a dialog, which keeps the version of the case that the reader saw
 * then. A form with `data-acts` says who acts, and asks it first where nobody was chosen. Where somebody else was
 * quicker, the dialog tells what they did, and keeps what was typed.
 */

import { toast } from "./forms.js";
import { parsed } from "./patch.js";

const YEAR = 31_536_000;

/** @returns {HTMLSelectElement | null} */
const chooser = () => document.querySelector("select[name=closeloop_me]");

/** Who acts: a person key; empty where the key that was signed in with says it, or nobody was chosen. */
export function actor() {
  const select = chooser();
  return select && !select.disabled ? select.value : "";
}

/** Go on once it is known who acts. @param {() => void} then */
export function asSomebody(then) {
  const dialog = /** @type {HTMLDialogElement | null} */ (document.getElementById("who"));
  if (!dialog || actor()) return then();
  const form = /** @type {HTMLFormElement} */ (dialog.querySelector("form"));
  form.onsubmit = () => {
    const person = String(new FormData(form).get("person") ?? "");
    const select = chooser();
    if (select) select.value = person;
    const name = document.querySelector(".menu-name");
    if (name && select) name.textContent = select.selectedOptions[0]?.textContent ?? "";
    document.cookie = `closeloop_me=${encodeURIComponent(person)}; path=/; max-age=${YEAR}; samesite=strict`;
    dialog.addEventListener("close", then, { once: true });
    document.dispatchEvent(new CustomEvent("closeloop:reader"));
  };
  dialog.showModal();
  return undefined;
}

/** @param {HTMLElement} opener */
function open(opener) {
  const dialog = /** @type {HTMLDialogElement | null} */ (document.getElementById(opener.dataset.open ?? ""));
  if (!dialog || dialog.open) return;
  const version = /** @type {HTMLInputElement | null} */ (dialog.querySelector("input[name=version]"));
  const seen = /** @type {HTMLElement | null} */ (opener.closest("[data-version]"))?.dataset.version;
  if (version && seen) version.value = seen;
  for (const said of dialog.querySelectorAll(".problem, .meanwhile")) /** @type {HTMLElement} */ (said).hidden = true;
  for (const button of dialog.querySelectorAll("button")) button.disabled = false;
  opener.focus(); // where the focus returns to, also for who pressed a key
  dialog.showModal();
  /** @type {HTMLElement | null} */ (dialog.querySelector("input:checked, select, textarea, input:not([type=hidden])"))?.focus();
  dialog.dispatchEvent(new CustomEvent("closeloop:opened", { bubbles: true }));
}

/**
 * Tell in a dialog what was done since its reader opened it, and let it be sent again by who has read this.
 * @param {HTMLFormElement} form
 */
async function tellMeanwhile(form) {
  const version = /** @type {HTMLInputElement} */ (form.elements.namedItem("version"));
  const place = /** @type {HTMLElement} */ (form.querySelector(".meanwhile"));
  const answer = await fetch(location.pathname + location.search);
  const fresh = parsed(await answer.text());
  const news = [...fresh.querySelectorAll("#history > li")].filter((entry) => Number(/** @type {HTMLElement} */ (entry).dataset.version) > Number(version.value));
  place.querySelector("ul")?.replaceChildren(
    ...news.map((entry) => {
      const line = document.createElement("li");
      line.textContent = [...entry.children].map((part) => part.textContent?.replace(/\s+/g, " ").trim()).join(" · ");
      return line;
    }),
  );
  place.hidden = false;
  const now = /** @type {HTMLElement | null} */ (fresh.getElementById("actions"))?.dataset.version;
  if (now) version.value = now;
  const action = form.closest("dialog")?.id.replace("act-", "do-") ?? "";
  const send = /** @type {HTMLButtonElement | null} */ (form.querySelector("button.primary"));
  if (send && !fresh.getElementById(action)) send.disabled = true;
}

/** A time of a form: a length from now on, tomorrow's morning, or the one that was entered. @param {string} length @param {unknown} other */
export function timeOf(length, other) {
  const at = new Date();
  if (length === "morning") {
    at.setDate(at.getDate() + 1);
    at.setHours(9, 0, 0, 0);
  } else if (length === "other") {
    const entered = new Date(String(other ?? ""));
    return Number.isNaN(entered.getTime()) ? undefined : entered.toISOString();
  } else at.setTime(at.getTime() + Number.parseInt(length, 10) * 3_600_000);
  return at.toISOString();
}

/** @param {HTMLFormElement} form @param {Record<string, unknown>} body */
function complete(form, body) {
  if (form.dataset.acts !== undefined && actor()) body.actor = actor();
  const until = /** @type {HTMLInputElement | null} */ (form.querySelector("[data-until]"));
  if (until) {
    const at = timeOf(String(body.length), until.value);
    delete body.length;
    if (at) body[until.name] = at;
    else delete body[until.name];
  }
}

/** How many refused cases are named. */
const NAMED = 20;

/** What became of many cases at once. @param {HTMLElement} said @param {{resolved: number[], refused: number[], left: number}} told */
function tellOutcome(said, { resolved, refused, left }) {
  /** @param {string | undefined} text @param {number} n */
  const counted = (text, n) => (text ?? "").replace("{n}", String(n));
  if (resolved.length || !refused.length) toast(counted(said.dataset.resolved, resolved.length));
  if (refused.length) toast(counted(said.dataset.refused, refused.length).replace("{cases}", refused.slice(0, NAMED).map((number) => `C-${number}`).join(", ")), "bad");
  if (left) toast(counted(said.dataset.left, left), "bad");
}

/** Begin. */
export function startActing() {
  document.addEventListener("click", (event) => {
    const target = event.target instanceof Element ? event.target : null;
    const opener = /** @type {HTMLElement | null} */ (target?.closest("[data-open]"));
    if (opener) asSomebody(() => open(opener));
    else if (target?.closest("[data-keys]")) /** @type {HTMLDialogElement | null} */ (document.getElementById("keys"))?.showModal();
    else if (target?.closest("[data-close]")) target.closest("dialog")?.close();
  });
  // Before the form is sent: who acts has to be known.
  document.addEventListener(
    "submit",
    (event) => {
      const form = /** @type {HTMLFormElement} */ (event.target);
      if (form.dataset.acts === undefined || !document.getElementById("who") || actor()) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      asSomebody(() => form.requestSubmit());
    },
    { capture: true },
  );
  document.addEventListener("input", (event) => {
    const field = event.target;
    if (!(field instanceof HTMLInputElement) || field.dataset.until === undefined) return;
    const other = /** @type {HTMLInputElement | null | undefined} */ (field.form?.querySelector("input[name=length][value=other]"));
    if (other) other.checked = true;
  });
  document.addEventListener("closeloop:send", (event) => complete(/** @type {HTMLFormElement} */ (event.target), /** @type {CustomEvent} */ (event).detail));
  document.addEventListener("closeloop:sent", (event) => {
    const said = /** @type {HTMLElement | null} */ (/** @type {HTMLElement} */ (event.target).querySelector("[data-resolved]"));
    if (said) tellOutcome(said, /** @type {CustomEvent} */ (event).detail);
  });
  document.addEventListener("closeloop:refused", (event) => {
    const form = /** @type {HTMLFormElement} */ (event.target);
    const { status, field } = /** @type {CustomEvent} */ (event).detail;
    const stale = /** @type {HTMLElement | null} */ (document.querySelector("[data-stale]"))?.dataset.stale ?? "";
    if (status !== 409 || !form.elements.namedItem("version") || !["version", "action"].includes(field)) return;
    const problem = /** @type {HTMLElement | null} */ (form.querySelector(".problem"));
    if (problem && field === "action") return;
    event.preventDefault();
    if (!problem) return toast(stale, "bad");
    problem.textContent = stale;
    void tellMeanwhile(form);
  });
  const wanted = location.hash.startsWith("#act-") ? /** @type {HTMLElement | null} */ (document.querySelector(`[data-open="${CSS.escape(location.hash.slice(1))}"]`)) : null;
  if (wanted) {
    history.replaceState(null, "", location.pathname + location.search);
    asSomebody(() => open(wanted));
  }
}
