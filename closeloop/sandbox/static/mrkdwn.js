// Slack's mrkdwn to DOM nodes. Nothing is ever parsed as HTML.

import { h } from "./dom.js";
import { emoji, withEmoji } from "./emoji.js";
import { datePart } from "./moments.js";
import { channelName, nameOf, store } from "./store.js";

/** Undo the three entities that Slack escapes. */
export function unescape(text) {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

const INLINE = new RegExp(
  [
    "`(?<code>[^`\\n]+)`",
    "<(?<angle>[^<>\\n]+)>",
    "(?<bare>https?://[^\\s<>`]+)",
    ":(?<emoji>[a-z0-9_+'-]+):",
    "(?<![\\p{L}\\p{N}*])\\*(?=\\S)(?<bold>[^*\\n]*?[^*\\s])\\*(?![\\p{L}\\p{N}*])",
    "(?<![\\p{L}\\p{N}_])_(?=\\S)(?<italic>[^_\\n]*?[^_\\s])_(?![\\p{L}\\p{N}_])",
    "(?<![\\p{L}\\p{N}~])~(?=\\S)(?<strike>[^~\\n]*?[^~\\s])~(?![\\p{L}\\p{N}~])",
  ].join("|"),
  "u",
);

/** With `verbatim` bare addresses stay text. */
function inline(text, verbatim) {
  const nodes = [];
  let rest = text;
  while (rest) {
    const found = INLINE.exec(rest);
    if (!found) break;
    if (found.index) nodes.push(unescape(rest.slice(0, found.index)));
    nodes.push(token(found, verbatim));
    rest = rest.slice(found.index + found[0].length);
  }
  if (rest) nodes.push(unescape(rest));
  return nodes;
}

function token(found, verbatim) {
  const { code, angle, bare, emoji: short, bold, italic, strike } = found.groups;
  if (bare !== undefined) return verbatim ? unescape(bare) : link(unescape(bare), "");
  if (code !== undefined) return h("code", {}, unescape(code));
  if (angle !== undefined) return special(angle);
  if (short !== undefined) {
    const sign = emoji(short);
    return sign ? h("span", { class: "emoji", role: "img", "aria-label": short.replaceAll("_", " ") }, sign) : found[0];
  }
  if (bold !== undefined) return h("strong", {}, inline(bold, verbatim));
  if (italic !== undefined) return h("em", {}, inline(italic, verbatim));
  return h("del", {}, inline(strike, verbatim));
}

/** `<...>`: a person, a channel, a broadcast, a date or a link. */
function special(body) {
  const bar = body.indexOf("|");
  const target = bar < 0 ? body : body.slice(0, bar);
  const label = bar < 0 ? "" : unescape(body.slice(bar + 1));
  if (target.startsWith("@")) {
    const id = target.slice(1);
    return h("span", { class: id === store.me ? "mention me" : "mention" }, `@${nameOf(id) ?? (label || id)}`);
  }
  if (target.startsWith("#")) {
    const id = target.slice(1);
    return h("a", { class: "mention", href: `#/${encodeURIComponent(id)}` }, `#${channelName(id) ?? (label || id)}`);
  }
  if (target.startsWith("!date^")) return date(target, label);
  if (target.startsWith("!subteam^")) return h("span", { class: "mention" }, label || `@${target.slice(9)}`);
  if (target.startsWith("!")) return h("span", { class: "mention me" }, `@${target.slice(1)}`);
  return link(unescape(target), label);
}

/** A link, if the address is one that may be opened; otherwise its text. */
export function link(address, label) {
  let scheme = "";
  try {
    scheme = new URL(address).protocol;
  } catch {
    // not an address: shown as text below
  }
  if (!["http:", "https:", "mailto:", "tel:"].includes(scheme)) return label || address;
  return h("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, label || address.replace(/^mailto:/, ""));
}

/** `!date^seconds^format^link`, in the time zone of the person one acts as. */
function date(target, fallback) {
  const [, seconds, format, address] = target.split("^");
  const moment = new Date(Number(seconds) * 1000);
  if (Number.isNaN(moment.getTime()) || !format) return fallback;
  const text = format.replace(/\{(\w+)\}/g, (whole, name) => datePart(moment, name) ?? whole);
  const shown = h("time", { datetime: moment.toISOString(), title: moment.toString() }, text);
  return address ? link(unescape(address), text) : shown;
}

/** mrkdwn text as nodes: fences, quotes, then the rest. Unless `verbatim`, bare addresses become links. */
export function mrkdwn(text, verbatim = false) {
  return text.split("```").flatMap((part, index) => {
    if (index % 2) return h("pre", {}, unescape(part.replace(/^\n/, "")));
    return part ? lines(part, verbatim) : [];
  });
}

function lines(text, verbatim) {
  const nodes = [];
  let quoted = [];
  const flush = () => {
    if (quoted.length) nodes.push(h("blockquote", {}, broken(quoted, verbatim)));
    quoted = [];
  };
  let plain = [];
  const flushPlain = () => {
    if (plain.length) nodes.push(...broken(plain, verbatim));
    plain = [];
  };
  for (const line of text.split("\n")) {
    const quote = /^(?:>|&gt;) ?(.*)$/.exec(line);
    if (quote) {
      flushPlain();
      quoted.push(quote[1]);
    } else {
      flush();
      plain.push(line);
    }
  }
  flush();
  flushPlain();
  return nodes;
}

function broken(list, verbatim) {
  return list.flatMap((line, index) => (index ? [h("br"), ...inline(line, verbatim)] : inline(line, verbatim)));
}

/** A text object as nodes: mrkdwn, or plain text with emoji names. */
export function textObject(object) {
  if (!object) return [];
  if (object.type === "mrkdwn") return mrkdwn(object.text, object.verbatim);
  return [object.emoji === false ? object.text : withEmoji(object.text)];
}
