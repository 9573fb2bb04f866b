/** Everything an operator should look at, the worst first. */
function concerns(status) {
  const found = [];
  for (const certificate of status.certificates) {
    const state = certificateState(certificate);
    if (state.concern) found.push({ kind: state.kind, words: [said(certificate.host), `: ${state.concern}`] });
  }
  const sick = status.upstreams.filter(upstream => upstream.health === "unhealthy");
  if (sick.length > 0) {
    const all = sick.length === status.upstreams.length;
    found.push({ kind: all ? "bad" : "warn", words: all ? ["No upstream is healthy: clients get errors."] : [plural(sick.length, "upstream is", "upstreams are"), " unhealthy: ", said(sick.map(each => each.address).join(", "))] });
    for (const { address, recent } of sick) if (recent?.failingSince) found.push({ kind: all ? "bad" : "warn", words: failing(address, recent) });
  }
  for (const { address, ports } of status.upstreams) {
    if (ports && ports.used >= 0.8 * ports.limit) found.push({ kind: "warn", words: [`${percent(ports.used, ports.limit)} of the source ports to `, said(address), " are in use: without one, upgrades fail."] });
  }
  if (!status.configuration.succeeded) found.push({ kind: "warn", words: ["The configuration file was refused; the last good one is in force."] });
  return found.sort((one, other) => (one.kind === "bad" ? 0 : 1) - (other.kind === "bad" ? 0 : 1));
}

function failing(address, { attempts, failed, failingSince, lastError }) {
  const many = attempts === 0 ? "none came in the last minute, those before failed" : `${count(failed)} of ${plural(attempts, "request")} failed in the last minute`;
  return [said(address), " fails since ", time(failingSince, `${clock(failingSince)} (${relative(failingSince)})`), `: ${many}. Last error: `, said(lastError)];
}

function reason(text) {
  if (text === "starting") return "It is still starting.";
  if (text === "draining") return "It was told to stop, and lets its clients go.";
  const missing = /^no certificate for (.*)$/s.exec(text);
  return missing ? [said(missing[1]), " has no certificate yet: its TLS connections are refused."] : said(text);
}

/** What the edge calls degraded, unless a concern of a certificate or an upstream says it. */
function degraded(status) {
  return (status.degraded ?? []).filter(text => !/^(no certificate for|certificate file|upstream) /.test(text)).map(text => ({ kind: "bad", words: [said(text)] }));
}

function verdict(status) {
  const found = [...degraded(status), ...concerns(status)];
  if (status.drain) return { kind: "warn", title: "Draining", lines: [reason("draining"), "Balancers see it as not ready."] };
  if (!status.ready) {
    const told = status.reasons.map(reason);
    const others = found.filter(concern => !status.certificates.some(each => !each.serialNumber && concern.words[0].textContent === each.host));
    return { kind: "bad", title: "Not ready", lines: [...told, ...others.map(concern => concern.words)] };
  }
  const isDegraded = (status.degraded ?? []).length > 0;
  if (found.length > 0) return { kind: found[0].kind, title: isDegraded ? "Ready, but degraded" : found[0].kind === "bad" ? "Ready, but something is wrong" : "Ready, but see to this", lines: found.map(concern => concern.words) };
  return { kind: "good", title: "Ready", lines: [status.certificates.length === 1 ? "The host has a valid certificate. Nothing needs attention." : `All ${status.certificates.length} hosts have a valid certificate. Nothing needs attention.`] };
}

function showHealth(status) {
  const told = verdict(status);
  show(document.getElementById("health"),
    h("div", { class: "verdict", role: "status", "data-kind": told.kind }, icon(told.kind),
      h("div", null, h("strong", null, told.title), h("ul", null, told.lines.map(line => h("li", null, line))))),
    h("dl", { class: "facts" }, [
      ["Version", said(status.version)],
      ["Up for", time(status.startedAt, duration(status.uptimeSeconds + (now() - Date.parse(status.time)) / 1000, true))],
      ["OpenSSL", said(status.openSsl)],
      ["TLS engine", said(status.engine)],
      ["Commit", status.commit ? h("code", null, said(status.commit.slice(0, 9))) : null],
    ].filter(fact => fact[1]).map(([name, value]) => h("div", null, h("dt", null, name), h("dd", null, value)))));
  return told;
}
