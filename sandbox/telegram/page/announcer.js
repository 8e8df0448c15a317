/** Says what has happened to people who do not see it: the open chat's messages in full, others by their chat. */

import { byId, h } from "./dom.js";
import { chatTitle, senderName, summaryOf } from "./format.js";
import { authorOf } from "./state.js";

const KEPT = 5; // lines; a screen reader has long read the older ones

/** Politely: after what is being read at the moment. */
export function announce(text) {
  const box = byId("announcer");
  box.append(h("p", {}, text));
  while (box.children.length > KEPT) box.firstChild.remove();
}

export function announceMessage(message, store, edited = false) {
  if (authorOf(message) === store.personId) return;
  const chat = store.chatFor(message.chat_id);
  const isOpen = message.chat_id === store.chatId;
  if (isOpen) announce(`${edited ? "Edited: " : ""}${senderName(store, message.from)}: ${summaryOf(message)}${buttonsOf(message)}`);
  else if (!edited && store.chatsOf(store.personId).includes(chat)) announce(`New message in ${chatTitle(store, chat)}`);
}

function buttonsOf({ buttons = [] }) {
  const names = buttons.flat().map((button) => button.text);
  return names.length === 0 ? "" : `. Buttons: ${names.join(", ")}`;
}

/** The bot's own reactions: in a group they are often its whole answer. */
export function announceReactions({ chat_id: chatId, message_id: messageId, reactions }, store) {
  const message = store.message(chatId, messageId);
  if (!message || chatId !== store.chatId) return;
  const emojiOf = (list) => list.filter((one) => one.by.includes(store.bot.id)).map((one) => one.emoji);
  const known = emojiOf(message.reactions);
  const added = emojiOf(reactions).filter((emoji) => !known.includes(emoji));
  if (added.length > 0) announce(`${store.bot.first_name} reacted ${added.join(" ")} to: ${summaryOf(message)}`);
}
