// Building the page without ever parsing HTML: text stays text, whoever wrote it.

/**
 * Make an element. Attributes: `class`, `onclick`-like functions, booleans, `dataset`, everything else by name.
 * Children: nodes, strings, arrays of them; null, undefined and false are left out.
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (name === "dataset") Object.assign(element.dataset, value);
    else if (name === "style") element.style.cssText = value;
    else if (value === true) element.setAttribute(name, "");
    else element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Replace everything inside `parent`. */
export function fill(parent, ...children) {
  parent.replaceChildren(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
}

/** A hue of its own for everybody, from their name. */
export function hue(name) {
  let sum = 0;
  for (const sign of name) sum = (sum * 31 + sign.codePointAt(0)) % 360;
  return sum;
}

/** A round picture made of initials. */
export function avatar(name, isApp = false) {
  const initials = name.split(/\s+/).map((part) => [...part][0] ?? "").join("").slice(0, 2).toUpperCase();
  return h("span", { class: isApp ? "avatar app" : "avatar", style: `--hue:${hue(name)}`, "aria-hidden": "true" }, initials);
}
