// Search: by words and by people, `from:`, `to:` and `in:` as in Slack.

import { avatar, fill, h } from "./dom.js";
import { row } from "./messages.js";
import { channelName, people, search, store } from "./store.js";

/** A name as a filter takes it: `Ana Souza` is `ana.souza`. */
export function handle(user) {
  return user.real_name.toLowerCase().replace(/\s+/g, ".");
}

function place(message) {
  const channel = store.channels.get(message.channel);
  if (channel?.is_im) return `Direct message with ${store.app.name}`;
  return `#${channelName(message.channel) ?? message.channel}`;
}

function address(message) {
  const link = `#/${message.channel}/p${message.ts.replace(".", "")}`;
  return message.in_channel ? link : `${link}/t${message.thread_ts.replace(".", "")}`;
}

function result(message) {
  const where = h("a", { class: "where", href: address(message) }, place(message), !message.in_channel && " · in a thread");
  return h("section", { class: "result" }, where, row(message, null));
}

function person(user) {
  const name = handle(user);
  return h(
    "li",
    {},
    avatar(user.real_name, user.is_bot),
    h("span", { class: "name" }, h("b", {}, user.real_name), user.email && h("small", {}, user.email)),
    h("a", { class: "button", href: `#/search/${encodeURIComponent(`from:${name}`)}` }, "Messages from"),
    h("a", { class: "button", href: `#/search/${encodeURIComponent(`to:${name}`)}` }, "Messages that name"),
  );
}

/** Show what a query finds in `list`; resolves when it is drawn. */
export async function showResults(list, query) {
  const { messages, most } = await search(query);
  const words = query.toLowerCase().trim();
  const named = words.includes(":") ? [] : people(true).filter((user) => `${user.real_name} ${user.name} ${user.profile.email ?? ""}`.toLowerCase().includes(words));
  const count = messages.length === most ? `the newest ${most} messages` : messages.length === 1 ? "1 message" : `${messages.length} messages`;
  fill(
    list,
    h("p", { class: "summary", role: "status" }, count, " for ", h("b", {}, query)),
    words && named.length > 0 && h("ul", { class: "people", "aria-label": "People" }, named.slice(0, 5).map(person)),
    messages.map(result),
    !messages.length && h("p", { class: "greeting" }, "Nothing that you may see has all of these words."),
  );
  list.scrollTop = 0;
}
