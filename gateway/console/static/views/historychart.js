/** The chart of days as Chart.js draws it. */

import { h, replace } from "../dom.js";
import { axisEnd, dayWords, metricUnit, metricValue, whole as count } from "../format.js";

/**
 * @typedef {import("../types.js").Metric} Metric
 * @typedef {import("../types.js").MetricSpec} MetricSpec
 */

/** @type {any} */
let chart = null;

/** Take the chart away. */
export function endChart() {
  chart?.destroy();
  chart = null;
}

/** @param {string} name */
const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/**
 * Draw or update the chart.
 * @param {HTMLElement} root
 * @param {Metric[]} rows            one a day, in order
 * @param {MetricSpec} spec
 * @param {[number, number]} limits  the metric's whole scale
 */
export function drawChart(root, rows, spec, limits) {
  const Chart = /** @type {any} */ (globalThis).Chart;
  if (!Chart) {
    endChart();
    replace(root, h("div", { class: "empty" }, h("strong", { text: "The chart library did not load" })));
    return;
  }
  if (!chart || !root.contains(chart.canvas)) {
    endChart();
    const canvas = h("canvas", { role: "img" });
    replace(root, canvas);
    chart = new Chart(canvas, { type: "line", data: { datasets: [] }, options: {} });
  }
  const words = rows.length ? `From ${dayWords(rows[0].day ?? "")}, ${metricValue(rows[0].value, spec)}, to ${dayWords(rows[rows.length - 1].day ?? "")}, ${metricValue(rows[rows.length - 1].value, spec)}` : "";
  chart.canvas.setAttribute("aria-label", `By day. ${words}`);
  chart.data.datasets = datasets(rows);
  chart.options = chartOptions(rows, spec, limits);
  chart.update("none");
}

/** @param {Metric[]} rows */
function datasets(rows) {
  const accent = token("--accent");
  const few = token("--middle");
  /** @param {(row: Metric) => number | null} value */
  const points = (value) => rows.map((row) => ({ x: `${row.day}T00:00:00`, y: value(row), row }));
  const edge = { borderWidth: 0, pointRadius: 0, pointHitRadius: 0, spanGaps: false };
  const dots = rows.length > 120 ? 0 : rows.length > 45 ? 1.5 : 2.5;
  return [
    { ...edge, label: "low", data: points((row) => row.low), fill: false },
    { ...edge, label: "high", data: points((row) => row.high), fill: "-1", backgroundColor: token("--band") },
    {
      label: "value",
      data: points((row) => row.value),
      borderColor: accent,
      borderWidth: 1.8,
      pointRadius: dots,
      pointHoverRadius: 5,
      pointBackgroundColor: rows.map((row) => (row.too_few ? few : accent)),
      pointBorderWidth: 0,
      tension: 0,
      fill: false,
    },
  ];
}

/** @param {Metric[]} rows @param {MetricSpec} spec @param {[number, number]} limits */
function chartOptions(rows, spec, limits) {
  const muted = token("--muted");
  const line = token("--line");
  const font = { family: getComputedStyle(document.body).fontFamily, size: 11 };
  const unit = metricUnit(spec);
  const known = rows.flatMap((row) => [row.low ?? row.value ?? 0, row.high ?? row.value ?? 0]);
  const room = (Math.max(...known) - Math.min(...known)) * 0.06 || 1;
  return {
    animation: false,
    maintainAspectRatio: false,
    interaction: { mode: "index", intersect: false },
    layout: { padding: { top: 4, right: 6 } },
    scales: {
      x: {
        type: "time",
        time: { tooltipFormat: "d MMM yyyy", minUnit: "day", displayFormats: { day: "d MMM", week: "d MMM", month: "MMM yyyy", year: "yyyy" } },
        grid: { display: false },
        border: { color: line },
        ticks: { color: muted, font, maxRotation: 0, autoSkipPadding: 18 },
      },
      y: {
        min: Math.max(limits[0], Math.min(...known) - room),
        max: Math.min(limits[1], Math.max(...known) + room),
        grid: { color: line },
        border: { display: false },
        ticks: {
          color: muted,
          font,
          maxTicksLimit: 8,
          includeBounds: false,
          /** @param {number} value */
          callback: (value) => (spec.kind === "mean" ? value.toFixed(1) : axisEnd(value, spec)) + (unit === "%" ? " %" : ""),
        },
      },
    },
    plugins: {
      legend: { display: false },
      tooltip: {
        backgroundColor: token("--ink"),
        titleColor: token("--paper"),
        bodyColor: token("--paper"),
        displayColors: false,
        padding: 9,
        /** @param {any} item */
        filter: (item) => item.dataset.label === "value",
        callbacks: {
          /** @param {any} item */
          label: (item) => {
            const row = /** @type {Metric} */ (item.raw.row);
            const interval = row.low === null || row.high === null ? "" : `95 %: ${metricValue(row.low, spec)} to ${metricValue(row.high, spec)}`;
            const value = `${metricValue(row.value, spec)}${unit ? ` ${unit}` : ""}`;
            return [value, interval, `n ${count(row.n)}${row.too_few ? ", too few to say" : ""}`].filter(Boolean);
          },
        },
      },
    },
  };
}
