/** A survey of one question: on a page's own place, or in a corner of it. */

import { harmless } from "./client.js";
import { ENGLISH } from "./english.js";
import { fingerprint, randomId } from "./events.js";
import { pageStorage } from "./queue.js";
import { CSS } from "./style.js";

/** @type {Record<string, [number, number]>} */
const SCALES = { nps: [0, 10], csat: [1, 5], ces: [1, 7] };
/** An answer is known again for a day; after that a change would count as a second answer. */
const CHANGEABLE_MS = 23 * 3_600_000;
const RIGHT_TO_LEFT = ["ar", "he", "fa", "ur"];

/** The words of the survey, by their place in its labels. */
const PLACE = { comment: 9, contact: 10, send: 11, thanks: 12, close: 13 };

/** @type {CSSStyleSheet | undefined} */
let sheet;

/**
 * What it takes besides the fields of a response. See types/index.d.ts for each.
 * @typedef {{
 *   metric: string, customer_id: string, invitation?: string, into?: Element | null, scale?: [number, number],
 *   contact?: boolean, language?: string, theme?: "light" | "dark" | "auto",
 *   labels?: Partial<Record<"question" | "low" | "high" | "comment" | "contact" | "send" | "thanks" | "close", string>>,
 *   onAnswer?: (answer: {score: number, comment: string, contact_requested: boolean}) => void, onClose?: () => void,
 *   touchpoint?: string, touchpoint_event_id?: string, channel?: string, attributes?: Record<string, unknown>,
 * }} SurveyOptions
 */

/**
 * Ask. Nothing is shown to whoever has answered this invitation already, or closed it, and none beside another in the
 * corner. Never throws.
 * @param {{response: (data: Record<string, unknown>, about?: {id?: string}) => string}} client
 * @param {SurveyOptions} options
 * @returns {{shown: boolean, element: HTMLElement | null, close: () => void}}
 */
export function showSurvey(client, options) {
  try {
    // What could never be an answer is said to the host now, not to a customer who has answered.
    if (typeof client?.response !== "function") throw new TypeError("client: give a Closeloop");
    if (typeof options.customer_id !== "string" || !options.customer_id) throw new TypeError("customer_id: give a text");
    const answers = new Answers(client, options);
    if (answers.given || (!options.into && document.querySelector("[closeloop-corner]"))) return { shown: false, element: null, close() {} };
    const element = draw(options, answers);
    return { shown: true, element, close: () => element.dispatchEvent(new Event("closeloop-close")) };
  } catch (error) {
    console.warn(`closeloop: survey: ${error instanceof Error ? error.message : "not shown"}`);
    return { shown: false, element: null, close() {} };
  }
}

/** The answers to one invitation: the first, and those that revise it, whichever page of this browser they come from. */
class Answers {
  /**
   * @param {{response: (data: Record<string, unknown>, about?: {id?: string}) => string}} client
   * @param {SurveyOptions} options
   */
  constructor(client, options) {
    this.client = client;
    this.options = options;
    // Of the customer, too: one invitation may be a campaign's, and each of its customers' answers counts.
    const whose = fingerprint(options.customer_id);
    this.base = options.invitation ? `${options.invitation}:${options.metric}:${whose}` : randomId();
    this.storage = options.invitation ? pageStorage() : null;
    this.key = `closeloop:answered:${this.base}`;
    /** @type {{n: number, at: number} | null} */
    this.kept = null;
    this.last = "";
  }

  /**
   * How many answers were sent, and when the first of them; none of them: it was closed without one.
   * @returns {{n: number, at: number} | null}
   */
  get given() {
    try {
      const kept = JSON.parse(this.storage?.getItem(this.key) ?? "null");
      return Number.isInteger(kept?.n) ? kept : this.kept;
    } catch {
      return this.kept;
    }
  }

  /** @param {{n: number, at: number}} given */
  keep(given) {
    this.kept = given;
    try {
      this.storage?.setItem(this.key, JSON.stringify(given));
    } catch {} // then this page alone remembers
  }

