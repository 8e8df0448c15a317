/** The message field: sending, replying, editing, drafts. */

import { Suggestions } from "./commands.js";
import { byId, fill, h, icon, isTouch } from "./dom.js";
import { senderName, summaryOf } from "./format.js";

const TALLEST = 160; // px; a longer text scrolls inside the field

export class Composer {
  constructor(ui) {
    this.ui = ui;
    this.field = byId("composer-text");
    this.drafts = new Map();
    this.place = null;
    this.context = "null";
    this.suggestions = new Suggestions(this.field, () => ui.store.commands, (command, complete) => this.take(command, complete));
    this.menu = byId("commands-toggle");
    this.disguise = byId("anonymous-toggle");
    this.menu.addEventListener("click", () => this.toggleCommands());
    this.menu.addEventListener("pointerdown", (event) => event.preventDefault()); // the field keeps the focus
    this.disguise.addEventListener("click", () => ui.store.setAnonymous(!ui.store.isAnonymous));
    byId("composer").addEventListener("submit", (event) => { event.preventDefault(); this.submit(); });
    this.field.addEventListener("input", () => this.onInput());
    this.field.addEventListener("keydown", (event) => this.onKey(event));
    this.field.addEventListener("blur", () => this.suggestions.close());
  }

  render() {
    const { store } = this.ui;
    byId("compose-area").hidden = store.chat === null;
    if (store.place !== this.place) this.moveTo(store.place);
    this.renderContext(store);
    this.field.placeholder = placeholderIn(store);
    this.menu.hidden = store.commands.length === 0;
    this.disguise.hidden = !store.mayBeAnonymous;
    this.disguise.setAttribute("aria-pressed", String(store.isAnonymous));
  }

  /** All commands, whatever is in the field; pressed again, none. */
  toggleCommands() {
    const wasOpen = this.suggestions.open;
    this.field.focus();
    if (wasOpen) this.suggestions.close();
    else this.suggestions.update("/");
  }

  moveTo(place) {
    if (this.place !== null && this.context === "null") this.drafts.set(this.place, this.field.value);
    this.place = place;
    this.setText(this.drafts.get(place) ?? "");
  }

  renderContext(store) {
    const { editing, replyTo, chatId } = store;
    const message = editing ?? replyTo ? store.message(chatId, editing ?? replyTo) : null;
    const context = JSON.stringify(message && [editing !== null, message.message_id]);
    if (context === this.context) return;
    const wasEditing = this.context.startsWith("[true");
    this.context = context;
    const strip = byId("compose-context");
    strip.hidden = message === null;
    if (wasEditing && editing === null) this.setText(this.drafts.get(this.place) ?? "");
    if (message === null) return;
    fill(strip, ...this.contextParts(message, editing !== null));
    if (editing !== null) this.beginEdit(message);
    if (!message.force_reply || isFocusFree()) this.field.focus();
  }

  beginEdit(message) {
    this.drafts.set(this.place, this.field.value);
    this.setText(message.text);
    this.field.setSelectionRange(message.text.length, message.text.length);
  }

  contextParts(message, editing) {
    const title = editing ? "Edit message" : `Reply to ${senderName(this.ui.store, message.from)}`;
    const cancel = () => { this.ui.actions.cancelContext(); this.field.focus(); };
    return [
      icon(editing ? "edit" : "reply"),
      h("div", { class: "context-text" }, h("strong", {}, title), h("span", {}, summaryOf(message))),
      h("button", { type: "button", class: "icon-button", "aria-label": "Cancel", "data-testid": "cancel-context", onclick: cancel }, icon("close")),
    ];
  }

  onInput() {
    this.grow();
    this.suggestions.update(this.field.value);
  }

  onKey(event) {
    if (event.isComposing || this.suggestions.onKey(event)) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.submit();
    } else if (event.key === "Escape") this.ui.escape();
    else if (event.key === "ArrowUp" && this.field.value === "") this.editLast(event);
  }

  editLast(event) {
    const last = this.ui.store.lastOwnText();
    if (!last) return;
    event.preventDefault();
    this.ui.actions.startEdit(last);
  }

  /** A command of the list: sent at once, whatever else is being written stays; or completed in the field. */
  async take(command, complete = false) {
    const { place } = this;
    if (complete || this.field.value.startsWith("/")) this.setText(complete ? `${command.name} ` : "");
    this.suggestions.close();
    this.field.focus();
    if (!complete && !await this.ui.actions.send({ text: command.name })) this.giveBack(place, command.name);
  }

  async submit() {
    const text = this.field.value.trim();
    if (text === "" || this.ui.store.chat === null) return;
    const { store, actions } = this.ui;
    this.suggestions.close();
    if (store.editing !== null) {
      const message = store.message(store.chatId, store.editing);
      if (message.text === text || await actions.edit(message, text)) actions.cancelContext();
      return;
    }
    const place = this.place;
    this.setText("");
    this.drafts.delete(place);
    if (!await actions.send({ text })) this.giveBack(place, text);
  }

  /** A text that could not be sent stays in the field of the chat it was written in. */
  giveBack(place, text) {
    if (place === this.place && this.field.value === "") this.setText(text);
    else this.drafts.set(place, text);
  }

  /** Put something at the cursor, with spaces around where needed. */
  insert(text) {
    const { value, selectionStart: at } = this.field;
    const before = value.slice(0, at);
    const space = before === "" || /\s$/.test(before) ? "" : " ";
    this.setText(`${before}${space}${text} ${value.slice(at)}`);
    this.field.focus();
  }

  setText(text) {
    this.field.value = text;
    this.suggestions.close();
    this.grow();
  }

  grow() {
    this.field.style.height = "auto";
    this.field.style.height = `${Math.min(this.field.scrollHeight, TALLEST)}px`;
  }

  /** After the redraw that is already on its way: a field in a hidden pane cannot take the focus. */
  focusUnlessTouch() {
    if (!isTouch()) queueMicrotask(() => this.field.focus());
  }
}

/** What the field says while it is empty: what the bot asks for, else where the message goes. */
function placeholderIn(store) {
  const asked = store.message(store.chatId, store.replyTo)?.force_reply?.placeholder;
  if (asked) return asked;
  const topic = store.chat?.topics?.find((one) => one.id === store.topicId);
  const kind = store.isAnonymous ? "Anonymous message" : "Message";
  if (topic) return `${kind} to ${topic.name}`;
  return store.chat?.is_forum && store.topicId === null ? `${kind} to General` : kind;
}

/** A question that comes by itself takes the focus from nothing but the messages. */
function isFocusFree() {
  return document.activeElement === document.body || byId("log").contains(document.activeElement);
}
