/** The keyboard's way through the page: arrow keys inside a group, one tab stop for each group. */

/** Arrow keys go through what `listed()` gives, Tab stops at one of them: the last that had the focus. */
export function roveIn(group, listed, columns = () => 1) {
  group.addEventListener("keydown", (event) => moveFocus(event, listed(), columns()));
  group.addEventListener("focusin", (event) => {
    if (listed().includes(event.target)) oneTabStop(listed(), event.target);
  });
}

/** Make `chosen` (else the first) the only one of `nodes` that Tab stops at. */
export function oneTabStop(nodes, chosen = null) {
  const stop = nodes.includes(chosen) ? chosen : nodes[0];
  for (const node of nodes) node.tabIndex = node === stop ? 0 : -1;
}

/** Move the focus with the arrow keys, Home and End. A grid lets the keys that lead out of it pass, for joinRows. */
export function moveFocus(event, nodes, columns = 1) {
  if (event.altKey || event.ctrlKey || event.metaKey) return; // the browser's own: Alt and an arrow go back
  const index = nodes.indexOf(document.activeElement);
  const target = index === -1 ? null : targetOf(event.key, index, nodes.length - 1, columns);
  if (target === null) return;
  event.preventDefault();
  nodes[target].focus();
}

function targetOf(key, index, last, columns) {
  const isList = columns === 1;
  const rowsBelow = Math.floor(last / columns) - Math.floor(index / columns);
  switch (key) {
    case "Home": return 0;
    case "End": return last;
    case "ArrowLeft": return Math.max(index - 1, 0);
    case "ArrowRight": return Math.min(index + 1, last);
    case "ArrowUp": return index >= columns ? index - columns : isList ? 0 : null;
    case "ArrowDown": return rowsBelow > 0 || isList ? Math.min(index + columns, last) : null;
    default: return null;
  }
}

/** ArrowDown leads from the row `upper` into `lower`, ArrowUp from the first row of `lower` back. */
export function joinRows(upper, lower, columns = () => 1) {
  upper.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" && !lower.hidden) enter(event, lower);
  });
  lower.addEventListener("keydown", (event) => {
    const index = [...lower.children].indexOf(event.target);
    if (event.key === "ArrowUp" && index >= 0 && index < columns()) enter(event, upper);
  });
}

function enter(event, group) {
  event.preventDefault();
  group.querySelector('[tabindex="0"]')?.focus();
}

/** How many of the children share the first row: a wrapped grid's column count. */
export function columnsOf(nodes) {
  if (nodes.length === 0) return 1;
  const top = nodes[0].offsetTop;
  const next = nodes.findIndex((node) => node.offsetTop > top);
  return next === -1 ? nodes.length : next;
}
