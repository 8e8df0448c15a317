/** Buttons that were pressed and wait for the bot's answer. */

import { pressButton } from "./api.js";
import { showAlert, toast } from "./notices.js";

const PATIENCE_MS = 30_000; // Telegram's clients stop turning the spinner after about as long

export class Presses {
  constructor(store) {
    this.store = store;
    this.waiting = new Map(); // key of the button → {queryId, timer}
    this.early = new Map(); // answers that came before the press itself was acknowledged
  }

  keyOf(message, data) {
    return `${this.store.personId}:${message.chat_id}:${message.message_id}:${data}`;
  }

  isWaiting(message, data) {
    return this.waiting.has(this.keyOf(message, data));
  }

  async press(message, data) {
    const key = this.keyOf(message, data);
    if (this.waiting.has(key)) return;
    this.waiting.set(key, { queryId: null, timer: setTimeout(() => this.giveUp(key), PATIENCE_MS) });
    this.store.changed();
    try {
      const place = { chat_id: message.chat_id, message_id: message.message_id };
      const { callback_query_id: id } = await pressButton({ ...place, from: this.store.personId, data });
      this.acknowledge(key, id);
    } catch (error) {
      this.finish(key);
      toast(error.message, "error");
    }
  }

  acknowledge(key, queryId) {
    const entry = this.waiting.get(key);
    if (entry) entry.queryId = queryId;
    const answer = this.early.get(queryId);
    if (answer) this.answered(answer);
  }

  /** A callback_answer event. Answers to presses made in another window are not ours to show. */
  answered(event) {
    const found = [...this.waiting].find(([, entry]) => entry.queryId === event.callback_query_id);
    if (!found) {
      const expected = [...this.waiting.values()].some((entry) => entry.queryId === null);
      if (expected) this.early.set(event.callback_query_id, event);
      return;
    }
    this.early.delete(event.callback_query_id);
    this.finish(found[0]);
    if (!event.text) return;
    if (event.show_alert) showAlert(this.store.bot.first_name, event.text);
    else toast(event.text);
  }

  giveUp(key) {
    this.finish(key);
    toast("The bot has not answered the button yet.");
  }

  finish(key) {
    clearTimeout(this.waiting.get(key)?.timer);
    this.waiting.delete(key);
    this.store.changed();
  }
}
