/** What the stand-in's live events do to the store. */

import { announceMessage, announceReactions } from "./announcer.js";

const TYPING_MS = 5000; // a chat action shows for five seconds unless a message comes

export function applyEvent(event, page) {
  const { store } = page;
  switch (event.type) {
    case "message": case "edited": return arrived(event, page);
    case "deleted": return store.patch(event.chat_id, event.message_id, { deleted: true });
    case "reactions":
      announceReactions(event, store);
      return store.patch(event.chat_id, event.message_id, { reactions: event.reactions });
    case "callback_answer": return page.presses.answered(event);
    case "typing": return startTyping(event.chat_id, store);
    case "chat": return page.chatChanged(event.chat);
    case "commands": return page.commandMenu.refresh();
    case "limits":
      store.limits = event.limits;
      return store.changed();
    case "mode":
      store.mode = event.mode;
      return store.changed();
    case "faults":
      store.faults = event.faults;
      return store.changed();
    case "calls": return page.faults.called();
    default: return page.connection.reload(); // something larger changed: a reset, a new group, a deleted set
  }
}

function arrived({ type, message }, page) {
  const { store } = page;
  announceMessage(message, store, type === "edited");
  stopTyping(message.chat_id, store);
  store.upsert(message);
  const newChat = store.chatFor(message.chat_id) === null;
  const newTopic = message.service !== undefined;
  if (newChat || newTopic) page.connection.reload();
}

function startTyping(chatId, store) {
  clearTimeout(store.typing.get(chatId));
  store.typing.set(chatId, setTimeout(() => stopTyping(chatId, store), TYPING_MS));
  store.changed();
}

function stopTyping(chatId, store) {
  clearTimeout(store.typing.get(chatId));
  if (store.typing.delete(chatId)) store.changed();
}
