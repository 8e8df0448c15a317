/** What can be done with a message: the small toolbar beside it and the menu (right click, long press, Enter). */

import { byId, fill, h, icon, isTouch } from "./dom.js";
import { joinRows, oneTabStop, roveIn } from "./focus.js";
import { openForward } from "./forward.js";
import { closePanel, openPanel, pointAnchor } from "./panels.js";
import { emojiRow, openReactionPicker, quickReactions } from "./reactions.js";
import { toast } from "./notices.js";
import { authorOf, isEditable } from "./state.js";

const LONG_PRESS_MS = 450;
const FINGER_SLACK = 10; // px a finger may move and still be pressing

export class MessageMenu {
  constructor(ui) {
    this.ui = ui;
    this.toolbar = this.buildToolbar();
    this.press = null;
  }

  /** Listen on the log: one toolbar moves to the message under the pointer or with the focus. */
  attach(log) {
    log.addEventListener("pointerover", (event) => { if (event.pointerType === "mouse") this.showToolbar(event.target); });
    log.addEventListener("focusin", (event) => this.showToolbar(event.target, true));
    log.addEventListener("contextmenu", (event) => this.onContextMenu(event));
    log.addEventListener("pointerdown", (event) => this.startPress(event));
    log.addEventListener("pointermove", (event) => this.movePress(event));
    for (const end of ["pointerup", "pointercancel"]) log.addEventListener(end, () => this.endPress());
    log.addEventListener("scroll", () => this.dropPress(), { passive: true });
  }

  buildToolbar() {
    const tool = (name, label, testId, onclick) => h("button", {
      type: "button", class: "tool", "aria-label": label, title: label, "data-testid": testId, onclick,
    }, icon(name));
    const box = (event) => event.currentTarget.getBoundingClientRect();
    return h("div", { class: "toolbar", "aria-live": "off", role: "group", "aria-label": "Message actions" },
      tool("smile", "React", "react", (event) => openReactionPicker(this.current(), box(event), event.currentTarget, this.ui)),
      tool("reply", "Reply", "reply", () => this.ui.actions.startReply(this.current())),
      tool("more", "More", "more", (event) => this.open(this.current(), box(event), event.currentTarget)));
  }

  current() {
    return this.ui.messageOf(this.toolbar.closest(".message"));
  }

  showToolbar(target, focused = false) {
    const article = target.closest?.(".message");
    if (!article || article.contains(this.toolbar)) return;
    if (!focused && this.toolbar.contains(document.activeElement)) return; // the keyboard is in it
    article.querySelector(".stack").append(this.toolbar);
  }

  onContextMenu(event) {
    const article = event.target.closest(".message");
    if (!article || event.target.closest("a") || String(getSelection()) !== "") return;
    event.preventDefault();
    if (!isTouch()) this.open(this.ui.messageOf(article), pointAnchor(event.clientX, event.clientY), article);
  }

  startPress(event) {
    const article = event.target.closest(".message");
    this.dropPress();
    if (!article || event.pointerType === "mouse") return;
    const timer = setTimeout(() => article.classList.add("held"), LONG_PRESS_MS);
    this.press = { article, timer, x: event.clientX, y: event.clientY };
  }

  movePress(event) {
    if (!this.press) return;
    if (Math.hypot(event.clientX - this.press.x, event.clientY - this.press.y) > FINGER_SLACK) this.dropPress();
  }

  dropPress() {
    clearTimeout(this.press?.timer);
    this.press?.article.classList.remove("held");
    this.press = null;
  }

  /** The menu opens when the finger is lifted: opened earlier, the lifting would count as a press outside of it. */
  endPress() {
    const article = this.press?.article;
    const held = article?.classList.contains("held");
    this.dropPress();
    if (!held) return;
    swallowNextClick();
    setTimeout(() => this.open(this.ui.messageOf(article), article.getBoundingClientRect(), article));
  }

  /** Open the menu for a message; `back` gets the focus when it is closed. */
  open(message, anchor, back) {
    const panel = byId("message-menu");
    const done = () => closePanel(panel, back);
    const quick = h("div", { class: "quick-row" }, quickReactions(message, this.ui, done), this.moreReactions(message, anchor, back));
    const forward = () => openForward(message, anchor, back, this.ui);
    const list = h("div", { class: "menu-list" }, this.items(message, done, forward));
    emojiRow(quick);
    roveIn(list, () => [...list.children]);
    oneTabStop([...list.children]);
    joinRows(quick, list);
    fill(panel, quick, list);
    openPanel(panel, anchor);
    list.firstElementChild.focus();
  }

  moreReactions(message, anchor, back) {
    const open = () => {
      closePanel(byId("message-menu"));
      openReactionPicker(message, anchor, back, this.ui);
    };
    return h("button", { type: "button", class: "emoji-button more", "aria-label": "More reactions", onclick: open }, icon("chevron"));
  }

  items(message, done, forward) {
    const { actions, store } = this.ui;
    const own = authorOf(message) === store.personId;
    const item = (name, label, run, kind = "") => h("button", {
      type: "button", class: `menu-item ${kind}`, "data-action": label.toLowerCase(), onclick: () => { done(); run(); },
    }, icon(name), label);
    return [
      item("reply", "Reply", () => actions.startReply(message)),
      message.text !== undefined && item("copy", "Copy text", () => copy(message.text)),
      item("forward", "Forward", forward),
      own && isEditable(message) && item("edit", "Edit", () => actions.startEdit(message)),
      own && item("trash", "Delete", () => actions.remove(message), "danger"),
    ].filter(Boolean);
  }
}

/** The finger that was lifted after a long press would click what lies under it. */
function swallowNextClick() {
  const swallow = (event) => { event.preventDefault(); event.stopPropagation(); };
  window.addEventListener("click", swallow, { capture: true, once: true });
  setTimeout(() => window.removeEventListener("click", swallow, true), 50);
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    toast("Copied.");
  } catch {
    toast("The browser did not allow copying.", "error");
  }
}
