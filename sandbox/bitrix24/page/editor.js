/** The dialog that adds and changes a record. */

import { byId, fill, h } from "../../../telegram/page/static/dom.js";
import { words } from "./words.js";

export class Editor {
  constructor() {
    this.dialog = byId("editor");
    byId("cancel").addEventListener("click", () => this.dialog.close());
    byId("editor-form").addEventListener("submit", (event) => { event.preventDefault(); this.save(); });
  }

  /** `save` is given the values and may throw; the dialog stays open then. */
  open(title, fields, record, save) {
    this.send = save;
    byId("editor-title").textContent = title;
    byId("editor-error").textContent = "";
    fill(byId("editor-fields"), fields.map((field) => row(field, record)));
    this.dialog.showModal();
  }

  async save() {
    const values = Object.fromEntries(new FormData(byId("editor-form")));
    try {
      await this.send(values);
      this.dialog.close();
    } catch (error) {
      byId("editor-error").textContent = error.message;
    }
  }
}

function row(field, record) {
  const value = record?.values[field.name] ?? "";
  return h("label", {}, h("span", {}, `${field.title}`, " ", h("small", { class: "note" }, field.name)), control(field, value));
}

function control(field, value) {
  const named = { name: field.name, "data-testid": `field-${field.name}` };
  if (field.choices) {
    const empty = h("option", { value: "" }, words.now.none);
    return h("select", named, empty, field.choices.map(([key, name]) => h("option", { value: key, selected: key === value }, name)));
  }
  if (!field.long) return h("input", { ...named, value });
  const area = h("textarea", { ...named, rows: 3 });
  area.value = value;
  return area;
}
