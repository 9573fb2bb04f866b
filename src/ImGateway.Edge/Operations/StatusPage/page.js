const every = 2000;
const patience = 5000;
const colours = { good: "%23116a3b", warn: "%23c07a12", bad: "%23a5231c" };

let seenAt = null;
let trouble = null;
let paused = false;
let asking = false;
let next;

/** Requests the status, shows it, and schedules the next request; not while the tab is hidden. */
async function refresh() {
  clearTimeout(next);
  if (asking || paused || document.hidden) return;
  asking = true;
  const status = await ask();
  asking = false;
  if (status) {
    skew = Date.parse(status.time) - Date.now();
    seenAt = performance.now();
    document.getElementById("content").hidden = false;
    try {
      showAll(status);
      trouble = null;
    } catch (error) {
      // Not the edge's fault, and not to be taken for it.
      console.error(error);
      trouble = "This page does not understand the edge's answer; reload it";
    }
  }
  tick();
  next = setTimeout(refresh, every);
}

async function ask() {
  try {
    const answer = await fetch("/api/status", { cache: "no-store", signal: AbortSignal.timeout(patience) });
    if (answer.ok) return await answer.json();
    trouble = `The edge refuses to tell: it answers ${answer.status}`;
  } catch (error) {
    trouble = `The edge cannot be reached: it does not answer${error.name === "TimeoutError" ? " in time" : ""}`;
  }
  return null;
}

function showAll(status) {
  const told = showHealth(status);
  const name = status.certificates[0]?.host ?? "";
  show(document.getElementById("edge-name"), said(name));
  document.title = titled(told.title, name);
  document.getElementById("icon").href = `data:image/svg+xml,<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><circle cx="8" cy="8" r="7" fill="${colours[told.kind]}"/></svg>`;
  for (const part of [showDrain, showTiles, showCertificates, showChart, showTls, showRequests, showUpstreams, showLimits, showConfiguration, showAudit]) part(status);
}

const titled = (state, name) => `${state} · ${name.slice(0, 80)} · ImGateway Edge`;

/** How old is what is shown. */
function tick() {
  const age = seenAt === null ? null : (performance.now() - seenAt) / 1000;
  const seen = document.getElementById("seen");
  const [stale, gone] = [document.getElementById("stale"), trouble !== null];
  seen.textContent = paused ? `paused; seen ${age === null ? "never" : `${duration(age)} ago`}` : gone ? "no connection" : age === null ? "connecting" : age < 3 ? "live" : `seen ${duration(age)} ago`;
  seen.dataset.state = paused ? "paused" : gone ? "gone" : age === null ? "wait" : "live";
  document.body.classList.toggle("gone", gone);
  if (gone) {
    // The seconds are not announced: a reader would speak without end.
    show(stale, h("strong", null, trouble, "."), " ", h("span", { "aria-live": "off" }, age === null ? "It was not seen yet." : `Last seen ${duration(age)} ago; what stands below is from then.`));
    if (age !== null) document.title = titled("No connection", document.getElementById("edge-name").textContent);
  }
  stale.hidden = !gone;
}

document.getElementById("pause").addEventListener("click", event => {
  paused = !paused;
  event.currentTarget.setAttribute("aria-pressed", String(paused));
  tick();
  refresh();
});
document.addEventListener("visibilitychange", refresh);
setInterval(() => document.hidden || tick(), 1000);
refresh();