  /** Note that the question was closed without an answer: a person is not asked it again. */
  decline() {
    if (!this.given) this.keep({ n: 0, at: Date.now() });
  }

  /**
   * Send an answer, unless it says what the last one said.
   * @param {{score: number, comment: string, contact_requested: boolean}} answer
   */
  give(answer) {
    const said = JSON.stringify(answer);
    const given = this.given;
    const now = Date.now();
    if (said === this.last || (given?.n && now - given.at > CHANGEABLE_MS)) return;
    const { metric, customer_id, touchpoint, touchpoint_event_id, channel, attributes } = this.options;
    const n = given?.n ?? 0;
    const id = n ? `${this.base}:${n + 1}` : this.base;
    const data = {
      customer_id,
      metric,
      score: answer.score,
      touchpoint,
      touchpoint_event_id,
      channel: channel ?? "web",
      language: languageOf(this.options),
      comment: answer.comment || undefined,
      contact_requested: answer.contact_requested || undefined,
      revises: n ? (n > 1 ? `${this.base}:${n}` : this.base) : undefined,
      attributes,
    };
    if (this.client.response(data, { id }) === "") return; // no event: the client has told why
    this.last = said;
    this.keep({ n: n + 1, at: n && given ? given.at : now });
    tell(() => this.options.onAnswer?.(answer));
  }
}

/** Call a function of the host, which may fail now or later. @param {() => any} call */
function tell(call) {
  try {
    harmless(call());
  } catch {} // the host's own
}

/** @param {SurveyOptions} options */
function languageOf(options) {
  return (options.language || document.documentElement.lang || navigator.language || "en").slice(0, 35);
}

/**
 * @param {string} tag
 * @param {Record<string, unknown>} [properties]
 * @param {(Node | string)[]} [children]
 * @returns {any}
 */
function make(tag, properties = {}, children = []) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name !== "role" && name in element) /** @type {any} */ (element)[name] = value;
    else element.setAttribute(name, String(value));
  }
  element.append(...children);
  return element;
}

