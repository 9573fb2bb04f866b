const reasons = {
  ari: "when the CA asks for it", age: "at its planned age", max_age: "at Certificates:MaxAge", MaxAge: "at Certificates:MaxAge", expiry: "before it expires",
  revoked: "because it is revoked", missing: "because there is none", expired: "it has expired",
};

/** Kind and badge; a concern if it needs attention. */
function certificateState(certificate) {
  const state = stateByDates(certificate);
  if (state.kind !== "good") return state;
  if ((certificate.refusedFiles ?? []).length > 0) return { kind: "warn", badge: "New file refused", concern: "its new certificate file is refused; the one before is served" };
  if (certificate.chainProblem) return { kind: "warn", badge: `Chain ${certificate.chainState}`, concern: `its chain is ${certificate.chainState}: clients may refuse it` };
  return state;
}

function stateByDates({ serialNumber, daysLeft, ocsp, next, notBefore, notAfter }) {
  const failed = next?.failures > 0;
  const tries = failed ? `renewal failed ${next.failures === 1 ? "once" : `${next.failures} times in a row`}` : "";
  if (!serialNumber) return { kind: "bad", badge: "No certificate", concern: failed ? `no certificate; ${tries.replace("renewal", "ordering")}` : "no certificate yet" };
  if (ocsp === "revoked") return { kind: "bad", badge: "Revoked", concern: `the CA has revoked its certificate${failed ? `; ${tries}` : ""}` };
  if (daysLeft < 0 || Date.parse(notAfter) < now()) return { kind: "bad", badge: "Expired", concern: `its certificate has expired${failed ? `; ${tries}` : ""}` };
  if (failed) return { kind: "warn", badge: "Renewal failing", concern: `${tries}; ${plural(Math.floor(daysLeft), "day")} left` };
  if (!next || next.action === "none") return { kind: "good", badge: "Valid" };
  const tenth = (Date.parse(notAfter) - Date.parse(notBefore)) / 10;
  if (next.action === "rotate" && Date.parse(next.at) - now() < tenth)
    return { kind: "warn", badge: "Rotate it", concern: `a new certificate has to be put in place by ${day(next.at)}` };
  // A renewal takes minutes; the loop that starts it checks every second.
  if (next.action === "renew" && now() - Date.parse(next.at) > 3600e3) return { kind: "warn", badge: "Renewal overdue", concern: `its renewal is overdue since ${day(next.at)}` };
  return { kind: "good", badge: "Valid" };
}

function lifeBar({ host, notBefore, notAfter, daysLeft, next }) {
  const [from, to] = [Date.parse(notBefore), Date.parse(notAfter)];
  const share = moment => Math.min(100, Math.max(0, ((moment - from) / (to - from)) * 100)) || 0;
  const elapsed = share(now());
  const planned = next?.at ? share(Date.parse(next.at)) : null;
  const style = { "--elapsed": `${elapsed.toFixed(2)}%` };
  if (planned !== null) style["--planned"] = `${planned.toFixed(2)}%`;
  const left = daysLeft < 0 ? "expired" : `${duration((to - now()) / 1000)} left`;
  return h("div", null,
    h("div", {
      class: "life", role: "meter", "aria-label": `Life of the certificate of ${host}`, "aria-valuemin": 0, "aria-valuemax": 100, "aria-valuenow": Math.round(elapsed),
      "aria-valuetext": `${Math.round(elapsed)} % over, ${left}${next?.at ? `, ${next.action} by ${day(next.at)}` : ""}`, "data-planned": planned !== null, style,
    }),
    h("div", { class: "span" },
      time(notBefore, day(notBefore)),
      next?.at ? h("span", { class: "planned", style: { "--planned": style["--planned"] } }, time(next.at, day(next.at))) : null,
      time(notAfter, day(notAfter))));
}

function nextLine({ next, serialNumber }) {
  if (!next) return "It has to be put in place by hand";
  const why = said(reasons[next.why] ?? next.why);
  if (next.action === "none" || !next.at) return why;
  const failed = next.failures > 0;
  const verb = failed ? "Next attempt" : next.action === "rotate" ? "Replace it by hand" : serialNumber ? "Renews" : "Ordered";
  const moment = Date.parse(next.at) <= now() ? "now" : relative(next.at);
  return [verb, " ", time(next.at, moment), failed ? "" : [", ", why]];
}

function certificateCard(certificate) {
  const { host, daysLeft, next } = certificate;
  const state = certificateState(certificate);
  const left = daysLeft === undefined ? null : (Date.parse(certificate.notAfter) - now()) / 1000;
  return h("article", { class: "certificate", "data-key": certificate.name, "aria-label": `Certificate of ${host}` },
    h("header", null, h("h3", null, said(host)), badge(state.kind, state.badge)),
    left === null ? null : [
      h("div", { class: "days" },
        h("strong", null, left < 0 ? `expired ${duration(-left)} ago` : `${duration(left, left < 2 * 86400)} left`),
        h("span", { class: "soft" }, nextLine(certificate))),
      lifeBar(certificate),
    ],
    (certificate.refusedFiles ?? []).map(file => h("div", { class: "trouble", "data-kind": state.kind === "good" ? "warn" : state.kind },
      h("strong", null, "File refused ", time(file.since, relative(file.since))), h("p", null, said(file.why)))),
    certificate.chainProblem ? h("div", { class: "trouble", "data-kind": state.kind === "good" ? "warn" : state.kind },
      h("strong", null, `Chain ${certificate.chainState}`), h("p", null, said(certificate.chainProblem))) : null,
    next?.lastError ? h("div", { class: "trouble", "data-kind": state.kind === "good" ? "warn" : state.kind },
      h("strong", null, next.failures > 0 ? `${plural(next.failures, "failure")} in a row` : "Last error"), h("p", null, said(next.lastError))) : null,
    left === null ? h("p", { class: "soft" }, nextLine(certificate)) : null,
    pairs(
      ["Issuer", certificate.issuer ? said(commonName(certificate.issuer)) : null],
      ["Key", certificate.keyType],
      ["Source", certificate.source ? said(certificate.source) : null],
      ["OCSP", certificate.ocsp ? word(certificate.ocsp) : null]),
    certificate.serialNumber ? h("details", null, h("summary", null, "Serial, pin, names, chain"),
      pairs(
        ["Names", said(certificate.subjectNames.join(", ")), true],
        ["Serial", h("code", null, said(certificate.serialNumber)), true],
        ["SPKI pin", h("code", null, said(`sha256/${certificate.spkiSha256}`)), true],
        ["Issuer in full", said(certificate.issuer), true],
        ["From", said(certificate.origin), true],
        ["Installed", time(certificate.installedAt, `${day(certificate.installedAt)}, ${clock(certificate.installedAt)}`)],
        ["Chain", [plural(certificate.chainLength, "certificate"), certificate.chainState ? `, ${certificate.chainState}` : ""]],
        ["Previous", certificate.previous ? [h("code", null, said(certificate.previous.serialNumber)), `, until ${day(certificate.previous.notAfter)}`] : null, true])) : null);
}

/** Of a distinguished name what tells CAs apart. */
function commonName(issuer) {
  const part = name => new RegExp(`(?:^|, )${name}=("[^"]*"|[^,]+)`).exec(issuer)?.[1].replaceAll('"', "");
  const [common, organization] = [part("CN"), part("O")];
  return common && organization && !common.includes(organization) ? `${organization} ${common}` : common ?? organization ?? issuer;
}

function showCertificates(status) {
  show(document.getElementById("certificates"), status.certificates.map(certificateCard));
}
