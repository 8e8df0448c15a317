/** The switch that makes the stand-in enforce Telegram's rates. */

import { setLimits } from "./api.js";
import { byId } from "./dom.js";

const OFF = "Off: the bot may call as often as it likes.";

export class LimitSwitch {
  constructor(ui) {
    this.ui = ui;
    this.node = byId("limits");
    this.node.addEventListener("click", () => this.turn(this.ui.store.limits === null));
  }

  render() {
    const { limits } = this.ui.store;
    this.node.setAttribute("aria-checked", String(limits !== null));
    byId("limits-about").textContent = limits === null ? OFF : describe(limits);
  }

  /** The stand-in tells every page of the change. */
  async turn(on) {
    await this.ui.actions.attempt("Not switched", () => setLimits(on));
  }
}

function describe(limits) {
  return `On: a message a second in a chat after ${limits.chat_burst} at once, ${limits.group_per_minute} a minute in a group, `
    + `where a reaction counts ${limits.reaction_weight}, and ${limits.overall_per_second} calls a second overall. More is answered with 429.`;
}
