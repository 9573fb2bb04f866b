function tile(name, value, unit, values, more) {
  return h("div", { class: "tile" },
    h("h2", null, name),
    h("p", { class: "value" }, value, unit ? h("span", { class: "unit" }, ` ${unit}`) : null),
    spark(values),
    h("p", { class: "small" }, more));
}

function showTiles({ history, webSockets, sockets, connections, handshakes, requests }) {
  const lately = values => calmed(values, 60);
  show(document.getElementById("tiles"),
    tile("WebSockets", count(webSockets ?? 0), "open", lately(history.webSockets), `${bytes(sockets.bytesIn)} in, ${bytes(sockets.bytesOut)} out`),
    tile("Connections", count(connections), "open", lately(history.connections), `${plural(handshakes.inProgress, "handshake")} in progress`),
    tile("Handshakes", rate(history.handshakes, history.stepSeconds), "a second", lately(history.handshakes), `${count(handshakes.completed)} in all`),
    tile("Requests", rate(history.requests, history.stepSeconds), "a second", lately(history.requests), `${count(requests.answered)} in all`));
}

/** A long name may go on in the next line after each of its parts. */
const breakable = name => h("bdi", null, name.split("_").map((part, i) => i === 0 ? part : ["_", h("wbr"), part]));

/** A table of counts with their shares. */
function bars(caption, counts, { kind, name = word, key = false, empty = "None since the start." } = {}) {
  const whole = counts.reduce((sum, each) => sum + each.count, 0);
  if (whole === 0) return h("div", { class: "group" }, h("h3", { class: "sub" }, caption), h("p", { class: "soft small" }, empty));
  return h("div", { class: "group" }, h("table", { class: name === breakable ? "bars long" : "bars" },
    h("caption", null, caption),
    h("tbody", null, counts.map(each => h("tr", { "data-kind": kind?.(each.name) },
      h("th", { scope: "row" }, h("span", { class: key ? "key" : null }, name === breakable ? breakable(each.name) : said(name(each.name)))),
      key ? null : h("td", { class: "bar", "aria-hidden": "true" }, h("span", { style: { "--share": `${(each.count / whole) * 100}%` } })),
      h("td", { class: "count" }, count(each.count)),
      h("td", { class: "soft" }, percent(each.count, whole)))))));
}

function showTls({ handshakes }) {
  const modern = handshakes.protocols.find(each => each.name === "TLSv1.3")?.count ?? 0;
  const protocols = ["TLSv1.3", "TLSv1.2"].map(name => ({ name, count: handshakes.protocols.find(each => each.name === name)?.count ?? 0 }));
  show(document.getElementById("tls"),
    h("div", { class: "group" },
      h("p", { class: "lead" }, h("strong", null, percent(modern, handshakes.completed)), h("span", { class: "soft" }, "of handshakes are TLS 1.3")),
      h("div", { class: "shares", "aria-hidden": "true" }, protocols.filter(each => each.count > 0).map(each => h("span", { "data-key": each.name, style: { "--share": `${(each.count / handshakes.completed) * 100}%` } })))),
    bars("By version", protocols, { name: name => name.replace("TLSv", "TLS "), key: true, empty: "No handshake yet." }),
    bars("By cipher", handshakes.ciphers, { name: breakable, empty: "No handshake yet." }),
    bars("Resumed or full", [{ name: "Resumed", count: handshakes.resumed }, { name: "Full", count: handshakes.completed - handshakes.resumed }], { empty: "No handshake yet." }),
    bars(`Failed: ${count(handshakes.failed)}, by reason`, handshakes.failures, { kind: () => "warn" }));
}

const refusals = {
  bad_target: "Ambiguous path", unknown_host: "Host not served", no_route: "No such route", upgrade: "No WebSockets there", plain_http: "Plain HTTP", protocol: "Protocol not supported",
  held: "Too many waiting", websockets: "WebSocket limit", connections: "Connection limit", handshakes: "Too many handshakes", proxy_protocol: "No PROXY header",
};

function showRequests({ requests, sockets }) {
  show(document.getElementById("requests"),
    bars("Answers, by status", requests.codes, { kind: name => name.startsWith("5") || name.startsWith("4") ? "warn" : null, empty: "No request yet." }),
    bars("Answers, by route", requests.routes, { empty: "No request yet." }),
    requests.held > 0 ? h("p", { class: "group" }, `${plural(requests.held, "request waits", "requests wait")} for the gateway to come back.`) : null,
    bars("WebSockets that ended, by whom", sockets.closed, { kind: name => name === "error" ? "warn" : null }),
    bars("Refused by the edge, by reason", requests.refused, { kind: () => "warn", name: reason => refusals[reason] ?? word(reason) }),
    bars("Upstream errors", requests.upstreamErrors, { kind: () => "warn" }));
}

const healthKinds = { healthy: "good", unhealthy: "bad" };

function showUpstreams({ upstreams }) {
  show(document.getElementById("upstreams"), upstreams.map(({ address, health, active, passive, underWay, lastProbe, recent, ports }) => h("li", { "data-key": address },
    h("header", null, h("h3", null, said(address)), badge(healthKinds[health] ?? "rest", word(health))),
    pairs(
      ["Under way", underWay === undefined ? null : count(underWay)],
      ports ? ["Source ports in use", `${count(ports.used)} of ${count(ports.limit)}`] : null,
      recent ? ["Failed in the last minute", `${count(recent.failed)} of ${count(recent.attempts)}`] : null,
      recent?.failingSince ? ["Last error", said(recent.lastError), true] : null,
      ["Active check", active ? word(active) : null],
      ["Passive check", passive ? word(passive) : null],
      lastProbe ? ["Last probe", [said(lastProbe.result), ", ", time(lastProbe.at, relative(lastProbe.at))], !lastProbe.succeeded] : null))));
}
