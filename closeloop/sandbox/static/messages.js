// A list of messages: rows that are updated in place, day lines, "load older", and the thread panel's list alike.

import { renderBlocks } from "./blocks.js";
import { avatar, fill, h } from "./dom.js";
import { datePart } from "./moments.js";
import { mrkdwn } from "./mrkdwn.js";
import { act, nameOf, store } from "./store.js";

const MOST_ROWS = 300;
const typedByMessage = new Map();

const moment = (message) => new Date(Number(message.ts) * 1000);

function body(message) {
  const key = `${message.channel}/${message.ts}`;
  if (!typedByMessage.has(key)) typedByMessage.set(key, {});
  const host = {
    typed: typedByMessage.get(key),
    async click(part, block, value) {
      const { channel, ts } = message;
      const result = await act("click", { channel, ts, action_id: part.action_id, block_id: block.block_id, value, typed: host.typed });
      return result.acked ? "" : result.problem;
    },
  };
  if (message.blocks?.length) return renderBlocks(message.blocks, host);
  return h("div", { class: "b-text" }, mrkdwn(message.text, message.verbatim), message.edited && h("small", { class: "edited" }, " (edited)"));
}

function replies(message, open) {
  if (!message.reply_count) return null;
  const count = message.reply_count === 1 ? "1 reply" : `${message.reply_count} replies`;
  const last = datePart(new Date(Number(message.latest_reply) * 1000), "ago");
  return h(
    "button",
    { type: "button", class: "replies", onclick: () => open(message) },
    message.reply_users.slice(0, 3).map((user) => avatar(nameOf(user) ?? user, user === store.app.user)),
    h("b", {}, count),
    h("span", {}, `last reply ${last}`),
  );
}

/** The row of one message. `openThread` is left out inside a thread and among search results. */
export function row(message, openThread) {
  const isApp = message.from_bot;
  const name = isApp ? store.app.name : nameOf(message.user) ?? message.user;
  const mine = message.mentions.includes(store.me) || message.mentions.some((who) => who.startsWith("!"));
  const names = ["message", message.visible_to && "ephemeral", mine && "mentions-me"].filter(Boolean).join(" ");
  return h(
    "article",
    { class: names, dataset: { ts: message.ts, edits: message.edits }, "aria-label": `${name}: ${message.text.slice(0, 80)}` },
    avatar(name, isApp),
    h(
      "div",
      { class: "content" },
      message.visible_to && h("p", { class: "only-you" }, "👁 Only visible to you"),
      message.subtype === "thread_broadcast" && openThread && h("p", { class: "only-you" }, "↩ replied to a thread"),
      h(
        "p",
        { class: "who" },
        h("b", {}, name),
        isApp && h("span", { class: "tag" }, "APP"),
        h("time", { datetime: moment(message).toISOString(), title: moment(message).toString() }, datePart(moment(message), "time")),
      ),
      body(message),
      openThread && replies(message, openThread),
    ),
    openThread &&
      !message.visible_to &&
      h("button", { type: "button", class: "icon reply", "aria-label": "Reply in thread", title: "Reply in thread", onclick: () => openThread(message) }, "💬"),
  );
}

/** One scrolling list. `openThread(message)` is called for threads; `loadOlder()` resolves to older messages. */
export class MessageList {
  constructor(place, { openThread = null, loadOlder = null, greeting = () => null } = {}) {
    this.place = place;
    this.openThread = openThread;
    this.loadOlder = loadOlder;
    this.greeting = greeting;
    this.messages = new Map();
    this.hasMore = false;
    this.newFrom = "";
    this.waiting = new Set();
    this.atEnd = true;
    place.addEventListener("scroll", () => {
      this.atEnd = place.scrollHeight - place.scrollTop - place.clientHeight < 80;
    });
    new ResizeObserver(() => this.stick()).observe(place);
  }

  /** Stay at the end, if that is where the reader is; a place that shows no messages (Home, a search) is left alone. */
  stick() {
    if (this.atEnd && this.messages.size) this.place.scrollTop = this.place.scrollHeight;
  }

  /** Show these messages, oldest first, scrolled to the end; before `newFrom` (a ts) a line says what is new. */
  reset(messages, hasMore = false, newFrom = "") {
    this.newFrom = newFrom;
    this.messages = new Map(messages.map((message) => [message.ts, message]));
    this.hasMore = hasMore;
    this.waiting.clear();
    this.draw();
    this.atEnd = true;
    this.stick();
  }

  /** The oldest message shown, or undefined. */
  get oldest() {
    return [...this.messages.keys()].find((ts) => !this.messages.get(ts).visible_to);
  }

  draw() {
    const nodes = [];
    let day = "";
    for (const message of this.messages.values()) {
      const that = datePart(moment(message), "date_long_pretty");
      if (that !== day) nodes.push(h("div", { class: "day", role: "separator" }, h("span", {}, that)));
      day = that;
      if (message.ts === this.newFrom) nodes.push(h("div", { class: "new", role: "separator" }, h("span", {}, "New")));
      nodes.push(row(message, this.openThread));
    }
    const older = this.hasMore && h("button", { type: "button", class: "button older", onclick: () => this.showOlder() }, "Load older messages");
    fill(this.place, older || this.greeting(), nodes);
  }

  async showOlder() {
    const page = await this.loadOlder();
    const height = this.place.scrollHeight;
    this.messages = new Map([...page.messages.map((message) => [message.ts, message]), ...this.messages]);
    this.hasMore = page.has_more;
    this.draw();
    this.place.scrollTop += this.place.scrollHeight - height;
  }

  /** Take in a new or changed message; drawn together with others before the next frame. */
  put(message) {
    const known = this.messages.get(message.ts);
    if (!known && this.oldest && message.ts < this.oldest) return;
    if (message.deleted) this.messages.delete(message.ts);
    else this.messages.set(message.ts, message);
    if (!this.waiting.size) requestAnimationFrame(() => this.flush());
    this.waiting.add(message.ts);
  }

  flush() {
    if (this.atEnd && this.messages.size > MOST_ROWS) {
      this.messages = new Map([...this.messages].slice(-MOST_ROWS / 2));
      this.hasMore = true;
      this.draw();
    } else {
      for (const ts of this.waiting) this.flushOne(ts);
    }
    this.waiting.clear();
    this.stick();
  }

  flushOne(ts) {
    const message = this.messages.get(ts);
    const node = this.place.querySelector(`[data-ts="${CSS.escape(ts)}"]`);
    if (!message) {
      node?.remove();
    } else if (node) {
      const updated = row(message, this.openThread);
      if (Number(node.dataset.edits) < message.edits) updated.classList.add("updated");
      const focus = document.activeElement?.closest("[data-action]")?.dataset.action;
      const held = node.contains(document.activeElement);
      node.replaceWith(updated);
      if (held) (updated.querySelector(`[data-action="${CSS.escape(focus ?? "")}"] :is(button, select, input)`) ?? this.place).focus({ preventScroll: true });
    } else {
      const last = [...this.place.querySelectorAll("article")].at(-1);
      if (!last || last.dataset.ts > ts || this.dayOf(last.dataset.ts) !== datePart(moment(message), "date_long_pretty")) this.draw();
      else {
        const added = row(message, this.openThread);
        added.classList.add("arrived");
        this.place.append(added);
      }
    }
  }

  dayOf(ts) {
    return datePart(new Date(Number(ts) * 1000), "date_long_pretty");
  }
}
