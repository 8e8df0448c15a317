/** The newest calls of the bot and how they ended, as the stand-in's ledger tells them. */

import { getCalls } from "./api.js";
import { fill, h } from "./dom.js";
import { clockTimeOf, placeOf, shownEmoji } from "./format.js";

const SHOWN = 30;
const PAUSE_MS = 200; // a busy bot makes more calls than anybody can read

export class CallList {
  constructor(store) {
    this.store = store;
    this.node = h("ol", { class: "calls", "data-testid": "calls", tabindex: "0", "aria-label": "The bot's last calls" });
    this.calls = []; // newest first
    this.made = []; // the methods seen so far
    this.busy = false;
    this.behind = false;
  }

  /** Read what is new; asked again while reading, it reads once more afterwards. */
  async refresh() {
    this.behind = true;
    if (this.busy) return;
    this.busy = true;
    while (this.behind) {
      this.behind = false;
      await this.read();
      if (this.behind) await new Promise((resume) => setTimeout(resume, PAUSE_MS));
    }
    this.busy = false;
  }

  async read() {
    try {
      const { calls } = await getCalls(SHOWN);
      this.calls = calls.reverse();
      this.made = [...new Set([...this.made, ...calls.map((call) => call.method)])].sort();
      this.render();
    } catch {
      // The connection is lost: the page says so, and reads again when it is back.
    }
  }

  render() {
    if (this.calls.length === 0) fill(this.node, h("li", { class: "none" }, "The bot has not called yet."));
    else fill(this.node, this.calls.map((call) => this.item(call)));
  }

  item(call) {
    const { text, kind } = outcomeOf(call);
    return h("li", { class: `call ${kind}`, "data-call": call.method, "data-outcome": kind },
      h("span", { class: "call-method" }, call.method),
      h("time", { class: "call-time", datetime: new Date(call.at * 1000).toISOString() }, clockTimeOf(call.at)),
      h("span", { class: "call-about" }, this.about(call.params)),
      h("span", { class: "call-outcome" }, text));
  }

  /** What a call was about, in a few words: its chat and its text, emoji or set. */
  about({ chat_id: chatId, text, reaction, name }) {
    const place = chatId === undefined ? null : placeOf(this.store, Number(chatId));
    const emoji = Array.isArray(reaction) ? reaction.map((one) => shownEmoji(one.emoji ?? "")).join(" ") || "no reaction" : null;
    return [place, emoji ?? text ?? name].filter(Boolean).join(": ");
  }
}

/** `kind`: done, lost (done, but not heard of), failed */
function outcomeOf({ status, answer, applied }) {
  if (applied && status === 0) return { kind: "lost", text: "done, but the answer was lost" };
  if (applied) return { kind: "done", text: "done" };
  if (status === 0) return { kind: "failed", text: "no answer, nothing done" };
  const reason = (answer.description ?? "").replace(/^(Bad Request|Too Many Requests): /, "");
  return { kind: "failed", text: `${status}${reason && `: ${reason}`}` };
}
