/** A message's text with its entities (Bot API, UTF-16 offsets) as DOM nodes. */

import { h } from "./dom.js";

const TAGS = {
  bold: "strong", italic: "em", underline: "u", strikethrough: "s", code: "code",
  blockquote: "blockquote", expandable_blockquote: "blockquote",
};
const BLOCKS = new Set(["pre", "blockquote", "expandable_blockquote"]);
const SAFE_PROTOCOL = /^(https?|tg|mailto|tel):/i;

/** Nodes for `text`; `actions` has runCommand(text), mention(text) and openSet(name, event). */
export function renderText(text, entities = [], actions) {
  const sorted = [...entities].sort((a, b) => a.offset - b.offset || b.length - a.length);
  return renderRange(text, 0, text.length, sorted, actions);
}

function renderRange(text, start, end, entities, actions) {
  const nodes = [];
  let at = start;
  let rest = entities;
  while (rest.length > 0) {
    const [entity] = rest;
    const from = Math.max(entity.offset, at);
    const to = Math.min(entity.offset + entity.length, end);
    const inside = rest.slice(1).filter((one) => one.offset < to);
    rest = rest.slice(1 + inside.length);
    if (to <= from) continue;
    if (from > at) nodes.push(text.slice(at, from));
    nodes.push(wrap(entity, text.slice(from, to), renderRange(text, from, to, inside, actions), actions));
    at = BLOCKS.has(entity.type) && text[to] === "\n" ? to + 1 : to; // a block ends its line by itself
  }
  if (at < end) nodes.push(text.slice(at, end));
  return nodes;
}

function wrap(entity, plain, children, actions) {
  switch (entity.type) {
    case "pre": return h("pre", { "data-language": entity.language }, h("code", {}, children));
    case "url": return link(/^[a-z][a-z0-9+.-]*:/i.test(plain) ? plain : `https://${plain}`, children, actions);
    case "text_link": return link(entity.url, children, actions);
    case "email": return link(`mailto:${plain}`, children, actions);
    case "phone_number": return link(`tel:${plain.replace(/[^+\d]/g, "")}`, children, actions);
    case "bot_command": return inlineButton("command", plain, children, () => actions.runCommand(plain));
    case "mention": return inlineButton("mention", plain, children, () => actions.mention(plain));
    case "text_mention": case "hashtag": case "cashtag": return h("span", { class: "tag" }, children);
    case "spoiler": return spoiler(children);
    default: return h(TAGS[entity.type] ?? "span", {}, children);
  }
}

function link(url, children, actions) {
  if (!SAFE_PROTOCOL.test(url ?? "")) return h("span", { class: "tag" }, children);
  const set = setNameIn(url);
  const onclick = set && ((event) => actions.openSet(set, event));
  return h("a", { href: url, target: "_blank", rel: "noopener noreferrer", onclick }, children);
}

/** The set's name when the address is a sticker set's link, else null. */
export function setNameIn(url) {
  const match = /^(?:https?:\/\/t\.me\/add(?:stickers|emoji)\/|tg:\/\/add(?:stickers|emoji)\?set=)(\w+)$/i.exec(url);
  return match ? match[1] : null;
}

function inlineButton(kind, plain, children, onclick) {
  return h("button", { type: "button", class: "inline-link", [`data-${kind}`]: plain, onclick }, children);
}

function spoiler(children) {
  const onclick = (event) => event.currentTarget.replaceWith(h("span", {}, children));
  return h("button", { type: "button", class: "spoiler", "aria-label": "Hidden text, press to show", onclick },
    h("span", { "aria-hidden": "true" }, children.map((child) => child.cloneNode?.(true) ?? child)));
}
