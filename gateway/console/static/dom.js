/** Building elements without markup: every value becomes a text node or an attribute, never parsed HTML. */

const SVG = "http://www.w3.org/2000/svg";

/**
 * @typedef {Node | string | number | null | undefined | false} Child
 * @typedef {Record<string, any> & {on?: Record<string, EventListener>, style?: Record<string, string>}} Props
 */

/**
 * An HTML element. `class`, `text`, `on` (listeners) and `style` (custom properties too) are special; a property that
 * is `true` becomes an empty attribute, `false`, `null` and `undefined` leave it out.
 * @param {string} tag
 * @param {Props} [props]
 * @param {...Child} children
 * @returns {HTMLElement}
 */
export function h(tag, props = {}, ...children) {
  return /** @type {HTMLElement} */ (fill(document.createElement(tag), props, children));
}

/**
 * An SVG element, with the same properties as {@link h}.
 * @param {string} tag
 * @param {Props} [props]
 * @param {...Child} children
 * @returns {SVGElement}
 */
export function s(tag, props = {}, ...children) {
  return /** @type {SVGElement} */ (fill(document.createElementNS(SVG, tag), props, children));
}

/** @param {Element} element @param {Props} props @param {Child[]} children */
function fill(element, props, children) {
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "text") element.textContent = String(value);
    else if (name === "on") for (const [type, listener] of Object.entries(value)) element.addEventListener(type, listener);
    else if (name === "style") {
      const style = /** @type {HTMLElement} */ (element).style;
      for (const [property, setting] of Object.entries(value)) style.setProperty(property, setting);
    } else element.setAttribute(name, value === true ? "" : String(value));
  }
  append(element, children);
  return element;
}

/** @param {Element} parent @param {Child[]} children */
function append(parent, children) {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    parent.append(child instanceof Node ? child : String(child));
  }
}

/**
 * Put these children in place of what is there.
 * @param {Element} parent
 * @param {...Child} children
 */
export function replace(parent, ...children) {
  parent.replaceChildren();
  append(parent, children);
}

/**
 * Set the text only where it differs; says whether it did.
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent === text) return false;
  element.textContent = text;
  return true;
}

/**
 * Bring the children of a parent in line with a list, by key: elements are kept, moved, added, removed. Focus and
 * animations of kept elements survive.
 * @template T
 * @param {Element} parent
 * @param {T[]} items
 * @param {(item: T) => string} keyOf
 * @param {(item: T) => HTMLElement} create
 * @param {(element: HTMLElement, item: T) => void} update
 */
export function reconcile(parent, items, keyOf, create, update) {
  /** @type {Map<string, HTMLElement>} */
  const held = new Map();
  for (const child of [...parent.children]) {
    const key = /** @type {HTMLElement} */ (child).dataset.key;
    if (key === undefined) child.remove();
    else held.set(key, /** @type {HTMLElement} */ (child));
  }
  let place = parent.firstElementChild;
  for (const item of items) {
    const key = keyOf(item);
    let element = held.get(key);
    held.delete(key);
    if (!element) {
      element = create(item);
      element.dataset.key = key;
    }
    update(element, item);
    if (element === place) place = place.nextElementSibling;
    else parent.insertBefore(element, place);
  }
  for (const element of held.values()) element.remove();
}

/**
 * The element with this id, which index.html must have.
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`index.html has no #${id}`);
  return element;
}

/**
 * Restart the soft flash of an element that has just changed.
 * @param {HTMLElement} element
 */
export function flash(element) {
  for (const animation of element.getAnimations()) animation.cancel();
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  const colour = getComputedStyle(document.documentElement).getPropertyValue("--flash").trim();
  element.animate([{ backgroundColor: colour }, { backgroundColor: "transparent" }], { duration: 1600, easing: "ease-out" });
}