/** @param {SurveyOptions} options @param {Answers} answers @returns {HTMLElement} */
function draw(options, answers) {
  const language = languageOf(options);
  const known = language.toLowerCase().split("-")[0];
  const labels = /** @type {any} */ (globalThis).closeloop?.labels ?? {};
  const translated = Object.hasOwn(labels, known) && labels[known];
  const words = translated || ENGLISH;
  const own = options.labels ?? {};
  const scale = options.scale ?? (Object.hasOwn(SCALES, options.metric) && SCALES[options.metric]);
  if (!scale) throw new TypeError(`metric: ${options.metric} has no scale of its own; give scale: [lowest, highest]`);
  const at = Object.keys(SCALES).indexOf(options.metric) * 3;
  /** @param {keyof NonNullable<SurveyOptions["labels"]>} name @param {number} place */
  const say = (name, place) => own[name] ?? words[place] ?? "";
  const question = say("question", at);
  const low = say("low", at + 1);
  const high = say("high", at + 2);
  if (!question) throw new TypeError("labels.question: give one for a metric of your own");

  const host = make("div", {
    lang: translated || own.question ? language : "en",
    dir: RIGHT_TO_LEFT.includes(known) && (translated || own.question) ? "rtl" : "ltr",
    theme: options.theme ?? "auto",
  });
  const root = host.attachShadow({ mode: "open" });
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
  }
  root.adoptedStyleSheets = [sheet];

  const over = !options.into;
  if (over) host.setAttribute("closeloop-corner", "");
  const said = make("p", { className: "said", role: "status" });
  const ends = make("div", { className: "ends", "aria-hidden": "true" }, [make("span", {}, [low]), make("span", {}, [high])]);
  const comment = make("textarea", { maxLength: 5000, rows: 3 });
  const contact = make("input", { type: "checkbox" });
  const more = make("div", { className: "more", hidden: true }, [
    make("label", {}, [say("comment", PLACE.comment), comment]),
    ...(options.contact ? [make("label", { className: "check" }, [contact, say("contact", PLACE.contact)])] : []),
    make("button", { className: "send", type: "submit" }, [say("send", PLACE.send)]),
  ]);
  const scores = make("div", { className: "scale" });
  for (let score = scale[0]; score <= scale[1]; score += 1) {
    const end = score === scale[0] ? low : score === scale[1] ? high : "";
    const input = make("input", { type: "radio", name: "score", value: String(score) });
    if (end) input.setAttribute("aria-label", `${score} – ${end}`);
    scores.append(make("label", {}, [input, make("span", {}, [String(score)])]));
  }
  const group = make("fieldset", { role: "radiogroup" }, [make("legend", { id: "q" }, [question]), scores, ends]);
  group.setAttribute("aria-labelledby", "q");
  const form = make("form", { noValidate: true }, [group, said, more]);
  const close = make("button", { className: "close", type: "button", "aria-label": say("close", PLACE.close) });
  const box = make("div", { className: over ? "box over" : "box" }, [
    form,
    ...(over ? [close] : []),
  ]);
  box.setAttribute("role", over ? "dialog" : "region");
  box.setAttribute("aria-label", question);
  root.append(box);

  /** @type {HTMLElement | null} */
  let before = null;
  const end = () => {
    if (!host.isConnected) return;
    const inside = root.activeElement;
    host.remove();
    if (inside) before?.focus?.();
    tell(() => options.onClose?.());
  };
  const decline = () => {
    answers.decline();
    end();
  };
  const answer = () => {
    const chosen = form.elements.score.value;
    if (chosen === "") return false;
    answers.give({
      score: Number(chosen),
      comment: comment.value.replace(/\0/g, "").replace(/\p{Surrogate}/gu, "\ufffd").trim(), // halves are no text
      contact_requested: Boolean(options.contact && contact.checked),
    });
    return true;
  };

  let moving = false;
  box.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    moving = event.key.startsWith("Arrow");
    if (event.key === "Escape" && over && !event.isComposing) decline();
    const target = /** @type {HTMLInputElement} */ (event.target);
    if (event.key === "Enter" && target.name === "score") {
      event.preventDefault(); // it would send the whole form before anybody has seen the rest of it
      target.checked = true;
      chosen();
    }
  });
  for (const name of ["keyup", "pointerdown"]) {
    box.addEventListener(name, () => {
      moving = false;
    });
  }
  const chosen = () => {
    more.hidden = false;
    if (!moving && answer()) said.textContent = say("thanks", PLACE.thanks);
  };
  // Arrow keys pass over scores on their way: they choose none until Enter, the space bar or the button says so.
  scores.addEventListener("click", (/** @type {Event} */ event) => {
    if (/** @type {HTMLInputElement} */ (event.target).name === "score") chosen();
  });
  form.addEventListener("submit", (/** @type {Event} */ event) => {
    event.preventDefault();
    if (!answer()) return;
    const inside = root.activeElement;
    group.remove();
    more.remove();
    said.textContent = "";
    said.className = "said last";
    setTimeout(() => {
      said.textContent = say("thanks", PLACE.thanks);
    });
    said.tabIndex = -1;
    if (inside) (over ? close : said).focus({ preventScroll: true });
    if (over) setTimeout(() => box.matches(":hover") || root.activeElement || end(), 6000);
  });
  box.addEventListener("focusin", (/** @type {FocusEvent} */ event) => {
    const from = /** @type {HTMLElement | null} */ (event.relatedTarget);
    if (from && !root.contains(from)) before = from;
  });
  close.addEventListener("click", decline);
  host.addEventListener("closeloop-close", end);
  (options.into ?? document.body).append(host);
  if (over) {
    // Whoever does not see it hears of it, and keeps the focus where it is.
    const news = make("p", { className: "unseen", role: "status" });
    box.append(news);
    setTimeout(() => {
      news.textContent = question;
    }, 200);
    setTimeout(() => news.remove(), 5000);
  }
  return host;
}
