/** Names, times and short texts as people read them. */

import { h, icon } from "./dom.js";

const TIME = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const CLOCK = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });
const DAY = new Intl.DateTimeFormat("en-GB", { weekday: "long", day: "numeric", month: "long" });
const SHORT_DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const FULL = new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "medium" });
const DAY_MS = 86_400_000;
const GROUP_ANONYMOUS_BOT = 1087968824; // Telegram's sender of anonymous administrators' messages

const dateOf = (unix) => new Date(unix * 1000);

export const timeOf = (unix) => TIME.format(dateOf(unix));
export const clockTimeOf = (unix) => CLOCK.format(dateOf(unix));
export const fullTimeOf = (unix) => FULL.format(dateOf(unix));
export const dayKey = (unix) => dateOf(unix).toDateString();

export function dayName(unix) {
  const date = dateOf(unix);
  if (date.toDateString() === new Date().toDateString()) return "Today";
  if (date.toDateString() === new Date(Date.now() - DAY_MS).toDateString()) return "Yesterday";
  return DAY.format(date);
}

export function listTimeOf(unix) {
  return dayKey(unix) === new Date().toDateString() ? timeOf(unix) : SHORT_DAY.format(dateOf(unix));
}

export function personName(person) {
  return [person.first_name, person.last_name].filter(Boolean).join(" ");
}

export function senderName(store, userId) {
  if (userId === store.bot.id) return store.bot.first_name;
  const person = store.people.find((one) => one.id === userId);
  if (person) return personName(person);
  if (userId === GROUP_ANONYMOUS_BOT) return "Anonymous admin";
  return store.chats.get(userId)?.title ?? `User ${userId}`;
}

export function chatTitle(store, chat) {
  return chat.type === "private" ? store.bot.first_name : chat.title ?? `Chat ${chat.id}`;
}

/** A chat as one who sees them all calls it: a private one by its person. */
export function placeOf(store, chatId) {
  const person = store.people.find((one) => one.id === chatId);
  return person?.first_name ?? store.chats.get(chatId)?.title ?? `Chat ${chatId}`;
}

export function chatSubtitle(store, chat) {
  if (chat.type === "private") return `@${store.bot.username}`;
  const people = chat.members.filter((id) => id !== store.bot.id).length;
  return `${people} ${people === 1 ? "person" : "people"}`;
}

/** One line that stands for a message in lists and quotes. */
export function summaryOf(message) {
  if (message.service) return message.service;
  if (message.sticker) return `${shownEmoji(message.sticker.emoji ?? "")} Sticker`.trim();
  return message.text ?? (message.photo ? "Photo" : "Message");
}

/** Telegram names some emoji without the variation selector that makes them coloured; add it for the eye only. */
export function shownEmoji(emoji) {
  return emoji.replace(/[\u2764\u26a1\u270d\u2603\u{1f54a}\u2640\u2642](?!\ufe0f)/gu, "$&\ufe0f");
}

export function sameEmoji(one, other) {
  return one.replaceAll("\ufe0f", "") === other.replaceAll("\ufe0f", "");
}

function initials(name) {
  const words = name.match(/[\p{L}\p{N}]+/gu) ?? ["?"];
  return words.slice(0, 2).map((word) => [...word][0].toUpperCase()).join("");
}

/** One of six colours, the same for the same id everywhere. */
export function hueOf(id) {
  return Math.abs(id) % 6;
}

export function avatarOf(store, userId, size = "") {
  if (userId === store.bot.id) return h("span", { class: `avatar bot ${size}`, "aria-hidden": "true" }, icon("bot"));
  const name = senderName(store, userId);
  return h("span", { class: `avatar hue-${hueOf(userId)} ${size}`, "aria-hidden": "true" }, initials(name));
}

export function chatAvatar(store, chat) {
  if (chat.type === "private") return avatarOf(store, store.bot.id);
  return h("span", { class: `avatar group hue-${hueOf(chat.id)}`, "aria-hidden": "true" }, initials(chatTitle(store, chat)));
}
