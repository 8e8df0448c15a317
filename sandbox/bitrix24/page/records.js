/** The kinds and the table of records. */

import { byId, fill, h } from "../../../telegram/page/static/dom.js";
import { words } from "./words.js";

/** A kind's name: those that every portal has are told in the page's language. */
export const kindName = (kind) => words.now.kinds[kind.id] ?? kind.title;

export function showKinds(kinds, chosen, choose) {
  fill(byId("kinds"), kinds.map((kind) => h("button", {
    type: "button", "aria-pressed": String(kind.id === chosen), "data-kind": kind.id, onclick: () => choose(kind.id),
  }, `${kindName(kind)} ${kind.count}`)));
}

export function showRecords(portal, deeds) {
  byId("found").textContent = words.now.shown(portal.found, portal.records.length);
  fill(byId("records"), portal.records.map((record) => row(record, deeds)));
}

function row(record, deeds) {
  return h("tr", { "data-record": record.id },
    h("td", {}, String(record.id)),
    h("td", {}, record.name),
    h("td", { class: "about" }, record.about.join(" · ")),
    h("td", {}, h("div", { class: "bar" },
      button(words.now.edit, record, () => deeds.edit(record)),
      button(words.now.remove, record, () => deeds.remove(record), "danger"))));
}

function button(text, record, onclick, kind = "") {
  return h("button", { type: "button", class: kind, "aria-label": `${text}: ${record.name}`, onclick }, text);
}
