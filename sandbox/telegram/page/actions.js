/** What a person can do, each with its call to the stand-in and its error shown. */

import { deleteMessage, editMessage, forwardMessage, sendMessage, setReactions } from "./api.js";
import { sameEmoji } from "./format.js";
import { toast } from "./notices.js";
import { dismiss } from "./prompts.js";
import { GENERAL_TOPIC } from "./state.js";

export class Actions {
  constructor(store, presses) {
    this.store = store;
    this.presses = presses;
    this.afterSend = () => {};
  }

  /** Where a new message goes: chat, sender, the reply and its topic. */
  address() {
    const { chatId, personId, replyTo, topicId } = this.store;
    const answered = replyTo === null ? null : this.store.message(chatId, replyTo);
    const thread = topicId ?? answered?.thread_id ?? null;
    return {
      chat_id: chatId,
      from: personId,
      ...this.disguise(),
      ...(replyTo === null ? {} : { reply_to: replyTo }),
      ...(thread === null || thread === GENERAL_TOPIC ? {} : { thread_id: thread }),
    };
  }

  disguise() {
    return this.store.isAnonymous ? { anonymous: true } : {};
  }

  /** True when it was sent; otherwise the reason was shown. */
  async send(content) {
    const address = this.address();
    return this.attempt("Not sent", async () => {
      const message = await sendMessage({ ...address, ...content });
      this.store.replyTo = null;
      this.store.addIfNew(message);
      this.store.markRead(address.from, address.chat_id);
      this.store.changed();
      this.afterSend();
    });
  }

  async forward(message, chatId) {
    return this.attempt("Not forwarded", async () => {
      const source = { chat_id: message.chat_id, message_id: message.message_id };
      this.store.addIfNew(await forwardMessage({ ...source, from: this.store.personId, to_chat: chatId }));
      this.store.markRead(this.store.personId, chatId);
    });
  }

  async edit(message, text) {
    return this.attempt("Not changed", async () => {
      const place = { chat_id: message.chat_id, message_id: message.message_id };
      this.store.upsert(await editMessage({ ...place, from: this.store.personId, text }));
    });
  }

  async remove(message) {
    return this.attempt("Not deleted", async () => {
      await deleteMessage({ chat_id: message.chat_id, message_id: message.message_id });
      this.store.patch(message.chat_id, message.message_id, { deleted: true });
    });
  }

  /** Put the emoji, or take it away when it is there. A person has one reaction on a message. */
  async toggleReaction(message, emoji) {
    const me = this.store.actor;
    const mine = message.reactions.some((one) => sameEmoji(one.emoji, emoji) && one.by.includes(me));
    const place = { chat_id: message.chat_id, message_id: message.message_id };
    return this.attempt("No reaction", async () => {
      const { reactions } = await setReactions({ ...place, ...this.disguise(), from: this.store.personId, emoji: mine ? [] : [emoji] });
      this.store.patch(message.chat_id, message.message_id, { reactions });
    });
  }

  startReply(message) {
    Object.assign(this.store, { replyTo: message.message_id, editing: null });
    this.store.changed();
  }

  startEdit(message) {
    Object.assign(this.store, { editing: message.message_id, replyTo: null });
    this.store.changed();
  }

  cancelContext() {
    dismiss(this.store);
    Object.assign(this.store, { editing: null, replyTo: null });
    this.store.changed();
  }

  async attempt(failure, work) {
    try {
      await work();
      return true;
    } catch (error) {
      toast(`${failure}: ${error.message}`, "error");
      return false;
    }
  }
}
