/**
 * The chart of days. What it draws stands in the table below it, which the server keeps current; a point leads to what
 * the table's day leads to.
 */

/** @typedef {{day: string, value: number | null, low: number | null, high: number | null, other: number | null, otherLow: number | null, otherHigh: number | null, few: boolean, row: HTMLTableRowElement}} Day */

/** @type {any} */
let chart = null;
/** @type {Day[]} */
let days = [];
let place = -1;

const root = /** @type {HTMLElement | null} */ (document.getElementById("chart"));

/** @param {string} name */
const token = (name) => {
  // light-dark() is resolved only in a colour property.
  const probe = document.createElement("i");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
};

/** @param {string | undefined} text */
const numeric = (text) => (text === undefined ? null : Number(text));

function read() {
  days = [...document.querySelectorAll("#days > tr")].map((one) => {
    const row = /** @type {HTMLTableRowElement} */ (one);
    const { day = "", value, low, high, other, otherLow, otherHigh, few } = row.dataset;
    return {
      day,
      value: numeric(value),
      low: numeric(low),
      high: numeric(high),
      other: numeric(other),
      otherLow: numeric(otherLow),
      otherHigh: numeric(otherHigh),
      few: few !== undefined,
      row,
    };
  });
}

/** @param {number} at */
const link = (at) => days[at]?.row.querySelector("a")?.href;

/** What the table says of a day. @param {number} at */
const words = (at) => [...(days[at]?.row.cells ?? [])].map((cell) => (cell.textContent ?? "").trim().replace(/\s+/g, " "));

/** @param {(day: Day) => number | null} value */
const points = (value) => days.map((day) => ({ x: `${day.day}T00:00:00`, y: value(day) }));

function datasets() {
  const accent = token("--accent");
  const middle = token("--middle");
  const edge = { borderWidth: 0, pointRadius: 0, pointHitRadius: 0, pointHoverRadius: 0 };
  const dots = days.length > 120 ? 0 : days.length > 45 ? 1.5 : 3;
  const chosen = (/** @type {Day} */ day) => day.row.dataset.chosen !== undefined;
  const made = [
    { ...edge, label: "low", data: points((day) => day.low), fill: false },
    { ...edge, label: "high", data: points((day) => day.high), fill: "-1", backgroundColor: token("--band") },
    {
      label: "value",
      data: points((day) => day.value),
      borderColor: accent,
      borderWidth: 2,
      pointRadius: days.map((day) => (chosen(day) ? 7 : dots)),
      pointHoverRadius: 6,
      pointStyle: days.map((day) => (day.few ? "rectRot" : "circle")),
      pointBackgroundColor: days.map((day) => (day.few ? middle : accent)),
      pointBorderWidth: 0,
      spanGaps: false,
    },
  ];
  if (days.some((day) => day.other !== null)) {
    const other = token("--warn");
    made.push(
      { ...edge, label: "low", data: points((day) => day.otherLow), fill: false },
      { ...edge, label: "high", data: points((day) => day.otherHigh), fill: "-1", backgroundColor: token("--warn-band") },
    );
    made.push(/** @type {any} */ ({ label: "other", data: points((day) => day.other), borderColor: other, borderDash: [6, 4], borderWidth: 2, pointRadius: 0, pointHoverRadius: 5, pointBackgroundColor: other, fill: false }));
  }
  return made;
}

/** @param {number} value */
const finite = (value) => (Number.isFinite(value) ? value : undefined);

