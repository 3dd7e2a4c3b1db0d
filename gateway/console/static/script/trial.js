/** The form that tries a mapping: what would come of a payload, drawn as text and never as markup. */

import { words } from "./words.js";

/** @typedef {{events: {event: {id: string, type: string}, fields: {field: string, source: string, value: string}[]}[], ignored: string | null, fetch: string | null, problem: {field: string, problem: string} | null}} Piece */

/** @param {string} tag @param {string} text @param {string} [kind] */
function element(tag, text, kind) {
  const made = document.createElement(tag);
  made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

/** @param {Piece["events"][number]} made @param {string[]} heads */
function table(made, heads) {
  const drawn = document.createElement("table");
  drawn.append(element("caption", `${made.event.type} ${made.event.id}`));
  const head = document.createElement("tr");
  for (const text of heads) {
    const cell = element("th", text);
    cell.setAttribute("scope", "col");
    head.append(cell);
  }
  drawn.append(head);
  for (const one of made.fields) {
    const row = document.createElement("tr");
    const name = element("th", one.field);
    name.setAttribute("scope", "row");
    row.append(name, element("td", one.source), element("td", one.value));
    drawn.append(row);
  }
  return drawn;
}

/** @param {Piece} piece @param {string[]} said */
function draw(piece, said) {
  const [events = "", ignored = "", fetch = "", problem = "", ...heads] = said;
  if (piece.problem) return [element("p", `${problem} ${piece.problem.field}: ${piece.problem.problem}`, "trial-bad")];
  if (piece.ignored !== null) return [element("p", `${ignored} ${piece.ignored}`)];
  if (piece.fetch !== null) return [element("p", `${fetch} ${piece.fetch}`)];
  return [element("p", `${events} ${piece.events.length}`, "trial-good"), ...piece.events.map((made) => table(made, heads))];
}

/** @param {HTMLFormElement} form */
async function attempt(form) {
  const place = document.querySelector("[data-trial-result]");
  if (!place) return;
  const given = new FormData(form);
  const body = { payload: String(given.get("payload") ?? ""), fetched: String(given.get("fetched") ?? "") || null };
  const path = `/v1/hooks/${encodeURIComponent(String(given.get("hook")))}/test`;
  const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }).catch(() => null);
  const told = answer ? await answer.json().catch(() => ({})) : {};
  const said = (form.dataset.words ?? "").split("|");
  if (!told.pieces) place.replaceChildren(element("p", told.error?.problem ?? words.notDone, "trial-bad"));
  else place.replaceChildren(...told.pieces.flatMap((/** @type {Piece} */ piece) => draw(piece, said)));
}

/** Begin. */
export function startTrial() {
  document.addEventListener("submit", (event) => {
    const form = event.target instanceof HTMLFormElement && event.target.matches("[data-trial]") ? event.target : null;
    if (!form) return;
    event.preventDefault();
    void attempt(form);
  });
}
