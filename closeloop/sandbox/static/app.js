// The page: navigation, the channel in the middle, the thread beside it, and live updates.

import { renderBlocks } from "./blocks.js";
import { avatar, fill, h } from "./dom.js";
import { MessageList } from "./messages.js";
import { showModals } from "./modal.js";
import { act, actAs, directMessage, listen, load, markRead, messages, nameOf, onChange, store, thread, unread } from "./store.js";

const $ = (id) => document.getElementById(id);
let here = { channel: "", home: false };
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
  fill(
    $("nav"),
    h("h2", {}, "Channels"),
    listed().map((channel) => item(channel, channel.name, h("span", { class: "sign" }, channel.is_private ? "🔒" : "#"))),
    !listed().length && h("p", { class: "none" }, "none yet"),
    h("h2", {}, "Direct messages"),
    dm ? item(dm, store.app.name, avatar(store.app.name, true)) : h("p", { class: "none" }, "none yet"),
    h("h2", {}, "Apps"),
    h("a", { href: "#/home", "aria-current": here.home && "page" }, h("span", { class: "sign" }, "⌂"), h("span", { class: "name" }, `${store.app.name} Home`)),
  );
  $("team").textContent = store.team.name;
  const people = [...store.users.values()].filter((user) => !user.is_bot && !user.deleted);
  people.sort((a, b) => a.real_name.localeCompare(b.real_name));
  fill($("me"), people.map((user) => h("option", { value: user.id, selected: user.id === store.me }, user.real_name)));
}

function drawTitle() {
  const channel = store.channels.get(here.channel);
  if (here.home) fill($("title"), avatar(store.app.name, true), h("h2", {}, store.app.name), h("span", { class: "topic" }, "Home"));
  else if (!channel) fill($("title"), h("h2", {}, store.channels.size ? "Choose a channel" : "No channels yet"));
  else if (channel.is_im) fill($("title"), avatar(store.app.name, true), h("h2", {}, store.app.name), h("span", { class: "topic" }, `Direct message with ${nameOf(store.me) ?? ""}`));
  else fill($("title"), h("h2", {}, `# ${channel.name}`), h("span", { class: "topic" }, channel.is_archived ? "archived" : channel.topic?.value));
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

async function go() {
  const [, place = "", link = ""] = location.hash.split("/");
  const wanted = decodeURIComponent(place);
  closeThread();
  if (wanted === "home") {
    here = { channel: "", home: true };
    drawHome();
    act("home", {});
  } else {
    const other = store.channels.get(wanted);
    const mine = other && (!other.is_im || other.user === store.me);
    const channel = mine ? other : other?.is_im ? directMessage() ?? listed()[0] : listed()[0];
    here = { channel: channel?.id ?? "", home: false };
  }
  $("composer").hidden = here.home || !here.channel || store.channels.get(here.channel)?.is_archived;
  drawComposer($("composer"), null);
  drawTitle();
  if (!here.home) await showChannel();
  if (here.channel === wanted && link.startsWith("p")) reveal(`${link.slice(1, -6)}.${link.slice(-6)}`);
  drawNav();
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
  list.reset(all, page.has_more);
  seen();
}

async function reveal(ts) {
  for (let page = 0; page < 50 && list.hasMore && list.oldest > ts; page += 1) await list.showOlder();
  const found = $("list").querySelector(`[data-ts="${CSS.escape(ts)}"]`);
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
      if (record.in_channel || kind === "ephemeral") list.put(record);
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

$("thread-close").addEventListener("click", closeThread);
$("me").addEventListener("change", async () => {
  await actAs($("me").value);
  await go();
  showModals();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && openThread && !document.querySelector("dialog[open]")) closeThread();
});
document.addEventListener("visibilitychange", seen);
window.addEventListener("hashchange", go);

await load();
onChange(heard);
listen();
await go();
showModals();
document.body.dataset.ready = "true";
