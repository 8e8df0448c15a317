/** The bot's command menu as this person sees it in this chat; the stand-in knows whose list wins. */

import { getCommands } from "./api.js";

export class CommandMenu {
  constructor(store) {
    this.store = store;
    this.place = null;
  }

  /** A view like the others: another person or chat has another menu. */
  render() {
    if (this.place === this.store.place) return;
    this.place = this.store.place;
    this.load(this.place);
  }

  /** Some list or somebody's rights changed. */
  refresh() {
    this.place = null;
    this.store.changed();
  }

  async load(place) {
    const { chatId, personId } = this.store;
    const commands = chatId === null ? [] : await menuIn(chatId, personId);
    if (this.place !== place) return; // another chat has been opened meanwhile
    this.store.commands = commands;
    this.store.changed();
  }
}

/** Without an answer there is no menu; that the connection is lost is shown elsewhere. */
async function menuIn(chatId, personId) {
  try {
    return (await getCommands(chatId, personId)).commands;
  } catch {
    return [];
  }
}
