function showDrain({ drain }) {
  document.getElementById("drain").hidden = !drain;
  if (!drain) return;
  const { phase, since, acceptsUntil, endsBy, webSocketsAtStart, webSocketsLeft, connectionsLeft } = drain;
  const closing = phase === "closing";
  const most = Math.max(webSocketsAtStart, webSocketsLeft);
  const gone = most - webSocketsLeft;
  const step = (state, name, text) => h("li", { "data-state": state, "aria-current": state === "current" ? "step" : null }, 
    h("strong", null, state === "done" ? icon("good") : null, name, state === "current" ? h("span", { class: "now" }, "now") : null), text);
  show(document.getElementById("drain-body"),
    h("p", null, most === 0 ? "No WebSocket was open. " : `${count(gone)} of ${plural(most, "WebSocket")} closed, ${count(webSocketsLeft)} left. `,
      h("span", { class: "soft" }, `${plural(connectionsLeft, "connection")} open.`)),
    h("progress", { "aria-label": "WebSockets closed", max: Math.max(1, most), value: most === 0 ? 1 : gone }),
    h("ol", { class: "steps" },
      step("done", "Not ready", [`Told to stop `, time(since, relative(since)), "."]),
      step(closing ? "done" : "current", "Balancers notice", closing ? "Nobody can connect any more." : ["Everything is served; no more connections ", time(acceptsUntil, relative(acceptsUntil)), "."]),
      step(closing ? "current" : "later", "Clients go", "Each WebSocket gets a Close 1012 at its own moment."),
      step("later", "The end", ["When all have gone, or ", time(endsBy, relative(endsBy)), " at the latest."])));
}

function showConfiguration({ configuration }) {
  const { succeeded, at, by, inForceSince, changes, warnings, problems } = configuration;
  const lines = (name, all) => all.length === 0 ? null : h("div", { class: "group" }, h("h3", { class: "sub" }, name), h("ul", { class: "lines small" }, all.slice(0, 20).map(line => h("li", null, said(line)))));
  show(document.getElementById("configuration"),
    succeeded ? h("p", { class: "group" }, badge("good", "In force"))
      : h("div", { class: "trouble group", "data-kind": "warn" }, h("strong", null, "Refused; the last good one is in force"), h("ul", { class: "lines small" }, problems.slice(0, 20).map(line => h("li", null, said(line))))),
    h("div", { class: "group" }, pairs(
      ["Last read", [time(at, relative(at)), ", by ", said(by)], true],
      ["In force since", time(inForceSince, `${day(inForceSince)}, ${clock(inForceSince)}`), true])),
    lines("What changed", changes), lines("Warnings", warnings));
}

const actions = {
  installed: "Installed", renewed: "Renewed", rolledBack: "Rolled back", revoked: "Revoked", renewalFailed: "Renewal failed",
  fileRefused: "File refused", fileMended: "File mended",
  accountRegistered: "Account registered", accountReplaced: "Account replaced", accountUpdated: "Account updated", accountUpdateFailed: "Account not updated",
};

const causes = {
  ari: "the CA asked for it", age: "planned age", max_age: "Certificates:MaxAge", missing: "there was none", revoked: "it was revoked", manual: "by hand", file: "from a file",
  rollback: "the one before",
};

function auditLine({ time: at, action, host, why, who, newSerial, issuer, detail }) {
  return h("li", null,
    h("span", { class: "soft" }, time(at, `${day(at)}, ${clock(at)}`)),
    said(host ?? "CA account"),
    h("div", { class: "what" },
      h("strong", { class: ["renewalFailed", "revoked", "fileRefused"].includes(action) ? "failed" : null }, said(actions[action] ?? action)),
      h("span", { class: "soft" }, said(causes[why] ?? why), who === "loop" ? "" : [", by ", said(who)]),
      newSerial ? h("span", { class: "detail" }, "Serial ", h("code", null, said(newSerial)), issuer ? [" from ", said(commonName(issuer))] : "") : null,
      detail ? h("span", { class: "detail" }, said(detail)) : null));
}

function showAudit({ audit }) {
  show(document.getElementById("audit"), !audit ? h("li", null, h("span", { class: "soft" }, "It cannot be read; the edge's log says why."))
    : audit.length === 0 ? h("li", null, h("span", { class: "soft" }, "Nothing is recorded."))
    : audit.map(auditLine));
}
