/** The open chat's header: title, who is in it, the bot's mode, the topics. */

import { byId, fill, h } from "./dom.js";
import { oneTabStop, roveIn } from "./focus.js";
import { chatAvatar, chatSubtitle, chatTitle } from "./format.js";
import { GENERAL_TOPIC } from "./state.js";

const MODES = {
  polling: "The bot fetches its updates (getUpdates).",
  webhook: "Updates are pushed to the bot's webhook.",
  none: "No bot is listening at the moment.",
};

export class ChatHeader {
  constructor(ui) {
    this.ui = ui;
    byId("back").addEventListener("click", () => ui.closeChat());
    roveIn(byId("topics"), () => [...byId("topics").children]);
  }

  render() {
    const { store } = this.ui;
    for (const node of document.querySelectorAll(".mode")) renderMode(node, store);
    byId("chat-head").classList.toggle("vacant", store.chat === null);
    if (store.chat) this.renderNames(store);
    this.renderTopics(store);
    const unread = store.person ? store.unreadOf(store.personId) : 0;
    document.title = `${unread > 0 ? `(${unread}) ` : ""}${store.chat ? chatTitle(store, store.chat) : "Chats"} · Switchboard chat`;
  }

  renderNames(store) {
    fill(byId("chat-avatar"), chatAvatar(store, store.chat));
    byId("chat-title").textContent = chatTitle(store, store.chat);
    const typing = store.typing.has(store.chatId);
    const subtitle = byId("chat-subtitle");
    subtitle.textContent = typing ? "typing…" : chatSubtitle(store, store.chat);
    subtitle.classList.toggle("is-typing", typing);
  }

  renderTopics(store) {
    const bar = byId("topics");
    const topics = store.chat?.is_forum ? store.chat.topics ?? [] : [];
    const signature = JSON.stringify([store.chatId, topics, store.topicId]);
    if (signature === this.signature) return;
    this.signature = signature;
    const focused = bar.contains(document.activeElement);
    bar.hidden = topics.length === 0;
    fill(bar, this.topicButton(null, "All"), topics.map((topic) => this.topicButton(topic.id ?? GENERAL_TOPIC, topic.name)));
    oneTabStop([...bar.children], bar.querySelector('[aria-pressed="true"]'));
    if (focused) bar.querySelector('[aria-pressed="true"]')?.focus();
  }

  topicButton(id, name) {
    const chosen = this.ui.store.topicId === id;
    return h("button", {
      type: "button", class: "topic", "data-topic": id ?? "all", "aria-pressed": String(chosen), onclick: () => this.ui.openTopic(id),
    }, name);
  }
}

function renderMode(node, { mode, status }) {
  const text = status === "online" ? mode : status;
  if (node.dataset.mode === text) return;
  node.dataset.mode = text;
  node.title = MODES[text] ?? "";
  node.textContent = text === "none" ? "no bot" : text;
}
