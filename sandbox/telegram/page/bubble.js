/** One message: its parts are redrawn only when what they show has changed. */

import { h, icon } from "./dom.js";
import { renderText } from "./entities.js";
import { avatarOf, fullTimeOf, hueOf, senderName, summaryOf, timeOf } from "./format.js";
import { reactionChips } from "./reactions.js";

const PASSING = ["fresh", "flash", "held"]; // classes that others put on for a moment
const drawn = new WeakMap(); // article → signature per part

/** `view`: {message, own, first, showNames, quoted, topicName}; `ui`: the page's actions and panels. */
export function createBubble(view, ui) {
  const { message } = view;
  const article = h("article", {
    class: "message", tabindex: "-1", "data-message": `${message.chat_id}:${message.message_id}`,
  },
  h("div", { class: "avatar-slot" }),
  h("div", { class: "stack" },
    h("div", { class: "bubble" }), h("div", { class: "reactions" }), h("div", { class: "keyboard" })));
  updateBubble(article, view, ui);
  return article;
}

export function updateBubble(article, view, ui) {
  const { message, own, first, showNames } = view;
  const name = senderName(ui.store, message.from);
  const side = own ? "own" : "incoming";
  const shape = `${first ? "first" : ""} ${showNames ? "named" : ""} ${message.sticker ? "is-sticker" : ""}`;
  const passing = PASSING.filter((name) => article.classList.contains(name));
  article.className = ["message", side, shape, ...passing].join(" ");
  article.setAttribute("aria-label", `${own ? "You" : name}, ${timeOf(message.date)}: ${summaryOf(message)}`);
  const parts = partsOf(article);
  const { reactions, buttons, ...body } = message;
  redraw(article, "avatar", [showNames, first, message.from, name], parts.avatar, () => avatarPart(view, ui));
  redraw(article, "body", [body, own, first, showNames, name, view.quoted, view.topicName], parts.body, () => bodyPart(view, ui));
  redraw(article, "reactions", [reactions, ui.store.actor], parts.reactions, () => reactionChips(message, ui));
  const waiting = (buttons ?? []).flat().map((one) => ui.presses.isWaiting(message, one.callback_data));
  redraw(article, "keyboard", [buttons, waiting], parts.keyboard, () => keyboardPart(message, ui));
}

function partsOf(article) {
  const [avatar, stack] = article.children;
  const [body, reactions, keyboard] = stack.children;
  return { avatar, body, reactions, keyboard };
}

function redraw(article, part, shown, container, build) {
  const signatures = drawn.get(article) ?? {};
  const signature = JSON.stringify(shown);
  if (signatures[part] === signature) return;
  drawn.set(article, { ...signatures, [part]: signature });
  const hadFocus = container.contains(document.activeElement);
  const same = hadFocus ? sameControl(document.activeElement) : null;
  container.replaceChildren(...build().filter(Boolean));
  if (hadFocus) (container.querySelector(same) ?? article).focus({ preventScroll: true });
}

/** A selector of the focused control, so that a redraw does not throw the keyboard out of it. */
function sameControl(active) {
  for (const name of ["reaction", "button", "command", "mention", "sticker"]) {
    if (active.dataset[name] !== undefined) return `[data-${name}="${CSS.escape(active.dataset[name])}"]`;
  }
  return active.matches(".quote") ? ".quote" : ":not(*)";
}

function avatarPart({ showNames, first, message }, ui) {
  return showNames && first ? [avatarOf(ui.store, message.from)] : [];
}

function bodyPart(view, ui) {
  const { message, first, showNames } = view;
  const content = message.sticker ? stickerPart(message.sticker, ui) : textPart(message, ui);
  return [
    first && showNames && namePart(view, ui),
    message.forwarded_from && forwardPart(message.forwarded_from),
    message.reply_to && quotePart(view, ui),
    message.photo && h("img", { class: "photo", src: message.photo.image, alt: "Photo" }),
    content,
    metaPart(message),
  ];
}

function namePart({ message, topicName }, ui) {
  const isBot = message.from === ui.store.bot.id;
  return h("div", { class: `sender ${isBot ? "bot" : `hue-${hueOf(message.from)}`}` },
    h("span", { class: "sender-name" }, senderName(ui.store, message.from)),
    isBot && h("span", { class: "bot-mark" }, "bot"),
    topicName && h("span", { class: "topic-mark" }, topicName));
}

function forwardPart(name) {
  return h("div", { class: "forwarded", "data-testid": "forwarded" }, icon("forward"), h("span", {}, "Forwarded from ", h("strong", {}, name)));
}

function quotePart({ message, quoted }, ui) {
  const jump = () => ui.jumpTo(message.reply_to);
  const author = quoted ? senderName(ui.store, quoted.from) : "Deleted message";
  return h("button", { type: "button", class: "quote", "data-testid": "quote", disabled: !quoted, onclick: jump },
    h("span", { class: "quote-author" }, author),
    quoted && h("span", { class: "quote-text" }, summaryOf(quoted)));
}

function textPart(message, ui) {
  return h("div", { class: "text", dir: "auto" }, renderText(message.text ?? "", message.entities, ui));
}

function stickerPart(sticker, ui) {
  const image = h("img", { src: sticker.image, width: 176, height: 176, alt: `Sticker ${sticker.emoji ?? ""}`.trim(), draggable: "false" });
  if (!sticker.set_name) return h("div", { class: "sticker", "data-sticker": sticker.file_id }, image);
  return h("button", {
    type: "button", class: "sticker", "data-sticker": sticker.file_id, title: sticker.set_name,
    onclick: (event) => ui.openSet(sticker.set_name, event),
  }, image);
}

function metaPart(message) {
  return h("span", { class: "meta" },
    message.edit_date && h("span", { class: "edited" }, "edited"),
    h("time", { datetime: new Date(message.date * 1000).toISOString(), title: fullTimeOf(message.date) }, timeOf(message.date)));
}

function keyboardPart(message, ui) {
  return (message.buttons ?? []).map((row) => h("div", { class: "button-row" }, row.map((button) => keyboardButton(message, button, ui))));
}

function keyboardButton(message, button, ui) {
  const label = h("span", { class: "button-label" }, button.text);
  if (button.url !== undefined) return urlButton(button, label);
  const waiting = ui.presses.isWaiting(message, button.callback_data);
  return h("button", {
    type: "button", class: "chat-button", "data-button": button.text, "aria-busy": waiting ? "true" : null,
    onclick: () => ui.presses.press(message, button.callback_data),
  }, label, waiting && h("span", { class: "spinner", "aria-hidden": "true" }));
}

function urlButton(button, label) {
  const safe = /^(https?|tg):/i.test(button.url) ? button.url : null;
  return h("a", {
    class: "chat-button", "data-button": button.text, href: safe, target: "_blank", rel: "noopener noreferrer", title: button.url,
  }, label, h("span", { class: "outside", "aria-hidden": "true" }, "↗"), h("span", { class: "visually-hidden" }, " (opens in a new tab)"));
}

export function serviceLine(message) {
  return h("div", { class: "service", "data-message": `${message.chat_id}:${message.message_id}` }, h("span", {}, message.service));
}
