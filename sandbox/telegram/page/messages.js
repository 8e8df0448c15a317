/** The open chat's messages: what is on the screen follows the store, and the scroll position stays sensible. */

import { byId, fill, h, icon } from "./dom.js";
import { createBubble, serviceLine, updateBubble } from "./bubble.js";
import { moveFocus } from "./focus.js";
import { dayKey, dayName } from "./format.js";
import { authorOf, topicOf } from "./state.js";

const PAGE = 200; // messages drawn at first; "Show earlier" adds as many
const GROUP_SECONDS = 300; // messages of one person this close together form one block
const NEAR_BOTTOM = 60; // px
const CONTROLS = ":is(a[href], button):not(.tool)"; // the toolbar goes from message to message with the focus

export class MessageList {
  constructor(ui) {
    this.ui = ui;
    this.log = byId("log");
    this.button = byId("to-bottom");
    this.nodes = new Map();
    this.shown = null;
    this.limit = PAGE;
    this.stuck = true; // the reader is at the bottom, so new messages scroll in
    this.scrolledTo = 0;
    this.missed = 0;
    this.newest = 0;
    this.log.addEventListener("scroll", () => this.onScroll(), { passive: true });
    this.log.addEventListener("keydown", (event) => this.onKey(event));
    this.log.addEventListener("focusin", (event) => this.rove(event.target.closest(".message")));
    this.button.addEventListener("click", () => this.toBottom(true));
    new ResizeObserver(() => { if (this.stuck) this.toBottom(); }).observe(this.log);
  }

  render() {
    const { store } = this.ui;
    const shown = `${store.personId}:${store.chatId}:${store.topicId}`;
    const switched = shown !== this.shown;
    if (switched) this.startOver(shown);
    const before = this.nodes.size;
    const messages = store.chat ? store.visibleMessages() : [];
    this.place(this.itemsOf(messages), !switched && before > 0);
    this.countMissed(messages, switched);
    this.renderEmpty(messages);
    if (this.stuck) this.toBottom();
    this.keepOneTabStop();
    this.renderButton();
  }

  startOver(shown) {
    this.shown = shown;
    this.nodes.clear();
    this.log.replaceChildren();
    Object.assign(this, { limit: PAGE, stuck: true, missed: 0, newest: 0, scrolledTo: 0 });
  }

  itemsOf(all) {
    const messages = all.slice(-this.limit);
    const items = all.length > messages.length ? [{ key: "earlier", build: () => this.earlierButton() }] : [];
    messages.forEach((message, index) => {
      const previous = messages[index - 1];
      if (!previous || dayKey(previous.date) !== dayKey(message.date)) items.push(dayItem(message));
      items.push(message.service ? serviceItem(message) : this.messageItem(previous, message));
    });
    return items;
  }

  messageItem(previous, message) {
    const { store } = this.ui;
    const own = authorOf(message) === store.personId;
    const view = {
      message,
      own,
      first: !sameBlock(previous, message),
      showNames: store.chat.type !== "private" && (!own || message.writer !== undefined),
      quoted: quotedBy(store, message),
      topicName: this.topicName(message),
    };
    return {
      key: message.message_id,
      build: () => createBubble(view, this.ui),
      update: (node) => updateBubble(node, view, this.ui),
    };
  }

  topicName(message) {
    const { chat, topicId } = this.ui.store;
    if (!chat.is_forum || topicId !== null) return null;
    return chat.topics?.find((topic) => topic.id === topicOf(message))?.name ?? null;
  }

  /** Make the log's children equal the items, touching only what differs. */
  place(items, animate) {
    let cursor = this.log.firstChild;
    const wanted = new Set();
    const focused = this.focusedIndex();
    for (const item of items) {
      wanted.add(item.key);
      const node = this.nodeFor(item, animate);
      if (node === cursor) cursor = cursor.nextSibling;
      else this.log.insertBefore(node, cursor);
    }
    for (const [key, node] of this.nodes) {
      if (wanted.has(key)) continue;
      node.remove();
      this.nodes.delete(key);
    }
    if (focused !== -1 && !this.hasFocus()) this.focusNear(focused);
  }

  articles() {
    return [...this.log.querySelectorAll(".message")];
  }

  hasFocus() {
    return this.log.contains(document.activeElement);
  }

  focusedIndex() {
    return this.articles().indexOf(document.activeElement.closest(".message"));
  }

  /** The message with the focus is gone: the one in its place takes over, so that the keyboard stays in the log. */
  focusNear(index) {
    const all = this.articles();
    (all[Math.min(index, all.length - 1)] ?? this.log).focus();
  }

  nodeFor(item, animate) {
    const known = this.nodes.get(item.key);
    if (known) {
      item.update?.(known);
      return known;
    }
    const node = item.build();
    if (animate) node.classList.add("fresh");
    this.nodes.set(item.key, node);
    return node;
  }

  earlierButton() {
    return h("button", { type: "button", class: "earlier", "data-testid": "earlier", onclick: () => this.showEarlier() }, "Show earlier messages");
  }

  showEarlier() {
    const fromBottom = this.log.scrollHeight - this.log.scrollTop;
    this.limit += PAGE;
    this.stuck = false;
    this.render();
    this.log.scrollTop = this.log.scrollHeight - fromBottom;
  }

