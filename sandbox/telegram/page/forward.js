/** Where to forward a message: the person's chats, in the place of the message's menu. */

import { byId, fill, h } from "./dom.js";
import { oneTabStop, roveIn } from "./focus.js";
import { chatAvatar, chatTitle } from "./format.js";
import { closePanel, openPanel } from "./panels.js";

export function openForward(message, anchor, back, ui) {
  const panel = byId("message-menu");
  const choose = async (chat) => {
    closePanel(panel, back);
    if (await ui.actions.forward(message, chat.id)) ui.openChat(chat.id);
  };
  const { store } = ui;
  const list = h("div", { class: "menu-list" }, store.chatsOf(store.personId).map((chat) => h("button", {
    type: "button", class: "menu-item", "data-forward": chat.id, onclick: () => choose(chat),
  }, chatAvatar(store, chat), chatTitle(store, chat))));
  roveIn(list, () => [...list.children]);
  oneTabStop([...list.children]);
  fill(panel, h("p", { class: "panel-note" }, "Forward to"), list);
  openPanel(panel, anchor);
  list.firstElementChild.focus();
}
