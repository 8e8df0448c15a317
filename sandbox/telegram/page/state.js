/** What the page knows, and who looks at it. Views read it and redraw when it says that it changed. */

import { ReadMarks } from "./read_marks.js";

export class Store {
  constructor() {
    this.bot = { id: 0, first_name: "Bot", username: "" };
    this.people = [];
    this.chats = new Map();
    this.messages = new Map(); // chat id → its messages, oldest first
    this.sets = [];
    this.looseStickers = [];
    this.permitted = [];
    this.faults = []; // planned failures
    this.limits = null; // Telegram's rates while they are enforced
    this.commands = []; // the bot's command menu for this person in this chat
    this.methods = []; // the Bot API's, as far as the stand-in knows it
    this.mode = "none";
    this.status = "connecting";
    this.loaded = false;
    this.personId = null;
    this.chatId = null;
    this.topicId = null; // null = all topics of a forum
    this.replyTo = null;
    this.editing = null;
    this.dismissed = new Set(); // questions this person has waved away, see prompts.js
    this.hidden = new Set(); // "person:chat" where an administrator writes anonymously
    this.typing = new Map(); // chat id → timer
    this.marks = new ReadMarks();
    this.listeners = [];
    this.pending = false;
  }

  onChange(listener) {
    this.listeners.push(listener);
  }

  /** Redraw soon; several changes in one turn are drawn once. */
  changed() {
    if (this.pending) return;
    this.pending = true;
    queueMicrotask(() => {
      this.pending = false;
      for (const listener of this.listeners) listener();
    });
  }

  replaceAll(state) {
    this.bot = state.bot;
    this.people = state.people;
    this.chats = new Map(state.chats.map((chat) => [chat.id, chat]));
    this.messages = new Map();
    for (const message of state.messages) this.listFor(message.chat_id).push(message);
    for (const list of this.messages.values()) list.sort((a, b) => a.message_id - b.message_id);
    this.sets = state.sets;
    this.looseStickers = state.loose_stickers;
    this.permitted = state.reactions_permitted;
    this.faults = state.faults;
    this.limits = state.limits;
    this.methods = state.methods;
    this.mode = state.mode;
    this.loaded = true;
    this.marks.rebase(new Map([...this.messages.keys()].map((id) => [id, this.lastId(id)])));
    this.changed();
  }

  listFor(chatId) {
    if (!this.messages.has(chatId)) this.messages.set(chatId, []);
    return this.messages.get(chatId);
  }

  lastId(chatId) {
    return this.messages.get(chatId)?.at(-1)?.message_id ?? 0;
  }

  upsert(message) {
    const list = this.listFor(message.chat_id);
    let at = list.length;
    while (at > 0 && list[at - 1].message_id > message.message_id) at -= 1;
    const known = at > 0 && list[at - 1].message_id === message.message_id;
    if (known) list[at - 1] = message;
    else list.splice(at, 0, message);
    this.changed();
  }

  /** The answer to one's own sending may arrive after newer events of that message: then it is old news. */
  addIfNew(message) {
    if (!this.message(message.chat_id, message.message_id)) this.upsert(message);
  }

  patch(chatId, messageId, fields) {
    const known = this.message(chatId, messageId);
    if (known) this.upsert({ ...known, ...fields });
  }

  message(chatId, messageId) {
    return this.messages.get(chatId)?.find((one) => one.message_id === messageId) ?? null;
  }

  get person() {
    return this.people.find((one) => one.id === this.personId) ?? null;
  }

  get chat() {
    return this.chatId === null ? null : this.chatFor(this.chatId);
  }

  /** A chat by id; the private chat exists for its person even before the first message. */
  chatFor(chatId) {
    const known = this.chats.get(chatId);
    if (known) return known;
    const isPerson = this.people.some((one) => one.id === chatId);
    return isPerson ? { id: chatId, type: "private", members: [chatId, this.bot.id] } : null;
  }

  get place() {
    return `${this.personId}:${this.chatId}`;
  }

  /** Administrators of a group may write as the group. */
  get mayBeAnonymous() {
    return this.chat?.admins?.includes(this.personId) ?? false;
  }

  get isAnonymous() {
    return this.mayBeAnonymous && this.hidden.has(this.place);
  }

  /** Whose reactions this person's are: an anonymous administrator's are the group's. */
  get actor() {
    return this.isAnonymous ? this.chatId : this.personId;
  }

  setAnonymous(wanted) {
    if (wanted) this.hidden.add(this.place);
    else this.hidden.delete(this.place);
    this.changed();
  }

  chatsOf(personId) {
    const groups = [...this.chats.values()].filter((chat) => chat.type !== "private" && chat.members.includes(personId));
    const all = [this.chatFor(personId), ...groups].filter(Boolean);
    return all.sort((a, b) => this.rank(b) - this.rank(a));
  }

  lastMessage(chatId) {
    return this.messages.get(chatId)?.findLast((one) => !one.deleted) ?? null;
  }

  /** The newest chat first; a bot that was never started waits on top. */
  rank(chat) {
    return this.lastMessage(chat.id)?.date ?? (chat.type === "private" ? Infinity : 0);
  }

  unread(personId, chatId) {
    const after = this.marks.get(personId, chatId);
    const list = this.messages.get(chatId) ?? [];
    return list.filter((one) => one.message_id > after && authorOf(one) !== personId && !one.deleted && !one.service).length;
  }

  unreadOf(personId) {
    return this.chatsOf(personId).reduce((sum, chat) => sum + this.unread(personId, chat.id), 0);
  }

  markRead(personId, chatId) {
    this.marks.set(personId, chatId, this.lastId(chatId));
  }

  /** The open chat's messages, of the open topic when one is chosen. */
  visibleMessages() {
    const list = (this.messages.get(this.chatId) ?? []).filter((one) => !one.deleted);
    if (this.topicId === null) return list;
    return list.filter((one) => topicOf(one) === this.topicId);
  }

  lastOwnText() {
    return this.visibleMessages().findLast((one) => authorOf(one) === this.personId && isEditable(one) && !one.service) ?? null;
  }

  permittedIn(chat) {
    return chat?.available_reactions ?? this.permitted;
  }
}

/** Messages of the General topic carry no thread id. */
export const GENERAL_TOPIC = 1;

/** Who wrote a message, also an anonymous one. */
export function authorOf(message) {
  return message.writer ?? message.from;
}

export function isEditable(message) {
  return message.text !== undefined && message.forwarded_from === undefined;
}

export function topicOf(message) {
  return message.thread_id ?? GENERAL_TOPIC;
}
