/** Person, chat and topic in the address: #as=500100200&chat=-100…&topic=5 */

export function readRoute() {
  const parts = new URLSearchParams(location.hash.slice(1));
  return { as: number(parts.get("as")), chat: number(parts.get("chat")), topic: number(parts.get("topic")) };
}

function number(text) {
  return text !== null && /^-?\d+$/.test(text) ? Number(text) : null;
}

/** `replace` leaves no step for the browser's Back button. */
export function writeRoute({ as, chat, topic }, replace = false) {
  const parts = new URLSearchParams();
  if (as !== null) parts.set("as", as);
  if (chat !== null) parts.set("chat", chat);
  if (topic !== null) parts.set("topic", topic);
  const hash = `#${parts}`;
  if (hash === location.hash) return;
  if (replace) history.replaceState(null, "", hash);
  else history.pushState(null, "", hash);
}
