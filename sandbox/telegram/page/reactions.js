/** Reactions: the chips under a message and the picker. */

import { byId, fill, h, icon } from "./dom.js";
import { columnsOf, joinRows, oneTabStop, roveIn } from "./focus.js";
import { avatarOf, sameEmoji, senderName, shownEmoji } from "./format.js";
import { closePanel, openPanel } from "./panels.js";

const QUICK = ["👍", "👎", "👀", "❤", "🔥", "🎉"];

export function reactionChips(message, ui) {
  const me = ui.store.actor;
  return message.reactions.filter((one) => one.by.length > 0).map((one) => chip(message, one, me, ui));
}

function chip(message, { emoji, by }, me, ui) {
  const mine = by.includes(me);
  const byBot = by.includes(ui.store.bot.id);
  const names = by.map((id) => (id === me ? "you" : senderName(ui.store, id))).join(", ");
  return h("button", {
    type: "button", class: `chip ${mine ? "mine" : ""}`, "data-reaction": emoji, "data-by-bot": byBot || null,
    "aria-pressed": String(mine), "aria-label": `${shownEmoji(emoji)} ${by.length}, from ${names}`, title: names,
    onclick: () => ui.actions.toggleReaction(message, emoji),
  },
  h("span", { class: "emoji" }, shownEmoji(emoji)),
  h("span", { class: "count" }, String(by.length)),
  byBot && avatarOf(ui.store, ui.store.bot.id, "tiny"));
}

/** The quick row: those of the six that the chat permits. */
export function quickReactions(message, ui, done) {
  const permitted = permittedFor(message, ui);
  const quick = QUICK.filter((emoji) => permitted.some((one) => sameEmoji(one, emoji)));
  return emojiButtons(quick, message, ui, done);
}

function permittedFor(message, ui) {
  return ui.store.permittedIn(ui.store.chatFor(message.chat_id));
}

function emojiButtons(list, message, ui, done) {
  const mine = (emoji) => message.reactions.some((one) => sameEmoji(one.emoji, emoji) && one.by.includes(ui.store.actor));
  return list.map((emoji) => h("button", {
    type: "button", class: "emoji-button", "data-reaction": emoji, "aria-pressed": String(mine(emoji)), "aria-label": shownEmoji(emoji),
    onclick: () => { done(); ui.actions.toggleReaction(message, emoji); },
  }, shownEmoji(emoji)));
}

/** Open the picker for a message; `back` gets the focus afterwards. */
export function openReactionPicker(message, anchor, back, ui) {
  const panel = byId("reaction-picker");
  const done = () => closePanel(panel, back);
  const permitted = permittedFor(message, ui);
  if (permitted.length === 0) fill(panel, h("p", { class: "panel-note" }, "Reactions are switched off in this chat."));
  else fill(panel, ...pickerParts(permitted, message, ui, done));
  openPanel(panel, anchor);
  panel.querySelector("button")?.focus();
}

function pickerParts(permitted, message, ui, done) {
  const quick = h("div", { class: "quick-row" }, quickReactions(message, ui, done));
  const grid = h("div", { class: "emoji-grid", id: "all-reactions", hidden: true }, emojiButtons(permitted, message, ui, done));
  const more = h("button", {
    type: "button", class: "emoji-button more", "aria-label": "All reactions", "aria-expanded": "false",
    "aria-controls": "all-reactions", "data-testid": "all-reactions",
    onclick: () => toggleGrid(grid, more),
  }, icon("chevron"));
  quick.append(more);
  const columns = () => columnsOf([...grid.children]);
  emojiRow(quick);
  roveIn(grid, () => [...grid.children], columns);
  oneTabStop([...grid.children]);
  joinRows(quick, grid, columns);
  return [quick, grid];
}

/** A row of emoji buttons: the arrow keys go sideways, Tab stops once. */
export function emojiRow(row) {
  roveIn(row, () => [...row.children], () => row.children.length);
  oneTabStop([...row.children]);
}

function toggleGrid(grid, more) {
  grid.hidden = !grid.hidden;
  more.setAttribute("aria-expanded", String(!grid.hidden));
  if (!grid.hidden) grid.firstElementChild?.focus();
  keepInWindow(byId("reaction-picker"));
}

/** The opened grid makes the panel taller: move it up so far that it stays inside the window. */
function keepInWindow(panel) {
  const over = panel.getBoundingClientRect().bottom - (window.innerHeight - 6);
  if (over > 0 && panel.style.top) panel.style.top = `${Math.max(6, parseInt(panel.style.top, 10) - over)}px`;
}
