/** Questions of the bot that want an answer by reply (ForceReply): the reply is begun for whom they ask. */

import { authorOf } from "./state.js";

/** Begin the reply to the newest question that this person has neither answered nor waved away. */
export function offerPrompt(store) {
  if (store.chat === null || store.replyTo !== null || store.editing !== null) return;
  const question = openQuestion(store);
  if (question !== null && !store.dismissed.has(keyOf(store, question.message_id))) store.replyTo = question.message_id;
}

/** The person has cancelled: a question that was being answered is not asked again. */
export function dismiss(store) {
  if (store.replyTo !== null) store.dismissed.add(keyOf(store, store.replyTo));
}

function keyOf(store, messageId) {
  return `${store.place}:${messageId}`;
}

function openQuestion(store) {
  const list = store.visibleMessages();
  const newest = list.findLast((one) => asks(one, store.personId)) ?? null;
  const answered = list.some((one) => one.reply_to === newest?.message_id && authorOf(one) === store.personId);
  return answered ? null : newest;
}

function asks({ force_reply: asked }, personId) {
  return asked !== undefined && (asked.to === undefined || asked.to.includes(personId));
}
