/** The actions on a case: which ones, what each asks, and what becomes of the answer. */

import { ApiError, actOnCase } from "../api.js";
import { byId, h, replace } from "../dom.js";
import { known } from "../store.js";
import { isMetric, subjectName } from "./caseparts.js";
import { toast } from "./notice.js";
import { whoActs } from "./who.js";

/**
 * @typedef {import("../types.js").Case} Case
 * @typedef {object} Action
 * @property {string} words       on the button
 * @property {string} done        what the passing message says
 * @property {string} [title]     of the dialog; without one the action is taken at once
 * @property {string} [hint]
 * @property {(item: Case) => HTMLElement[]} [fields]
 */

/** Which actions a state allows, in the order of the buttons: as schemas/cases.py has them. @type {Record<string, string[]>} */
const ALLOWED = {
  open: ["acknowledge", "contact", "resolve", "snooze", "reassign", "dismiss"],
  acknowledged: ["contact", "resolve", "snooze", "reassign", "dismiss"],
  contacted: ["resolve", "snooze", "reassign", "dismiss"],
  snoozed: ["wake", "acknowledge", "contact", "resolve", "reassign", "dismiss"],
  resolved: ["contact", "reopen"],
  dismissed: ["reopen"],
};

/** @type {Record<string, Action>} */
const ACTIONS = {
  acknowledge: { words: "Acknowledge", done: "acknowledged" },
  contact: {
    words: "Contacted",
    done: "marked as contacted",
    title: "How was the customer reached?",
    fields: () => [choices("channel", "Channel", [["phone", "Phone"], ["email", "Email"], ["chat", "Chat"], ["in_person", "In person"]]), note()],
  },
  resolve: {
    words: "Resolve",
    done: "resolved",
    title: "What went wrong?",
    hint: "The root cause is counted; the note stays with the case.",
    fields: () => [
      select("root_cause", "Root cause", [["", "Choose one"], ...Object.entries(known.config?.rootCauses ?? {})]),
      note("What was done"),
    ],
  },
  snooze: { words: "Snooze", done: "asleep", title: "Let it rest until", fields: () => [snoozeChoices(), otherTime(), note()] },
  reassign: {
    words: "Reassign",
    done: "reassigned",
    title: "Who takes over?",
    fields: (item) => [
      select("owner", "New owner", [["", "Choose a person"], ...Object.entries(known.config?.people ?? {}).filter(([key]) => key !== item.owner)]),
      note(),
    ],
  },
  wake: { words: "Wake", done: "awake again" },
  reopen: { words: "Reopen", done: "open again", title: "Reopen this case", fields: () => [note("Why")] },
  dismiss: {
    words: "Dismiss",
    done: "dismissed",
    title: "Not a complaint?",
    hint: "A dismissed case leaves the list. The answer stays in the metrics.",
    fields: () => [note("Why")],
  },
};

/** What differs where a case is about a metric. @type {Record<string, Partial<Action>>} */
const METRIC_ACTIONS = {
  acknowledge: { words: "Look into it", done: "is yours to look into" },
  dismiss: { title: "A false alarm?", hint: "A dismissed case leaves the list. The metric is watched as before." },
};

/** @param {Case} item @param {string} name @returns {Action} */
const actionOf = (item, name) => (isMetric(item) ? { ...ACTIONS[name], ...METRIC_ACTIONS[name] } : ACTIONS[name]);

/**
 * The buttons for what the case's state allows; the first is the one to press.
 * @param {Case} item
 * @param {(result: {changed?: Case, stale?: string}) => void} after
 */
export function actionButtons(item, after) {
  const allowed = ALLOWED[item.state] ?? [];
  // Of what is over already the next thing is to close it.
  const names = item.recovered_at ? [...allowed].sort((a, b) => Number(b === "resolve") - Number(a === "resolve")) : allowed;
  return names
    .filter((name) => !item.actions || item.actions.includes(name))
    .map((name, index) => {
      const action = actionOf(item, name);
      const button = h("button", {
        type: "button",
        class: `button ${index === 0 ? "button-main" : ""} ${name === "dismiss" ? "button-quiet" : ""}`,
        "data-action": name,
        text: action.words + (action.title ? "…" : ""),
      });
      button.addEventListener("click", () => {
        void whoActs().then((who) => {
          if (!who) return;
          if (action.title) ask(item, name, action, after);
          else void atOnce(/** @type {HTMLButtonElement} */ (button), item, name, action, after);
        });
      });
      return button;
    });
}

/**
 * @param {HTMLButtonElement} button @param {Case} item @param {string} name @param {Action} action
 * @param {(result: {changed?: Case, stale?: string}) => void} after
 */
