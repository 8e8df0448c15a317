/** DOM building. Text only ever becomes text nodes: nothing a person wrote is parsed as markup. */

const SVG = "http://www.w3.org/2000/svg";

/** Build an element. `on…` properties become listeners, `true` an empty attribute, null and false nothing. */
export function h(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) setProperty(node, name, value);
  node.append(...present(children));
  return node;
}

function setProperty(node, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
  else node.setAttribute(name, value === true ? "" : String(value));
}

function present(children) {
  return children.flat().filter((child) => child !== null && child !== undefined && child !== false);
}

/** Replace everything inside a node. */
export function fill(node, ...children) {
  node.replaceChildren(...present(children));
}

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `page/static/icons.svg#${name}`);
  svg.append(use);
  return svg;
}

export function byId(id) {
  return document.getElementById(id);
}

/** True where a finger is the pointer: there a focused field would raise the keyboard. */
export function isTouch() {
  return matchMedia("(pointer: coarse)").matches;
}
