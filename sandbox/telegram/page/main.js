/** Puts the page together: the store, the views on it, the address and the live connection. */

import { Actions } from "./actions.js";
import { ChatHeader } from "./chat_header.js";
import { ChatList } from "./chat_list.js";
import { CommandMenu } from "./command_menu.js";
import { Composer } from "./composer.js";
import { byId } from "./dom.js";
import { applyEvent } from "./events.js";
import { FaultPanel } from "./fault_panel.js";
import { MessageMenu } from "./message_menu.js";
import { MessageList } from "./messages.js";
import { showConnection, toast } from "./notices.js";
import { Presses } from "./presses.js";
import { offerPrompt } from "./prompts.js";
import { readRoute, writeRoute } from "./route.js";
import { Store } from "./state.js";
import { StickerPanel } from "./stickers.js";
import { keepConnected } from "./stream.js";

const NARROW = "(max-width: 760px)";

/** What the views may ask of the page and of each other. */
class Page {
  constructor() {
    this.store = new Store();
    this.presses = new Presses(this.store);
    this.actions = new Actions(this.store, this.presses);
    this.messages = new MessageList(this);
    this.menu = new MessageMenu(this);
    this.stickers = new StickerPanel(this);
    this.composer = new Composer(this);
    this.commandMenu = new CommandMenu(this.store);
    this.chatList = new ChatList(this);
    this.faults = new FaultPanel(this);
    this.views = [this.commandMenu, this.chatList, new ChatHeader(this), this.messages, this.composer, this.stickers, this.faults];
    this.menu.attach(byId("log"));
    this.actions.afterSend = () => this.messages.toBottom();
    this.store.onChange(() => this.render());
    addEventListener("popstate", () => this.follow(readRoute()));
    addEventListener("hashchange", () => this.follow(readRoute()));
    document.addEventListener("visibilitychange", () => this.store.changed());
    matchMedia(NARROW).addEventListener("change", () => this.store.changed());
    addEventListener("keydown", (event) => this.onKey(event));
    byId("skip-link").addEventListener("click", (event) => this.skip(event));
  }

  start() {
    this.connection = keepConnected({
      onState: (state) => { this.loaded(state); },
      onEvent: (event) => applyEvent(event, this),
      onStatus: (status) => { this.store.status = status; showConnection(status); this.store.changed(); },
    });
  }

  loaded(state) {
    this.store.replaceAll(state);
    this.follow(readRoute(), true);
    this.faults.called();
  }

  render() {
    const { store } = this;
    byId("skip-link").hidden = store.chat === null;
    document.body.dataset.pane = store.chat ? "chat" : "list";
    if (store.chat && !document.hidden) store.markRead(store.personId, store.chatId);
    offerPrompt(store);
    for (const view of this.views) view.render();
  }

  /** Show what the address says; what it does not say is chosen: the first person, on a wide window their bot chat. */
  follow({ as, chat, topic }, first = false) {
    const { store } = this;
    if (!store.loaded) return;
    const person = store.people.find((one) => one.id === as) ?? store.people[0];
    const mine = person ? store.chatsOf(person.id).some((one) => one.id === chat) : false;
    const fallback = matchMedia(NARROW).matches ? null : person?.id ?? null;
    this.goTo({ as: person?.id ?? null, chat: mine ? chat : fallback, topic }, true);
    if (first && store.chat) this.composer.focusUnlessTouch();
  }

  goTo({ as, chat, topic }, replace = false) {
    const { store } = this;
    const moved = store.chatId !== chat || store.personId !== as;
    Object.assign(store, { personId: as, chatId: chat, topicId: chat === null ? null : topic });
    if (moved) Object.assign(store, { replyTo: null, editing: null });
    if (moved) this.stickers.close();
    writeRoute({ as, chat, topic: store.topicId }, replace);
    store.changed();
  }

  openChat(chat) {
    this.goTo({ as: this.store.personId, chat, topic: null });
    this.composer.focusUnlessTouch();
  }

  /** The focus goes back to the chat's row, after the redraw that shows it. */
  closeChat() {
    const { chatId, personId } = this.store;
    this.goTo({ as: personId, chat: null, topic: null });
    queueMicrotask(() => this.chatList.focusRow(chatId));
  }

  /** The address holds person and chat: following the link would choose others. */
  skip(event) {
    event.preventDefault();
    byId("composer-text").focus();
  }

  /** Other people are in a chat, or others administer it. Who is no longer in the open one goes to the bot. */
  chatChanged(chat) {
    const { store } = this;
    store.chats.set(chat.id, chat);
    this.commandMenu.refresh();
    if (store.chatId === chat.id && !chat.members.includes(store.personId)) this.switchPerson(store.personId);
  }

  openTopic(topic) {
    this.goTo({ as: this.store.personId, chat: this.store.chatId, topic }, true);
  }

  /** Another person looks at the same group when they are in it, else at their own chat with the bot. */
  switchPerson(as) {
    const { chat, topicId } = this.store;
    const stays = chat !== null && chat.type !== "private" && chat.members.includes(as);
    this.goTo({ as, chat: chat === null ? null : stays ? chat.id : as, topic: stays ? topicId : null });
    byId("switcher").focus();
  }

  messageOf(article) {
    const [chatId, messageId] = article.dataset.message.split(":").map(Number);
    return this.store.message(chatId, messageId);
  }

  openMenu(article, back = article) {
    this.menu.open(this.messageOf(article), article.querySelector(".bubble").getBoundingClientRect(), back);
  }

  jumpTo(messageId) {
    this.messages.jumpTo(messageId);
  }

  runCommand(text) {
    this.actions.send({ text });
  }

  mention(text) {
    this.insertText(text);
  }

  insertText(text) {
    this.composer.insert(text);
  }

  focusComposer() {
    this.composer.focusUnlessTouch();
  }

  /** A sticker or a set's link was pressed: show the set here when it is known; a link leads on otherwise. */
  openSet(name, event) {
    const known = this.stickers.knownSet(name);
    if (known) {
      event.preventDefault();
      this.stickers.open(known);
    } else if (event.currentTarget.tagName === "BUTTON") toast("This sticker set does not exist any more.");
  }

  /** Escape closes the nearest thing: the sticker panel, then a reply or an edit. */
  escape() {
    if (this.stickers.close(true)) return;
    if (this.store.replyTo ?? this.store.editing) this.actions.cancelContext();
  }

  onKey(event) {
    const inPanel = event.target.closest?.("[popover], dialog, #sticker-panel, #composer-text, #fault-panel");
    if (event.key === "Escape" && !inPanel) this.escape();
  }
}

new Page().start();
