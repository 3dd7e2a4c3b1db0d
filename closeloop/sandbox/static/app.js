// The page: navigation, what is in the middle (a channel, Home, a search), the thread beside it, and live updates.

import { renderBlocks } from "./blocks.js";
import { avatar, fill, h } from "./dom.js";
import { MessageList } from "./messages.js";
import { showModals } from "./modal.js";
import { handle, showResults } from "./search.js";
import { act, actAs, channelName, directMessage, listen, load, markRead, messages, nameOf, onChange, people, store, thread, unread } from "./store.js";
import { chooseTheme } from "./theme.js";

const $ = (id) => document.getElementById(id);
let here = { channel: "", home: false, query: "" };
let openThread = null;
const mentioned = new Set();

const list = new MessageList($("list"), {
  openThread: showThread,
  loadOlder: () => messages(here.channel, list.oldest),
  greeting: () => h("p", { class: "greeting" }, "This is the very beginning. Messages of the app appear here by themselves."),
});
const threadList = new MessageList($("thread-list"));

// Navigation

function listed() {
  const channels = [...store.channels.values()].filter((channel) => !channel.is_im);
  return channels.sort((a, b) => Number(a.is_archived) - Number(b.is_archived) || a.name.localeCompare(b.name));
}

function item(channel, label, picture) {
  const isHere = here.channel === channel.id && !here.home;
  const count = isHere ? 0 : unread(channel);
  const urgent = channel.is_im || mentioned.has(`${store.me}/${channel.id}`);
  const names = [count && "unread", channel.is_archived && "archived"].filter(Boolean).join(" ");
  return h(
    "a",
    { href: `#/${channel.id}`, class: names, "aria-current": isHere && "page" },
    picture,
    h("span", { class: "name" }, label),
    count > 0 && h("span", { class: urgent ? "badge urgent" : "badge", "aria-label": `${count} unread` }, count > 99 ? "99+" : String(count)),
  );
}

function drawNav() {
  const dm = directMessage();
  const colleagues = people().filter((user) => user.id !== store.me);
  fill(
    $("nav"),
    h("h2", {}, "Channels"),
    listed().map((channel) => item(channel, channel.name, h("span", { class: "sign" }, channel.is_private ? "🔒" : "#"))),
    !listed().length && h("p", { class: "none" }, "none yet"),
    h("h2", {}, "Direct messages"),
    dm ? item(dm, store.app.name, avatar(store.app.name, true)) : h("p", { class: "none" }, "none yet"),
    h("h2", {}, "Apps"),
    h("a", { href: "#/home", "aria-current": here.home && "page" }, h("span", { class: "sign" }, "⌂"), h("span", { class: "name" }, `${store.app.name} Home`)),
    colleagues.length > 0 && h("h2", {}, "People"),
    colleagues.map((user) => {
      const query = `to:${handle(user)}`;
      return h(
        "a",
        { href: `#/search/${encodeURIComponent(query)}`, "aria-current": here.query === query && "page", title: `Messages that name ${user.real_name}` },
        avatar(user.real_name),
        h("span", { class: "name" }, user.real_name),
      );
    }),
  );
  $("team").textContent = store.team.name;
  fill($("me"), people().map((user) => h("option", { value: user.id, selected: user.id === store.me }, user.real_name)));
  fill($("my-picture"), avatar(nameOf(store.me) ?? "?"));
}

/** The two tabs of the app: what it published, and what it wrote to this person. */
function tabs() {
  const dm = directMessage();
  const tab = (href, label, isHere) => h("a", { href, "aria-current": isHere && "page" }, label);
  return h(
    "nav",
    { class: "tabs", "aria-label": store.app.name },
    tab("#/home", "Home", here.home),
    dm && tab(`#/${dm.id}`, "Messages", here.channel === dm.id),
  );
}

function drawTitle() {
  const channel = store.channels.get(here.channel);
  if (here.query) fill($("title"), h("h2", {}, "Search"), h("span", { class: "topic" }, here.query));
  else if (here.home || channel?.is_im) fill($("title"), avatar(store.app.name, true), h("h2", {}, store.app.name), tabs());
  else if (!channel) fill($("title"), h("h2", {}, store.channels.size ? "Choose a channel" : "No channels yet"));
  else fill($("title"), h("h2", {}, `${channel.is_private ? "🔒" : "#"} ${channel.name}`), h("span", { class: "topic" }, channel.is_archived ? "archived" : channel.topic?.value));
}