async function atOnce(button, item, name, action, after) {
  button.disabled = true;
  try {
    const changed = await actOnCase(item.id, name, signed(item.version));
    toast(`C-${item.id} ${action.done}`);
    after({ changed });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.status === 409) after({ stale: error.message });
    else toast(error.message);
  } finally {
    button.disabled = false;
  }
}

/**
 * @param {Case} item @param {string} name @param {Action} action
 * @param {(result: {changed?: Case, stale?: string}) => void} after
 */
function ask(item, name, action, after) {
  const dialog = /** @type {HTMLDialogElement} */ (byId("ask"));
  const send = /** @type {HTMLButtonElement} */ (h("button", { class: "button button-main", type: "submit", text: action.words }));
  const cancel = h("button", { class: "button", type: "button", text: "Cancel" });
  const general = h("p", { class: "wrong", role: "alert" });
  const form = /** @type {HTMLFormElement} */ (
    h(
      "form",
      { novalidate: true },
      h("div", {}, h("h2", { id: "ask-title", text: action.title ?? "" }), h("p", { class: "muted", text: action.hint ?? `C-${item.id} · ${subjectName(item)}` })),
      ...(action.fields?.(item) ?? []),
      general,
      h("div", { class: "ask-buttons" }, cancel, send),
    )
  );
  cancel.addEventListener("click", () => dialog.close());
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void submit();
  });

  async function submit() {
    for (const wrong of form.querySelectorAll(".wrong")) wrong.textContent = "";
    for (const field of form.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
    send.disabled = true;
    try {
      const changed = await actOnCase(item.id, name, bodyOf(form, item.version));
      dialog.close();
      toast(`C-${item.id} ${action.done}`);
      after({ changed });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status === 409) {
        dialog.close();
        after({ stale: error.message });
      } else showWrong(form, general, error);
    } finally {
      send.disabled = false;
    }
  }

  replace(dialog, form);
  dialog.showModal();
  const first = /** @type {HTMLElement | null} */ (form.querySelector("select, input, textarea"));
  first?.focus();
}

/** What every action says: which picture of the case was seen, and who acts. @param {number} version @returns {Record<string, unknown>} */
const signed = (version) => (known.me ? { version, actor: known.me } : { version });

/** @param {HTMLFormElement} form @param {number} version */
function bodyOf(form, version) {
  const body = signed(version);
  const given = new FormData(form);
  for (const name of ["channel", "root_cause", "owner", "note"]) {
    const value = String(given.get(name) ?? "").trim();
    if (value) body[name] = value;
  }
  const preset = given.get("preset");
  if (preset === "other") {
    const at = new Date(String(given.get("until") ?? ""));
    if (!Number.isNaN(at.getTime())) body.until = at.toISOString();
  } else if (preset) body.until = String(preset);
  return body;
}

/** Show the server's words at the field it names. @param {HTMLElement} form @param {HTMLElement} general @param {ApiError} error */
function showWrong(form, general, error) {
  const field = form.querySelector(`[data-field="${CSS.escape(error.field)}"]`);
  const place = field?.querySelector(".wrong") ?? general;
  place.textContent = error.message;
  const input = /** @type {HTMLElement | null | undefined} */ (field?.querySelector("select, textarea, input"));
  input?.setAttribute("aria-invalid", "true");
  input?.focus();
}

/** @param {string} name @param {string} words @param {HTMLElement} input @param {string} [hint] */
function field(name, words, input, hint) {
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
const note = (words = "Note") => field("note", `${words} (optional)`, h("textarea", { rows: 3, maxlength: 3000 }));

/** @param {string} name @param {string} words @param {[string, string][]} options */
const select = (name, words, options) =>
  field(name, words, h("select", {}, ...options.map(([value, text]) => h("option", { value, text }))));

/** @param {string} name @param {string} words @param {[string, string][]} options */
function choices(name, words, options) {
  return h(
    "fieldset",
    { class: "field", "data-field": name === "preset" ? "until" : name },
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

function snoozeChoices() {
  const now = Date.now();
  const morning = new Date(now);
  morning.setDate(morning.getDate() + 1);
  morning.setHours(9, 0, 0, 0);
  /** @param {number} hours */
  const later = (hours) => new Date(now + hours * 3_600_000).toISOString();
  return choices("preset", "Until", [
    [later(1), "1 hour"],
    [later(4), "4 hours"],
    [morning.toISOString(), "Tomorrow 9:00"],
    ["other", "Another time"],
  ]);
}

function otherTime() {
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
