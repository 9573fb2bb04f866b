// Moments are the edge's, by its own clock: a browser whose clock is wrong shows the right ages all the same.
let skew = 0;
const now = () => Date.now() + skew;

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const two = number => String(number).padStart(2, "0");

/** 30 Nov 2026 */
function day(moment) {
  const at = new Date(moment);
  return `${at.getUTCDate()} ${months[at.getUTCMonth()]} ${at.getUTCFullYear()}`;
}

/** 14:05 */
function clock(moment) {
  const at = new Date(moment);
  return `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}`;
}

const time = (moment, text) => h("time", { datetime: new Date(moment).toISOString(), title: `${new Date(moment).toISOString().slice(0, 19).replace("T", " ")} UTC` }, text);

const units = [["day", 86400], ["h", 3600], ["min", 60], ["s", 1]];

/** 3 days, 4 h, 12 min, 40 s: one unit, or two where the second still matters. */
function duration(seconds, exact) {
  const rest = Math.max(0, Math.round(seconds));
  const at = Math.max(0, units.findIndex(([, size]) => rest >= size));
  const [unit, size] = rest < 1 ? units[3] : units[at];
  const whole = Math.floor(rest / size);
  const first = `${count(whole)} ${unit}${unit === "day" && whole !== 1 ? "s" : ""}`;
  const next = units[at + 1];
  const more = next && rest >= 1 ? Math.floor((rest % size) / next[1]) : 0;
  return exact && more > 0 ? `${first} ${more} ${next[0]}${next[0] === "day" && more !== 1 ? "s" : ""}` : first;
}

/** in 4 days, 12 min ago */
function relative(moment) {
  const seconds = (Date.parse(moment) - now()) / 1000;
  if (Math.abs(seconds) < 1) return "now";
  return seconds > 0 ? `in ${duration(seconds)}` : `${duration(-seconds)} ago`;
}

const numbers = new Intl.NumberFormat("en-GB");
const count = number => numbers.format(number);

const plural = (number, one, many) => `${count(number)} ${number === 1 ? one : many ?? `${one}s`}`;

/** Never rounded up to all, nor down to none. */
function percent(part, whole) {
  if (whole === 0) return "–";
  if (part === whole) return "100 %";
  if (part > 0 && part / whole < 0.001) return "< 0.1 %";
  return `${Math.min(99.9, (part / whole) * 100).toFixed(1)} %`;
}

function bytes(number) {
  const names = ["B", "kB", "MB", "GB", "TB", "PB"];
  let at = 0;
  while (number >= 1000 && at < names.length - 1) [number, at] = [number / 1000, at + 1];
  return `${at === 0 || number >= 100 ? Math.round(number) : number.toFixed(1)} ${names[at]}`;
}

/** A second, of what the last minute of history holds. */
function rate(values, step) {
  const lately = values.slice(-Math.ceil(60 / step));
  const perSecond = lately.length === 0 ? 0 : lately.reduce((sum, value) => sum + value, 0) / (lately.length * step);
  return perSecond === 0 || perSecond >= 100 ? count(Math.round(perSecond)) : perSecond >= 0.1 ? perSecond.toFixed(1) : "< 0.1";
}

const words = {
  unsupported_protocol: "Protocol too old", no_shared_cipher: "No cipher in common", unknown_name: "Name not served", client_alert: "Client gave up (alert)",
  timeout: "Too slow", closed: "Client went away", not_tls: "No TLS", refused: "Refused by a limit", other: "Other",
  connect: "No connection", reset: "Connection reset", protocol: "Broken answer",
  client: "Client", upstream: "Upstream", idle: "Idle time-out", drain: "Drain", limit: "Limit", error: "Error",
  ws: "/ws", api: "/api", health: "/health", none: "No answer",
  good: "Good", revoked: "Revoked", stale: "None to staple", not_offered: "Not offered",
  healthy: "Healthy", unhealthy: "Unhealthy", unknown: "Not checked",
};
const word = name => words[name] ?? name.slice(0, 1).toUpperCase() + name.slice(1).replaceAll("_", " ");
