// What the page knows, what it asks the server, and what it hears from it.

const listeners = new Set();

export const store = {
  team: { name: "Sandbox" },
  app: { name: "app", user: "" },
  users: new Map(),
  channels: new Map(),
  modals: [],
  home: null,
  connected: { socket: 0, http: false },
  me: "",
  /** The time zone of the person one acts as. */
  zone() {
    return store.users.get(store.me)?.tz ?? "UTC";
  },
  /** The language of that person's Slack, as an IETF tag. */
  locale() {
    return store.users.get(store.me)?.locale ?? "en-US";
  },
};

/** The name of a person or the app, or undefined. */
export function nameOf(id) {
  return store.users.get(id)?.real_name;
}

/** The name of a channel without its sign, or undefined. */
export function channelName(id) {
  return store.channels.get(id)?.name;
}

/** People who can be acted as, by name; with the app too if wanted. */
export function people(withApp = false) {
  const listed = [...store.users.values()].filter((user) => !user.deleted && (withApp || !user.is_bot));
  return listed.sort((a, b) => a.real_name.localeCompare(b.real_name));
}

/** The direct message between the acting person and the app, if there is one yet. */
export function directMessage() {
  return [...store.channels.values()].find((channel) => channel.is_im && channel.user === store.me);
}

/** Hear of every change: `listener(change)`. */
export function onChange(listener) {
  listeners.add(listener);
}

function tell(change) {
  for (const listener of listeners) listener(change);
}

async function read(path) {
  const response = await fetch(path);
  return response.json();
}

/** Load people, channels, open modals and Home of the acting person. */
export async function load() {
  let me = store.me || localStorage.getItem("sandbox.me") || "";
  const state = await read(`/page/state?user=${encodeURIComponent(me)}`);
  store.users = new Map(state.users.map((user) => [user.id, user]));
  const listed = people();
  if (!listed.some((user) => user.id === me)) {
    me = listed[0]?.id ?? "";
    if (me) {
      store.me = me;
      return load();
    }
  }
  store.me = me;
  store.team = state.team;
  store.app = state.app;
  store.channels = new Map(state.channels.map((channel) => [channel.id, channel]));
  store.modals = state.modals;
  store.home = state.home;
  store.connected = state.connected;
  return undefined;
}

/** Act as somebody else from now on. */
export async function actAs(user) {
  localStorage.setItem("sandbox.me", user);
  store.me = user;
  await load();
}

/** A page of messages of a channel, oldest first, older than `before` if given. */
export function messages(channel, before = "") {
  return read(`/page/messages?${new URLSearchParams({ channel, before, user: store.me })}`);
}

/** A thread: its parent, then its replies. */
export function thread(channel, ts) {
  return read(`/page/thread?${new URLSearchParams({ channel, ts, user: store.me })}`);
}

/** Messages that a query finds, newest first, and the most that one search answers. */
export function search(query) {
  return read(`/page/search?${new URLSearchParams({ q: query, user: store.me })}`);
}

/** Do something as the acting person: click, submit, dismiss, say, home. */
export async function act(deed, body) {
  try {
    const response = await fetch(`/page/${deed}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ user: store.me, ...body }),
    });
    return await response.json();
  } catch {
    return { acked: false, problem: "the sandbox cannot be reached" };
  }
}

/** Unread counts live in this browser, by person and channel: how many messages they had seen. */
export function unread(channel) {
  const seen = Number(localStorage.getItem(`sandbox.seen.${store.me}.${channel.id}`) ?? 0);
  return seen > channel.count ? channel.count : channel.count - seen; // more seen than there are: another workspace
}

/** Everything in the channel has been seen. */
export function markRead(channel) {
  if (channel) localStorage.setItem(`sandbox.seen.${store.me}.${channel.id}`, channel.count);
}

/** Listen to the server for ever; the browser reconnects by itself, and then everything is loaded anew. */
export function listen() {
  let broken = false;
  const source = new EventSource("/page/stream");
  source.onopen = () => {
    if (broken) tell({ kind: "reload" });
    broken = false;
    tell({ kind: "online" });
  };
  source.onerror = () => {
    broken = true;
    tell({ kind: "offline" });
  };
  source.onmessage = (event) => {
    const change = JSON.parse(event.data);
    const { record } = change;
    if (change.kind === "user") store.users.set(record.id, record);
    if (change.kind === "channel") store.channels.set(record.id, { count: 0, ...store.channels.get(record.id), ...record });
    if (change.kind === "message") {
      const channel = store.channels.get(record.channel);
      if (channel) channel.count = record.count;
    }
    if (change.kind === "modal" && record.user === store.me) store.modals = record.views;
    if (change.kind === "home" && record.user === store.me) store.home = record;
    tell(change);
  };
}
