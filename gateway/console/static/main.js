/** The page's beginning: asks for the configuration, keeps the stream, fills the store, and starts the views. */

import { ApiError, fetchCase, fetchCases, fetchConfig, fetchMetrics } from "./api.js";
import { byId } from "./dom.js";
import { changed, forgetCases, heard, known, listName, on, putCasePage, putCases, putMetrics, setConfig, setLink, setSilences, setTotals } from "./store.js";
import { connect } from "./stream.js";
import { startBooks } from "./views/books.js";
import { startBreakdown } from "./views/breakdown.js";
import { startDrawer } from "./views/drawer.js";
import { startFeed } from "./views/feed.js";
import { startHeader } from "./views/header.js";
import { startHistory } from "./views/history.js";
import { startLoop } from "./views/loop.js";
import { hideNotice, showDown, showKeyForm } from "./views/notice.js";
import { startSilenceLine } from "./views/silences.js";
import { startTabs } from "./views/tabs.js";
import { startTiles } from "./views/tiles.js";

/** The states of a case that is not closed. */
const LIVE = "open,acknowledged,contacted,snoozed";
/** How many cases a page has. */
const PAGE = 60;
/** A break longer than this is told in full: milliseconds. A restart of the gateway is shorter. */
const PATIENCE = 8000;
/** More cases than this moving at once are fetched as a page, not one by one. */
const SINGLY = 6;

/** @type {Set<number>} cases that moved and are not fetched yet */
const moved = new Set();
let movedTimer = 0;
/** The list of cases that was asked for last. */
let asked = "";

/** The next page of the chosen list of cases; the first, where none is known yet. */
async function moreCases() {
  const list = listName();
  const query = { open: { state: LIVE }, mine: { state: LIVE, owner: known.me }, all: {} }[known.scope];
  const page = await fetchCases({ ...query, limit: PAGE, cursor: known.lists.get(list)?.cursor });
  putCasePage(list, page.cases, page.next);
}

/** Fetch the newest cases: the stream itself begins with the present of metrics and totals, but not of cases. */
async function refresh() {
  forgetCases();
  asked = listName();
  await moreCases();
}

/** @param {number} id */
function caseMoved(id) {
  moved.add(id);
  if (movedTimer) return;
  movedTimer = window.setTimeout(() => {
    movedTimer = 0;
    const ids = [...moved];
    moved.clear();
    void quietly(async () => {
      if (ids.length > SINGLY) {
        const page = await fetchCases({ limit: PAGE });
        putCases(page.cases);
      } else putCases(await Promise.all(ids.map(fetchCase)));
    });
  }, 250);
}

/** A silence changes no case, and yet how cases are shown. @param {import("./types.js").Silence[]} silences */
function silencesMoved(silences) {
  /** @param {import("./types.js").Silence[] | null} some */
  const marks = (some) => JSON.stringify((some ?? []).map(({ id, state, ends_at }) => [id, state, ends_at]));
  const same = known.silences === null || marks(known.silences) === marks(silences);
  setSilences(silences);
  if (!same) void quietly(refresh);
}

/** @param {string} type @param {any} value */
function take(type, value) {
  if (type === "metric") putMetrics(Array.isArray(value) ? value : [value]);
  else if (type === "totals") setTotals(value);
  else if (type === "silences") silencesMoved(value);
  else if (type === "case") {
    // A server may send the case itself, or only that it moved.
    if (value.latest_alert) putCases([value]);
    else caseMoved(value.case_id ?? value.id);
  }
}

/**
 * Do something whose failure the link's state will tell: a gateway that is away, a key that is missing.
 * @param {() => Promise<void>} work
 */
async function quietly(work) {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    report(error);
  }
}

/** @param {ApiError} error */
function report(error) {
  if (error.status === 401 || error.status === 403) {
    setLink("refused");
    showKeyForm(error.message, () => location.reload());
  } else showDown(error.message);
}

function listen() {
  const again = connect("/v1/stream", {
    onOpen: () => {
      heard();
      setLink("live");
      hideNotice();
      void quietly(refresh);
    },
    onAlive: heard,
    onEvent: take,
    onLost: (status) => {
      if (status === 401 || status === 403) report(new ApiError(status, "This gateway asks for an API key.", ""));
      else setLink("reconnecting");
    },
  });
  window.addEventListener("online", again);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && known.link === "reconnecting") again();
  });
}

/** Ask for the configuration until it comes: nothing can be shown without it. */
async function begin() {
  for (let wait = 1000; ; wait = Math.min(wait * 2, 8000)) {
    try {
      setConfig(await fetchConfig());
      hideNotice();
      return;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status === 0 || error.status >= 500) setLink("down");
      report(error);
      if (known.link === "refused") return;
    }
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}

startTabs(byId("tabs"));
startHeader();
startTiles(byId("tiles"));
startBreakdown(byId("breakdown"));
startBooks(byId("books"));
startLoop(byId("loop"));
startFeed(byId("feed"), { older: () => quietly(moreCases) });
startSilenceLine(byId("silence-line"));
startDrawer();
setInterval(() => changed("time"), 5000);
on(["time", "link"], () => {
  if (known.link === "reconnecting" && Date.now() - known.heardAt > PATIENCE) showDown("The gateway does not answer.");
});

await begin();
if (known.config) {
  startHistory(byId("history"));
  let cut = known.cut;
  on(["choice"], () => {
    if (cut === known.cut) return;
    cut = known.cut;
    void quietly(async () => putMetrics(await fetchMetrics({ cut })));
  });
  on(["choice"], () => {
    if (asked === listName() || known.lists.has(listName()) || listName() === "mine ") return;
    asked = listName();
    void quietly(moreCases);
  });
  listen();
}