  countMissed(messages, switched) {
    const newest = messages.at(-1)?.message_id ?? 0;
    const added = messages.filter((one) => one.message_id > this.newest && authorOf(one) !== this.ui.store.personId);
    if (!switched && !this.stuck) this.missed += added.length;
    this.newest = newest;
  }

  renderEmpty(messages) {
    const box = byId("empty");
    const { store } = this.ui;
    const kind = messages.length > 0 || !store.loaded ? null : `${store.chatId}:${store.topicId}:${store.personId}`;
    box.hidden = kind === null;
    if (kind === null || box.dataset.kind === kind) return;
    box.dataset.kind = kind;
    fill(box, ...emptyParts(store, this.ui));
  }

  /** Only a move upwards lets go of the bottom: a log that shrinks (keyboard, panel) has scrolled nowhere. */
  onScroll() {
    const { scrollTop, scrollHeight, clientHeight } = this.log;
    const near = scrollHeight - scrollTop - clientHeight < NEAR_BOTTOM;
    this.stuck = near || (this.stuck && scrollTop >= this.scrolledTo);
    this.scrolledTo = scrollTop;
    if (this.stuck) this.missed = 0;
    this.renderButton();
  }

  renderButton() {
    const count = byId("to-bottom-count");
    this.button.hidden = this.stuck;
    count.hidden = this.missed === 0;
    count.textContent = String(this.missed);
    this.button.setAttribute("aria-label", this.missed > 0 ? `To the newest message, ${this.missed} new` : "To the newest message");
  }

  toBottom(smoothly = false) {
    this.stuck = true;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.log.scrollTo({ top: this.log.scrollHeight, behavior: smoothly && !calm ? "smooth" : "instant" });
  }

  /** Show a message of this chat, wherever it is, and mark it for a moment. */
  jumpTo(messageId) {
    const { store } = this.ui;
    if (!store.visibleMessages().some((one) => one.message_id === messageId)) store.topicId = null;
    const list = store.visibleMessages();
    const index = list.findIndex((one) => one.message_id === messageId);
    if (index === -1) return;
    this.render();
    this.limit = Math.max(this.limit, list.length - index + 20);
    this.stuck = false;
    this.render();
    const node = this.nodes.get(messageId);
    node.scrollIntoView({ block: "center" });
    node.focus({ preventScroll: true });
    node.classList.add("flash");
    node.addEventListener("animationend", () => node.classList.remove("flash"), { once: true });
  }

  /** On a message: Enter and the menu key open its menu, arrows go on, Escape goes back; inside it Escape goes out. */
  onKey(event) {
    const article = event.target.closest(".message");
    if (!article) return;
    const inside = event.target !== article;
    const wantsMenu = event.key === "ContextMenu" || (event.key === "F10" && event.shiftKey) || (event.key === "Enter" && !inside);
    if (event.target.matches("a") && wantsMenu) return; // the browser's menu knows more about a link
    if (wantsMenu) {
      event.preventDefault();
      this.ui.openMenu(article, event.target);
    } else if (event.key === "Escape") this.leave(event, inside ? article : byId("composer-text"));
    else moveFocus(event, this.articles());
  }

  leave(event, target) {
    if (target.matches(".message")) event.stopPropagation();
    target.focus();
  }

  /** One message at a time is a tab stop, with what is inside it; the arrow keys go through the others. */
  rove(article) {
    if (!article) return;
    for (const one of this.articles()) {
      one.tabIndex = one === article ? 0 : -1;
      for (const control of one.querySelectorAll(CONTROLS)) control.tabIndex = one.tabIndex;
    }
  }

  /** After a redraw: the message with the focus, else the newest. Without any, the log itself, so that it scrolls. */
  keepOneTabStop() {
    const focused = this.hasFocus() ? document.activeElement.closest(".message") : null;
    const article = focused ?? this.articles().at(-1);
    this.log.tabIndex = article ? -1 : 0;
    this.rove(article);
  }
}

function sameBlock(one, other) {
  return Boolean(one && other) && !one.service && !other.service && one.from === other.from && one.writer === other.writer
    && topicOf(one) === topicOf(other) && dayKey(one.date) === dayKey(other.date) && other.date - one.date < GROUP_SECONDS;
}

/** The answered message; the first message of a topic "answers" the topic's creation, which nobody wants quoted. */
function quotedBy(store, message) {
  const quoted = message.reply_to ? store.message(message.chat_id, message.reply_to) : null;
  return quoted && !quoted.deleted ? quoted : null;
}

function dayItem(message) {
  const name = dayName(message.date);
  return { key: `day ${dayKey(message.date)} ${name}`, build: () => h("div", { class: "day", role: "separator", "aria-label": name }, h("span", {}, name)) };
}

function serviceItem(message) {
  return { key: `service ${message.message_id} ${message.service}`, build: () => serviceLine(message) };
}

function emptyParts(store, ui) {
  if (!store.chat) return [icon("plug"), h("p", { class: "empty-title" }, "Pick a chat"), h("p", {}, "Everything you write here reaches the bot.")];
  if (store.chat.type !== "private") return [icon("smile"), h("p", { class: "empty-title" }, "Nothing here yet"), h("p", {}, "Say hello or send a sticker.")];
  return [
    icon("bot"),
    h("p", { class: "empty-title" }, store.bot.first_name),
    h("p", {}, "Press Start, send a sticker or paste a link to a sticker set."),
    h("button", { type: "button", class: "primary", "data-testid": "start", onclick: () => ui.runCommand("/start") }, "Start"),
  ];
}
