/** Put changed parts into the page: focus, what is being typed, and what is unfolded stay as they are. */

/** A part glows when it changes, but not again within this time, or under load all would glow for ever: milliseconds. */
const CALM = 6000;

/** @type {Map<string, number>} when a part glowed last, by its id */
const glowed = new Map();

/** @param {HTMLElement} part */
function glow(part) {
  const now = Date.now();
  if (now - (glowed.get(part.id) ?? 0) < CALM) return;
  glowed.set(part.id, now);
  part.classList.remove("changed");
  void part.offsetWidth; // so that the animation begins anew
  part.classList.add("changed");
}

/** @param {string} html @returns {Element | null} a part by itself, table rows too */
function element(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content.firstElementChild;
}

/** A whole page as the server has drawn it, without its scripts having run. @param {string} html */
export const parsed = (html) => new DOMParser().parseFromString(html, "text/html");

/** The attributes of `from` onto `to`; what a reader has unfolded stays so. @param {Element} to @param {Element} from */
function dress(to, from) {
  const glows = to.classList.contains("changed");
  for (const { name } of [...to.attributes]) {
    if (!from.hasAttribute(name) && !(name === "open" && to.matches("details, dialog"))) to.removeAttribute(name);
  }
  for (const { name, value } of from.attributes) if (to.getAttribute(name) !== value) to.setAttribute(name, value);
  if (glows) to.classList.add("changed");
}

/**
 * Make `to` look as `from`, changing as little as can be. An element with `data-keep` belongs to a script, or to who
 * types into it, and is left alone.
 * @param {Element} to @param {Element} from
 */
export function morph(to, from) {
  if (to.hasAttribute("data-keep")) return;
  dress(to, from);
  const old = [...to.childNodes];
  const wanted = [...from.childNodes];
  wanted.forEach((node, place) => {
    const there = old[place];
    if (!there) to.append(node);
    else if (there.nodeType === Node.TEXT_NODE && node.nodeType === Node.TEXT_NODE) {
      if (there.nodeValue !== node.nodeValue) there.nodeValue = node.nodeValue;
    } else if (there instanceof Element && node instanceof Element && there.tagName === node.tagName && there.id === node.id) morph(there, node);
    else there.replaceWith(node);
  });
  for (const node of old.slice(wanted.length)) node.remove();
}

/**
 * Set a list's parts in order: new ones come, gone ones go, the others move only if they have to.
 * @param {Element} list @param {string[]} order @param {Record<string, string>} parts
 */
function arrange(list, order, parts) {
  const wanted = new Set(order);
  for (const child of [...list.children]) if (child.hasAttribute("data-live") && !wanted.has(child.id)) child.remove();
  let place = list.firstElementChild;
  for (const id of order) {
    let child = document.getElementById(id);
    if (!child && parts[id] !== undefined) {
      child = /** @type {HTMLElement | null} */ (element(parts[id]));
      child?.classList.add("changed");
    }
    if (!child) continue;
    if (child === place) place = place.nextElementSibling;
    else list.insertBefore(child, place);
  }
}

/**
 * Give the focus back that a change took: to where it was, or, where that is gone, to what is in its place.
 * @param {HTMLElement | null} focused @param {string} part the id of the live part that it was in
 */
function refocus(focused, part) {
  if (!focused || focused === document.body || document.activeElement === focused) return;
  const place = focused.isConnected ? focused : document.getElementById(part)?.querySelector("a, button, input, select, textarea");
  /** @type {HTMLElement | null | undefined} */ (place)?.focus({ preventScroll: true });
}

/** @param {{parts: Record<string, string>, lists: Record<string, string[]>}} patch */
export function apply({ parts, lists }) {
  const focused = /** @type {HTMLElement | null} */ (document.activeElement);
  const around = focused?.closest("[data-live]")?.id ?? "";
  const fresh = new Set();
  for (const [id, order] of Object.entries(lists)) {
    for (const one of order) if (!document.getElementById(one)) fresh.add(one);
    const list = document.getElementById(id);
    if (list) arrange(list, order, parts);
  }
  for (const [id, html] of Object.entries(parts)) {
    const there = document.getElementById(id);
    const part = there && !fresh.has(id) ? element(html) : null;
    if (!there || !part) continue;
    morph(there, part);
    glow(there);
  }
  refocus(focused, around);
  document.dispatchEvent(new CustomEvent("closeloop:patched"));
}
