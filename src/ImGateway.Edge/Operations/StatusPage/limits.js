const limitNames = { descriptors: "File descriptors", connections: "Connections", memory: "Connections that memory is left for", upstream_ports: "Ports to the gateway" };
const limitName = ({ name, destination }) => [limitNames[name] ?? word(name), destination ? [" ", said(destination)] : ""];

/** What can be exhausted, and how much of it is used. */
function showLimits({ limits = [] }) {
  document.getElementById("limits-card").hidden = limits.length === 0;
  show(document.getElementById("limits"), limits.map(limit => h("li", { "data-key": `${limit.name} ${limit.destination ?? ""}` },
    h("header", null, h("h3", null, limitName(limit)), limit.isShort ? badge("warn", "Nearly used up") : badge("good", "Enough")),
    h("progress", { "aria-label": `${limitNames[limit.name] ?? limit.name} used`, max: Math.max(1, limit.limit), value: Math.min(limit.used, limit.limit) }),
    h("p", { class: "soft small" }, `${count(limit.used)} of ${count(limit.limit)} used or kept, ${percent(limit.used, limit.limit)}`))));
}