function drawHome() {
  list.messages.clear();
  if (!store.home) {
    fill($("list"), h("p", { class: "greeting" }, `${store.app.name} has not published a Home tab for ${nameOf(store.me) ?? "you"} yet.`));
    return;
  }
  const view = store.home;
  const host = {
    typed: {},
    async click(part, block, value) {
      const result = await act("click", { view_id: view.id, action_id: part.action_id, block_id: block.block_id, value, typed: host.typed });
      return result.acked ? "" : result.problem;
    },
  };
  fill($("list"), h("div", { class: "home" }, renderBlocks(view.blocks, host)));
}

/** Where the address leads: a channel, a message in it, a thread's reply, Home, or a search. */
async function go() {
  const [, place = "", link = "", reply = ""] = location.hash.split("/");
  const wanted = decodeURIComponent(place);
  closeThread();
  closeSidebar();
  if (wanted === "home") {
    here = { channel: "", home: true, query: "" };
    drawHome();
    $("list").scrollTop = 0;
    act("home", {});
  } else if (wanted === "search" && link) {
    here = { channel: "", home: false, query: decodeURIComponent(link) };
    list.messages.clear();
    await showResults($("list"), here.query);
  } else {
    const other = store.channels.get(wanted);
    const mine = other && (!other.is_im || other.user === store.me);
    const channel = mine ? other : other?.is_im ? directMessage() ?? listed()[0] : listed()[0];
    here = { channel: channel?.id ?? "", home: false, query: "" };
    if (channel?.is_im) act("home", { tab: "messages" });
  }
  $("query").value = here.query;
  $("composer").hidden = !here.channel || store.channels.get(here.channel)?.is_archived;
  drawComposer($("composer"), null);
  drawTitle();
  if (!here.home && !here.query) await showChannel();
  if (here.channel && here.channel === wanted && reply) await showThread({ channel: wanted, ts: stamp(reply) });
  if (here.channel && here.channel === wanted && link.startsWith("p")) await reveal(stamp(link));
  drawNav();
}

/** `p1800000000000001` in an address is the message 1800000000.000001. */
function stamp(link) {
  return `${link.slice(1, -6)}.${link.slice(-6)}`;
}

async function showChannel() {
  if (!here.channel) {
    list.reset([]);
    return;
  }
  const { channel } = here;
  const page = await messages(channel);
  if (channel !== here.channel || here.home) return;
  const all = [...page.messages, ...page.ephemerals].sort((a, b) => (a.ts < b.ts ? -1 : 1));
  const known = store.channels.get(channel);
  const count = unread(known);
  const isLine = count > 0 && count < known.count; // never opened before: a line above everything says nothing
  list.reset(all, page.has_more, isLine ? page.messages.at(-count)?.ts : "");
  seen();
}

async function reveal(ts) {
  for (let page = 0; page < 50 && list.hasMore && list.oldest > ts; page += 1) await list.showOlder();
  const found = document.querySelector(`main [data-ts="${CSS.escape(ts)}"]`) ?? $("thread-list").querySelector(`[data-ts="${CSS.escape(ts)}"]`);
  found?.scrollIntoView({ block: "center" });
  found?.classList.add("updated");
}

function seen() {
  if (document.hidden || !here.channel) return;
  markRead(store.channels.get(here.channel));
  mentioned.delete(`${store.me}/${here.channel}`);
}

// Threads and writing

async function showThread(message) {
  const ts = message.thread_ts ?? message.ts;
  openThread = { channel: message.channel, ts };
  const page = await thread(message.channel, ts);
  threadList.reset(page.messages);
  $("thread").hidden = false;
  $("thread-place").textContent = store.channels.get(message.channel)?.is_im ? store.app.name : `#${channelName(message.channel) ?? ""}`;
  drawComposer($("thread-composer"), ts);
  $("thread-composer").querySelector("textarea").focus();
}

function closeThread() {
  openThread = null;
  $("thread").hidden = true;
}

