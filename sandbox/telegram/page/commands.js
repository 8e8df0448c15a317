/** Command suggestions over the message field. */

import { byId, fill, h } from "./dom.js";

/** `argument`: the command is put into the field to be completed, instead of being sent at once. */
const COMMANDS = [
  { name: "/start", about: "the small menu" },
  { name: "/help", about: "what the bot can do" },
  { name: "/check", about: "is it in the gallery?", argument: true },
  { name: "/stats", about: "figures of the hub" },
  { name: "/errors", about: "what went wrong lately" },
  { name: "/whoami", about: "your id and role" },
  { name: "/lang", about: "choose the language" },
  { name: "/version", about: "which version runs" },
];

export class Suggestions {
  /** `choose(command)` is called with the row that was picked. */
  constructor(field, choose) {
    this.field = field;
    this.choose = choose;
    this.box = byId("suggestions");
    this.rows = [];
    this.active = -1;
  }

  get open() {
    return this.rows.length > 0;
  }

  /** Suggest for what is typed so far: only a first word that begins with a slash. */
  update(text) {
    const typed = /^\/\w*$/.test(text) ? text.toLowerCase() : null;
    this.rows = typed === null ? [] : COMMANDS.filter((one) => one.name.startsWith(typed));
    this.render();
  }

  close() {
    this.rows = [];
    this.render();
  }

  /** True when the key was used here. */
  onKey(event) {
    if (!this.open) return false;
    if (event.key === "Escape") this.close();
    else if (event.key === "ArrowDown") this.move(1);
    else if (event.key === "ArrowUp") this.move(-1);
    else if (event.key === "Tab" && !event.shiftKey) this.choose({ ...this.rows[this.active], argument: true });
    else if (event.key === "Enter" && !event.shiftKey) this.choose(this.rows[this.active]);
    else return false;
    event.preventDefault();
    return true;
  }

  move(step) {
    this.point((this.active + step + this.rows.length) % this.rows.length);
    this.box.children[this.active].scrollIntoView({ block: "nearest" });
  }

  /** Make one row the active one, by the arrow keys or the mouse. */
  point(index) {
    this.active = index;
    this.field.setAttribute("aria-activedescendant", this.open ? `suggestion-${index}` : "");
    [...this.box.children].forEach((row, at) => row.setAttribute("aria-selected", String(at === index)));
  }

  render() {
    this.box.hidden = !this.open;
    fill(this.box, this.rows.map((row, index) => this.option(row, index)));
    this.point(this.open ? 0 : -1);
  }

  option(row, index) {
    return h("div", {
      class: "suggestion", role: "option", id: `suggestion-${index}`, "data-suggestion": row.name,
      onpointermove: () => this.point(index), onpointerdown: (event) => event.preventDefault(), onclick: () => this.choose(row),
    }, h("span", { class: "suggestion-name" }, row.name), h("span", { class: "suggestion-about" }, row.about));
  }
}
