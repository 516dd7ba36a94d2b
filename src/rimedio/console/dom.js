// Builds elements. Data only ever becomes text or an attribute, never markup: there is no innerHTML in the console.

const SVG = "http://www.w3.org/2000/svg";

/**
 * An HTML element. `props`: `class`, `dataset`, `onclick`-like functions, attributes (true: present, false or null:
 * absent), and `value`, `checked`, `disabled`-like properties. Children: nodes, text, arrays; null and false are skipped.
 */
export function h(tag, props, ...children) {
  return build(document.createElement(tag), props, children);
}

/** An SVG element; the same rules. */
export function s(tag, props, ...children) {
  return build(document.createElementNS(SVG, tag), props, children);
}

/** Replace everything inside `node`. */
export function fill(node, ...children) {
  node.replaceChildren(...flat(children));
  return node;
}

/**
 * The same, where most of it may be there already: a child that is drawn as it was stays the very node, and with it a
 * focus or a selection. Only for children whose listeners would do the same.
 */
export function refill(node, ...children) {
  const wanted = flat(children);
  const now = [...node.childNodes];
  const moved = wanted.some((one, at) => one.parentNode === node && one !== now[at]);
  if (moved || wanted.length !== now.length) node.replaceChildren(...wanted);
  else wanted.forEach((one, at) => one !== now[at] && !one.isEqualNode(now[at]) && now[at].replaceWith(one));
  return node;
}

/** An icon of icons.svg. Decorative: the words next to it carry the meaning. */
export function icon(name, size = 18) {
  return s(
    "svg",
    { class: "icon", width: size, height: size, viewBox: "0 0 24 24", "aria-hidden": "true", focusable: "false" },
    s("use", { href: `/console/icons.svg#${name}` }),
  );
}

/** Set CSS custom properties; inline style attributes are forbidden by the content security policy. */
export function vars(node, values) {
  for (const [name, value] of Object.entries(values)) node.style.setProperty(`--${name}`, String(value));
  return node;
}

/** An id that no other element of the page has. */
export function uid(prefix = "r") {
  counter += 1;
  return `${prefix}-${counter}`;
}

let counter = 0;
const PROPERTIES = new Set(["value", "checked", "selected", "disabled", "indeterminate", "multiple", "open", "hidden"]);

function build(node, props, children) {
  for (const [name, value] of Object.entries(props ?? {})) put(node, name, value);
  node.append(...flat(children));
  return node;
}

function put(node, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name.startsWith("on") && typeof value === "function") node.addEventListener(name.slice(2), value);
  else if (name === "dataset") Object.assign(node.dataset, value);
  else if (name === "class") node.setAttribute("class", Array.isArray(value) ? value.filter(Boolean).join(" ") : value);
  else if (PROPERTIES.has(name) && node.namespaceURI !== SVG) node[name] = value;
  else node.setAttribute(name, value === true ? "" : String(value));
}

function flat(children) {
  return children
    .flat(Infinity)
    .filter((child) => child !== null && child !== undefined && child !== false && child !== true)
    .map((child) => (child instanceof Node ? child : document.createTextNode(String(child))));
}
