/** How far each person has read each chat. Kept for the browser tab, so that a reload does not lose it. */

const KEY = "switchboard-read-marks";

export class ReadMarks {
  constructor(storage = safeSessionStorage()) {
    this.storage = storage;
    const saved = JSON.parse(storage?.getItem(KEY) ?? "null");
    this.first = saved ? new Map(saved.first) : null; // what was there at the first look counts as read
    this.marks = new Map(saved?.marks ?? []);
  }

  /** `lastIds`: chat id → newest message id. Marks beyond it belong to a world that was reset. */
  rebase(lastIds) {
    this.first ??= new Map(lastIds);
    for (const [chatId, mark] of this.first) this.first.set(chatId, Math.min(mark, lastIds.get(chatId) ?? 0));
    for (const [key, mark] of this.marks) {
      this.marks.set(key, Math.min(mark, lastIds.get(Number(key.split(":")[1])) ?? 0));
    }
  }

  get(personId, chatId) {
    return this.marks.get(`${personId}:${chatId}`) ?? this.first?.get(chatId) ?? 0;
  }

  set(personId, chatId, messageId) {
    if (this.get(personId, chatId) === messageId) return;
    this.marks.set(`${personId}:${chatId}`, messageId);
    this.storage?.setItem(KEY, JSON.stringify({ first: [...(this.first ?? [])], marks: [...this.marks] }));
  }
}

function safeSessionStorage() {
  try {
    return window.sessionStorage;
  } catch {
    return null; // the browser forbids it: marks last as long as the page
  }
}
