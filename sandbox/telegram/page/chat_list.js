/** The left pane: the person switcher and that person's chats. */

import { byId, fill, h, icon } from "./dom.js";
import { oneTabStop, roveIn } from "./focus.js";
import { avatarOf, chatAvatar, chatTitle, listTimeOf, personName, senderName, summaryOf } from "./format.js";
import { authorOf } from "./state.js";

export class ChatList {
  constructor(ui) {
    this.ui = ui;
    this.list = byId("chat-list");
    this.switcher = byId("switcher");
    this.people = byId("people");
    this.people.addEventListener("toggle", (event) => this.onToggle(event.newState === "open"));
    roveIn(this.people, () => [...this.people.children]);
    roveIn(this.list, () => this.rows());
  }

  render() {
    const { store } = this.ui;
    if (!store.person) return;
    this.renderSwitcher(store);
    const rows = store.chatsOf(store.personId).map((chat) => this.rowView(chat));
    const signature = JSON.stringify([rows, store.personId]);
    if (signature === this.signature) return;
    this.signature = signature;
    const focused = this.list.contains(document.activeElement) ? document.activeElement.dataset.chat : null;
    fill(this.list, rows.map((row) => this.row(row)));
    oneTabStop(this.rows(), this.list.querySelector('[aria-current="true"]'));
    if (focused) this.focusRow(focused);
  }

  rows() {
    return [...this.list.querySelectorAll("button")];
  }

  /** Focus a chat's row; without that chat, the row that Tab would stop at. */
  focusRow(chatId) {
    (this.list.querySelector(`[data-chat="${chatId}"]`) ?? this.list.querySelector('[tabindex="0"]'))?.focus();
  }

  rowView(chat) {
    const { store } = this.ui;
    const last = store.lastMessage(chat.id);
    const title = chatTitle(store, chat);
    const typing = store.typing.has(chat.id);
    const unread = store.unread(store.personId, chat.id);
    return { id: chat.id, title, preview: this.preview(chat, last), typing, time: last ? listTimeOf(last.date) : "", unread, open: chat.id === store.chatId };
  }

  preview(chat, last) {
    const { store } = this.ui;
    if (!last) return { author: null, text: chat.type === "private" ? "Press to start" : "No messages yet" };
    const named = chat.type !== "private" && !last.service;
    if (authorOf(last) === store.personId && !last.service) return { author: "You", text: summaryOf(last) };
    return { author: named ? senderName(store, last.from).split(" ")[0] : null, text: summaryOf(last) };
  }

  row(view) {
    const { store } = this.ui;
    const label = view.unread > 0 ? h("span", { class: "badge", "data-testid": "unread" }, String(view.unread), h("span", { class: "visually-hidden" }, " unread")) : null;
    const preview = view.typing
      ? h("span", { class: "preview is-typing" }, "typing…")
      : h("span", { class: "preview" }, view.preview.author && h("span", { class: "author" }, `${view.preview.author}: `), view.preview.text);
    return h("li", {}, h("button", {
      type: "button", class: "chat-row", "data-chat": view.id, "aria-current": view.open ? "true" : null, onclick: () => this.ui.openChat(view.id),
    },
    chatAvatar(store, store.chatFor(view.id)),
    h("span", { class: "row-title" }, view.title), h("span", { class: "row-time" }, view.time), preview, label));
  }

  renderSwitcher(store) {
    const unread = this.unreadElsewhere();
    const signature = JSON.stringify([store.people, store.personId, unread]);
    if (signature === this.peopleSignature) return;
    this.peopleSignature = signature;
    fill(this.switcher, avatarOf(store, store.personId),
      h("span", { class: "switcher-text" }, h("span", { class: "switcher-label" }, "You are "), h("strong", {}, store.person.first_name)), icon("chevron"),
      unread > 0 && h("span", { class: "dot" }, h("span", { class: "visually-hidden" }, `${unread} unread for the others`)));
    const wasIn = this.people.contains(document.activeElement);
    fill(this.people, store.people.map((person) => this.personItem(person)));
    oneTabStop([...this.people.children], this.people.querySelector('[aria-checked="true"]'));
    if (wasIn) this.onToggle(true);
  }

  unreadElsewhere() {
    const { store } = this.ui;
    return store.people.filter((one) => one.id !== store.personId).reduce((sum, one) => sum + store.unreadOf(one.id), 0);
  }

  personItem(person) {
    const { store } = this.ui;
    const current = person.id === store.personId;
    const unread = store.unreadOf(person.id);
    const notes = [`@${person.username}`, person.language_code].filter(Boolean).join(" · ");
    return h("button", {
      type: "button", role: "menuitemradio", class: "person", "aria-checked": String(current), "data-person": person.id,
      onclick: () => { this.people.hidePopover(); this.ui.switchPerson(person.id); },
    },
    avatarOf(store, person.id),
    h("span", { class: "person-name" }, personName(person), person.is_admin && h("span", { class: "admin-mark" }, "admin")),
    h("span", { class: "person-notes" }, notes),
    unread > 0 && !current ? h("span", { class: "badge" }, String(unread)) : current && icon("check"));
  }

  onToggle(open) {
    this.switcher.setAttribute("aria-expanded", String(open));
    if (open) this.people.querySelector('[aria-checked="true"]')?.focus();
  }
}
