/** Command suggestions over the message field. */

import { byId, fill, h } from "./dom.js";

export class Suggestions {
  /** `known()` gives the bot's commands; `choose(command, complete)` is called with the row that
   * was picked, `complete` to put it into the field instead of sending it. */
  constructor(field, known, choose) {
    this.field = field;
    this.known = known;
    this.choose = choose;
    this.box = byId("suggestions");
    this.toggle = byId("commands-toggle");
    this.rows = [];
    this.active = -1;
  }

  get open() {
    return this.rows.length > 0;
  }

  /** Suggest for what is typed so far: only a first word that begins with a slash. */
  update(text) {
    const typed = /^\/\w*$/.test(text) ? text.toLowerCase() : null;
    this.rows = typed === null ? [] : this.matching(typed);
    this.render();
  }

  matching(typed) {
    const rows = this.known().map(({ command, description }) => ({ name: `/${command}`, about: description }));
    return rows.filter((one) => one.name.startsWith(typed));
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
    else if (event.key === "Tab" && !event.shiftKey) this.choose(this.rows[this.active], true);
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
    this.toggle.setAttribute("aria-expanded", String(this.open));
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