function options() {
  const muted = token("--muted");
  const line = token("--line");
  const font = { family: getComputedStyle(document.body).fontFamily, size: 12 };
  const known = days.flatMap((day) => [day.low ?? day.value, day.high ?? day.value, day.otherLow ?? day.other, day.otherHigh ?? day.other]).filter((one) => one !== null);
  const least = Math.min(...known);
  const most = Math.max(...known);
  const room = (most - least) * 0.06 || 1;
  const bottom = numeric(root?.dataset.least) ?? -Infinity;
  const top = numeric(root?.dataset.most) ?? Infinity;
  const locale = document.documentElement.lang;
  /** @param {string | number} value @param {Intl.DateTimeFormatOptions} how */
  const dated = (value, how) => new Intl.DateTimeFormat(locale, how).format(new Date(value));
  return {
    animation: false,
    maintainAspectRatio: false,
    locale,
    interaction: { mode: "index", intersect: false },
    onClick: (/** @type {any} */ event) => {
      const [hit] = chart.getElementsAtEventForMode(event, "index", { intersect: false }, false);
      const href = hit && link(hit.index);
      if (href) location.assign(href);
    },
    onHover: (/** @type {any} */ _event, /** @type {any[]} */ hit) => {
      chart.canvas.style.cursor = hit.length ? "pointer" : "";
    },
    scales: {
      x: {
        type: "time",
        time: { minUnit: "day" },
        grid: { display: false },
        border: { color: line },
        ticks: {
          color: muted,
          font,
          maxRotation: 0,
          autoSkipPadding: 24,
          callback: (/** @type {number} */ value) => dated(value, days.length > 200 ? { month: "short", year: "numeric" } : { day: "numeric", month: "short" }),
        },
      },
      y: {
        min: finite(known.length ? Math.max(bottom, least - room) : bottom),
        max: finite(known.length ? Math.min(top, most + room) : top),
        grid: { color: line },
        border: { display: false },
        ticks: { color: muted, font, maxTicksLimit: 8, includeBounds: false },
      },
    },
    plugins: {
      legend: { display: false },
      tooltip: {
        backgroundColor: token("--ink"),
        titleColor: token("--paper"),
        bodyColor: token("--paper"),
        displayColors: false,
        padding: 10,
        filter: (/** @type {any} */ item) => item.dataset.label === "value",
        callbacks: {
          title: (/** @type {any[]} */ items) => (items.length ? (words(items[0].dataIndex)[0] ?? "") : ""),
          label: (/** @type {any} */ item) => words(item.dataIndex).slice(1),
        },
      },
    },
  };
}

/** A day without days beside it has no band: its interval is drawn as a line. */
const alone = {
  id: "alone",
  /** @param {any} drawn */
  afterDatasetsDraw(drawn) {
    const { ctx, scales } = drawn;
    if (!drawn.data.datasets.length) return;
    ctx.save();
    ctx.strokeStyle = token("--accent");
    ctx.lineWidth = 1.5;
    days.forEach((day, at) => {
      if (day.low === null || day.high === null || (days[at - 1]?.value ?? null) !== null || (days[at + 1]?.value ?? null) !== null) return;
      const x = scales.x.getPixelForValue(new Date(`${day.day}T00:00:00`).getTime());
      ctx.beginPath();
      ctx.moveTo(x, scales.y.getPixelForValue(day.low));
      ctx.lineTo(x, scales.y.getPixelForValue(day.high));
      ctx.stroke();
    });
    ctx.restore();
  },
};

function draw() {
  const Chart = /** @type {any} */ (globalThis).Chart;
  if (!root || !Chart) return;
  read();
  if (!chart) {
    const canvas = document.createElement("canvas");
    canvas.setAttribute("aria-hidden", "true");
    root.append(canvas);
    chart = new Chart(canvas, { type: "line", data: { datasets: [] }, options: {}, plugins: [alone] });
  }
  chart.data.datasets = datasets();
  chart.options = options();
  chart.update("none");
}

/** @param {number} at */
function point(at) {
  place = Math.max(0, Math.min(days.length - 1, at));
  const active = [{ datasetIndex: 2, index: place }];
  chart.setActiveElements(active);
  chart.tooltip.setActiveElements(active, { x: 0, y: 0 });
  chart.update("none");
  const said = document.getElementById("chart-said");
  if (said) said.textContent = words(place).join(", ");
}

/** @param {KeyboardEvent} event */
function key(event) {
  if (!chart || !days.length) return;
  const from = place < 0 ? days.length - 1 : place;
  const moves = /** @type {Record<string, number>} */ ({ ArrowLeft: place < 0 ? from : from - 1, ArrowRight: place < 0 ? 0 : from + 1, Home: 0, End: days.length - 1, PageUp: from - 7, PageDown: from + 7 });
  const to = moves[event.key];
  if (to !== undefined) {
    event.preventDefault();
    point(to);
  } else if (event.key === "Enter" && place >= 0) {
    const href = link(place);
    if (href) location.assign(href);
  }
}

/** A choice that others hang on empties them. @param {Event} event */
function clear(event) {
  const field = /** @type {HTMLElement} */ (event.target);
  const form = field instanceof HTMLSelectElement ? field.form : null;
  for (const name of (field.dataset?.clears ?? "").split(" ").filter(Boolean)) {
    const other = form?.elements.namedItem(name);
    if (other instanceof HTMLSelectElement || other instanceof HTMLInputElement) other.disabled = true;
  }
}

document.addEventListener("change", clear, true);
document.addEventListener("closeloop:patched", draw);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
root?.addEventListener("keydown", key);
if (document.readyState === "complete") draw();
else window.addEventListener("load", draw);
