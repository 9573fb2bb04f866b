"use strict";

// Data of the edge, and what it received from CAs, gateways and clients, is inserted as text only: nothing here parses markup, and the page's policy
// forbids it as well. Styles are set through the object model, which the policy allows; style attributes it does not.

const svgNames = new Set(["svg", "path", "line", "circle", "text", "g"]);
const longest = 600;

/** An element; children are nodes, text, lists of them, or nothing. */
function h(name, attributes, ...children) {
  const element = svgNames.has(name) ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key === "style") for (const [property, setting] of Object.entries(value)) element.style.setProperty(property, setting);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter(child => child !== null && child !== undefined && child !== false && child !== ""));
  return element;
}

/** Text that others chose: isolated from the direction of the surrounding text (bdi), and of bounded length. */
function said(words) {
  const text = String(words);
  return h("bdi", null, text.length > longest ? `${text.slice(0, longest)}… (${text.length} characters; all of them in /api/status)` : text);
}

/** Makes an element's children these, and touches only what differs, so that focus, selection and opened details stay. */
function show(element, ...children) {
  const next = h("div", null, ...children);
  morphChildren(element, next);
}

function morphChildren(element, next) {
  const wanted = [...next.childNodes];
  wanted.forEach((child, i) => i < element.childNodes.length ? morph(element.childNodes[i], child) : element.append(child));
  while (element.childNodes.length > wanted.length) element.lastChild.remove();
}

function morph(node, next) {
  if (node.nodeName !== next.nodeName || node.dataset?.key !== next.dataset?.key) return node.replaceWith(next);
  if (node.nodeType === Node.TEXT_NODE) {
    if (node.data !== next.data) node.data = next.data;
    return;
  }
  for (const { name } of [...node.attributes]) if (name !== "style" && name !== "open" && !next.hasAttribute(name)) node.removeAttribute(name);
  for (const { name, value } of next.attributes) if (name !== "style" && node.getAttribute(name) !== value) node.setAttribute(name, value);
  if (node.style.cssText !== next.style.cssText) node.style.cssText = next.style.cssText;
  morphChildren(node, next);
}

/** A list of facts; those without a value are left out. Wide ones get a line of their own. */
function pairs(...facts) {
  return h("dl", { class: "pairs" }, facts.filter(fact => fact && fact[1] !== null && fact[1] !== undefined && fact[1] !== "")
    .map(([name, value, wide]) => h("div", { class: wide ? "wide" : null }, h("dt", null, name), h("dd", null, value))));
}

const shapes = {
  good: ["M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z", "m8 12.5 2.8 2.8L16 9.5"],
  warn: ["M12 4 2.5 20h19z", "M12 10v4.5", "M12 17.2v.1"],
  bad: ["M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z", "m9 9 6 6m0-6-6 6"],
  rest: ["M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z", "M8 12h8"],
};

const icon = kind => h("svg", { class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true" }, shapes[kind].map(d => h("path", { d })));

const badge = (kind, text) => h("span", { class: "badge", "data-kind": kind }, icon(kind), text);
