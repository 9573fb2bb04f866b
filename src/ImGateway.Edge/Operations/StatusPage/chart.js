/** A line without axes: only how it went. */
function spark(values) {
  if (values.length < 2) return h("svg", { class: "spark", "aria-hidden": "true" });
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const points = values.map((value, i) => `${((i / (values.length - 1)) * 100).toFixed(2)},${(high === low ? 50 : 95 - ((value - low) / (high - low)) * 90).toFixed(1)}`);
  return h("svg", { class: "spark", viewBox: "0 0 100 100", preserveAspectRatio: "none", "aria-hidden": "true" }, h("path", { d: `M${points.join("L")}` }));
}

/** Means of neighbours, so that short bursts do not make a carpet of a small line. */
function calmed(values, most) {
  const size = Math.ceil(values.length / most);
  const means = [];
  for (let i = 0; i < values.length; i += size) {
    const part = values.slice(i, i + size);
    means.push(part.reduce((sum, value) => sum + value, 0) / part.length);
  }
  return means;
}

/** The next number that is round, for the top of an axis. */
function ceiling(number) {
  const power = 10 ** Math.floor(Math.log10(Math.max(4, number)));
  return [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].map(step => step * power).find(step => step >= number);
}

const hour = 3600;
let pointed = null;
let drawn = null;

function showChart({ history }) {
  drawn = history;
  const figure = document.getElementById("chart");
  const values = history.webSockets;
  const [width, height] = [Math.max(240, figure.clientWidth), 208];
  const top = ceiling(Math.max(...values, 4));
  const [left, right, upper, lower] = [count(top).length * 7.5 + 10, 8, 10, 26];
  const until = Date.parse(history.until);
  const x = i => width - right - ((values.length - 1 - i) * history.stepSeconds / hour) * (width - left - right);
  const y = value => upper + (1 - value / top) * (height - upper - lower);
  const points = values.map((value, i) => `${x(i).toFixed(1)},${y(value).toFixed(1)}`);
  const minutes = width < 480 ? [60, 30, 0] : [60, 45, 30, 15, 0];
  const at = pointed !== null && pointed < values.length ? pointed : null;
  show(figure,
    h("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-labelledby": "chart-title chart-caption" },
      [0, top / 2, top].filter(Number.isInteger).map(value => [
        h("line", { class: "grid", x1: left, x2: width - right, y1: y(value), y2: y(value) }),
        h("text", { x: left - 8, y: y(value) + 4, "text-anchor": "end" }, count(value)),
      ]),
      minutes.map(ago => h("text", {
        x: width - right - (ago / 60) * (width - left - right), y: height - 6, "text-anchor": ago === 0 ? "end" : ago === 60 ? "start" : "middle",
      }, ago === 0 ? "now" : `${ago} min ago`)),
      values.length > 1 ? [
        h("path", { class: "area", d: `M${x(0).toFixed(1)},${y(0)}L${points.join("L")}L${x(values.length - 1).toFixed(1)},${y(0)}Z` }),
        h("path", { class: "line", d: `M${points.join("L")}` }),
      ] : null,
      at === null ? null : [
        h("line", { class: "at", x1: x(at), x2: x(at), y1: upper, y2: height - lower }),
        h("circle", { class: "dot", cx: x(at), cy: y(values[at]), r: 5 }),
      ]),
    h("figcaption", { id: "chart-caption" }, at === null ? chartWords(values, history, until)
      : `${clock(until - (values.length - 1 - at) * history.stepSeconds * 1000)}: ${count(values[at])} open`));
}

function chartWords(values, history, until) {
  if (values.length === 0) return "Nothing was recorded yet.";
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const when = i => clock(until - (values.length - 1 - i) * history.stepSeconds * 1000);
  const span = duration(values.length * history.stepSeconds);
  if (low === high) return `${count(high)} all the time, for ${span}.`;
  return `Over ${span}: most ${count(high)} at ${when(values.lastIndexOf(high))}, fewest ${count(low)} at ${when(values.lastIndexOf(low))}.`;
}

function point(event) {
  if (!drawn || drawn.webSockets.length === 0) return;
  const box = event.currentTarget.getBoundingClientRect();
  const left = count(ceiling(Math.max(...drawn.webSockets, 4))).length * 7.5 + 10;
  const ago = (1 - (event.clientX - box.left - left) / (box.width - left - 8)) * hour;
  pointed = Math.min(drawn.webSockets.length - 1, Math.max(0, drawn.webSockets.length - 1 - Math.round(ago / drawn.stepSeconds)));
  showChart({ history: drawn });
}

document.getElementById("chart").addEventListener("pointermove", point);
document.getElementById("chart").addEventListener("pointerleave", () => {
  pointed = null;
  if (drawn) showChart({ history: drawn });
});
new ResizeObserver(() => drawn && showChart({ history: drawn })).observe(document.getElementById("chart"));