function drawComposer(form, threadTs) {
  const channel = store.channels.get(here.channel);
  const label = threadTs ? "Reply…" : `Message ${channel?.is_im ? store.app.name : `#${channel?.name ?? ""}`}`;
  const field = h("textarea", { rows: 1, placeholder: label, "aria-label": label });
  const send = async (event) => {
    event?.preventDefault();
    const text = field.value.trim();
    if (!text) return;
    field.value = "";
    const escaped = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
    await act("say", { channel: here.channel, text: escaped, thread_ts: threadTs });
  };
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) send(event);
  });
  form.onsubmit = send;
  fill(form, field, h("button", { type: "submit", class: "button primary", "aria-label": "Send" }, "Send"));
}

// Live updates

let navWaits = false;
function drawNavSoon() {
  if (navWaits) return;
  navWaits = true;
  requestAnimationFrame(() => {
    navWaits = false;
    drawNav();
  });
}

async function reload() {
  await load();
  await go();
  showModals();
  drawLink(true);
}

function drawLink(online) {
  const { socket, http } = store.connected;
  const how = socket ? "Socket Mode" : http ? "HTTP" : "";
  $("link").className = online ? "online" : "offline";
  $("link").textContent = online ? `sandbox${how ? ` · app over ${how}` : ""}` : "connection lost, trying again";
}

function heard(change) {
  const { kind, record } = change;
  if (kind === "reload") reload();
  else if (kind === "online" || kind === "offline") drawLink(kind === "online");
  else if (kind === "modal" && record.user === store.me) showModals();
  else if (kind === "home" && record.user === store.me && here.home) drawHome();
  else if (kind === "message" || (kind === "ephemeral" && record.visible_to === store.me)) {
    if (change.new && record.mentions.some((who) => who === store.me || who.startsWith("!"))) mentioned.add(`${store.me}/${record.channel}`);
    if (record.channel === here.channel && !here.home) {
      if (record.in_channel) list.put(record);
      seen();
    }
    if (openThread && record.channel === openThread.channel && [record.ts, record.thread_ts].includes(openThread.ts)) threadList.put(record);
    drawNavSoon();
  } else if (kind === "channel" || kind === "user") {
    if (!store.me && kind === "user") reload();
    else if (!here.channel && !here.home) go();
    else {
      drawNavSoon();
      drawTitle();
    }
  }
}

// The frame: sidebar on a phone, search, keys

function closeSidebar() {
  document.body.classList.remove("sidebar-open");
  $("menu").setAttribute("aria-expanded", "false");
}

/** Go to the entry of the sidebar before or after this one. */
function step(by) {
  const links = [...$("nav").querySelectorAll("a")];
  const at = links.findIndex((link) => link.getAttribute("aria-current"));
  location.hash = links[(at + by + links.length) % links.length].getAttribute("href");
}

$("menu").addEventListener("click", () => {
  const open = document.body.classList.toggle("sidebar-open");
  $("menu").setAttribute("aria-expanded", String(open));
  if (open) ($("nav").querySelector("[aria-current]") ?? $("nav").querySelector("a"))?.focus();
});
document.querySelector("main").addEventListener("click", closeSidebar);
$("search").addEventListener("submit", (event) => {
  event.preventDefault();
  const query = $("query").value.trim();
  if (query) location.hash = `#/search/${encodeURIComponent(query)}`;
});
chooseTheme($("theme"));
$("thread-close").addEventListener("click", closeThread);
$("me").addEventListener("change", async () => {
  await actAs($("me").value);
  await go();
  showModals();
});
document.addEventListener("keydown", (event) => {
  if (document.querySelector("dialog[open]")) return;
  if ((event.ctrlKey || event.metaKey) && event.key === "k") $("query").focus();
  else if (event.altKey && event.key === "ArrowDown") step(1);
  else if (event.altKey && event.key === "ArrowUp") step(-1);
  else if (event.key === "Escape" && document.body.classList.contains("sidebar-open")) closeSidebar();
  else if (event.key === "Escape" && openThread) closeThread();
  else return;
  event.preventDefault();
});
document.addEventListener("visibilitychange", seen);
window.addEventListener("hashchange", go);

await load();
onChange(heard);
listen();
await go();
showModals();
document.body.dataset.ready = "true";
