/** The sticker panel: one tab per set, one for stickers without a set. */

import { byId, fill, h, icon } from "./dom.js";
import { columnsOf, joinRows, moveFocus, oneTabStop, roveIn } from "./focus.js";
import { shownEmoji } from "./format.js";

const LOOSE = ""; // the tab of the stickers without a set
const KINDS = { regular: "stickers", mask: "masks", custom_emoji: "custom emoji" };

export class StickerPanel {
  constructor(ui) {
    this.ui = ui;
    this.panel = byId("sticker-panel");
    this.toggle = byId("stickers-toggle");
    this.chosen = null;
    this.opener = this.toggle; // gets the focus back
    this.toggle.addEventListener("click", () => (this.panel.hidden ? this.open() : this.close()));
    this.panel.addEventListener("keydown", (event) => this.onKey(event));
    document.addEventListener("pointerdown", (event) => this.onPointerDown(event));
  }

  /** Open at a set (its name, case ignored) or where it was last. */
  open(name = this.chosen) {
    const tabs = this.tabs();
    this.chosen = (tabs.find((tab) => tab.name === name) ?? tabs[0])?.name ?? null;
    if (this.panel.hidden) this.opener = document.activeElement;
    this.show(true);
    this.render(true);
    this.panel.querySelector('[role="tab"][aria-selected="true"]')?.focus();
  }

  close(giveFocusBack = false) {
    if (this.panel.hidden) return false;
    this.show(false);
    if (giveFocusBack) this.giveFocusBack();
    return true;
  }

  /** To what opened the panel: the toggle, or a sticker or a link in a message that may be gone by now. */
  giveFocusBack() {
    this.opener.focus();
    if (document.activeElement !== this.opener) this.toggle.focus();
  }

  show(visible) {
    this.panel.hidden = !visible;
    this.toggle.setAttribute("aria-expanded", String(visible));
    document.body.classList.toggle("sticker-panel-open", visible);
  }

  onKey(event) {
    if (event.key === "Escape") this.close(true);
  }

  onPointerDown(event) {
    if (!event.target.closest("#compose-area")) this.close();
  }

  /** The set's canonical name when it can be shown here, else null. */
  knownSet(name) {
    return this.ui.store.sets.find((set) => set.name.toLowerCase() === name.toLowerCase())?.name ?? null;
  }

  tabs() {
    const { sets, looseStickers } = this.ui.store;
    const loose = { name: LOOSE, title: "Without a set", stickers: looseStickers, sticker_type: "regular" };
    return [...sets, ...(looseStickers.length > 0 ? [loose] : [])];
  }

  render(force = false) {
    if (this.panel.hidden) return;
    const signature = JSON.stringify([this.ui.store.sets, this.ui.store.looseStickers, this.chosen]);
    if (!force && signature === this.signature) return;
    this.signature = signature;
    const tabs = this.tabs();
    const set = tabs.find((tab) => tab.name === this.chosen) ?? tabs[0];
    if (!set) fill(this.panel, h("p", { class: "panel-note" }, "There are no stickers here."));
    else this.fill(this.tabBar(tabs, set), this.heading(set), this.grid(set));
    this.panel.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  fill(bar, heading, grid) {
    joinRows(bar, grid, () => columnsOf([...grid.children]));
    fill(this.panel, bar, heading, grid);
  }

  tabBar(tabs, current) {
    const bar = h("div", { class: "sticker-tabs", role: "tablist", "aria-label": "Sticker sets" }, tabs.map((tab) => this.tab(tab, tab === current)));
    bar.addEventListener("keydown", (event) => {
      moveFocus(event, [...bar.children], tabs.length);
      if (document.activeElement.getAttribute("aria-selected") === "false") document.activeElement.click();
    });
    return bar;
  }

  tab(set, selected) {
    const picture = set.name === LOOSE ? icon("sticker") : setPicture(set);
    return h("button", {
      type: "button", role: "tab", class: `sticker-tab ${set.deleted ? "deleted" : ""}`, "aria-selected": String(selected), tabindex: selected ? 0 : -1,
      "aria-controls": "sticker-grid", "aria-label": set.title, title: set.title, "data-set": set.name, onclick: () => this.choose(set.name),
    }, picture);
  }

  choose(name) {
    this.chosen = name;
    this.render();
    this.panel.querySelector('[aria-selected="true"]')?.focus();
  }

  heading(set) {
    const kind = KINDS[set.sticker_type] ?? "stickers";
    const notes = [`${set.stickers.length} ${kind}`, set.deleted && "deleted set"].filter(Boolean).join(" · ");
    const insert = () => { this.close(); this.ui.insertText(setLink(set)); };
    return h("div", { class: "set-heading" },
      h("div", { class: "set-names" }, h("strong", { "data-testid": "set-title" }, set.title), h("span", {}, notes)),
      set.name !== LOOSE && h("button", { type: "button", class: "soft-button", "data-testid": "insert-link", onclick: insert }, icon("link"), "Insert link"));
  }

  grid(set) {
    const grid = h("div", { class: "sticker-grid", id: "sticker-grid", role: "tabpanel", "aria-label": set.title },
      set.stickers.map((sticker) => this.stickerButton(sticker)));
    roveIn(grid, () => [...grid.children], () => columnsOf([...grid.children]));
    oneTabStop([...grid.children]);
    return grid;
  }

  stickerButton(sticker) {
    const send = async () => {
      this.close();
      await this.ui.actions.send({ sticker: sticker.file_id });
      this.ui.focusComposer();
    };
    return h("button", {
      type: "button", class: "sticker-choice", "data-sticker": sticker.file_id, "aria-label": `Send sticker ${shownEmoji(sticker.emoji ?? "")}`.trim(), onclick: send,
    }, h("img", { src: sticker.image, alt: "", width: 72, height: 72, loading: "lazy", draggable: "false" }));
  }
}

function setPicture(set) {
  const first = set.stickers[0];
  return first ? h("img", { src: first.image, alt: "", width: 32, height: 32, loading: "lazy", draggable: "false" }) : icon("sticker");
}

function setLink(set) {
  return `https://t.me/${set.sticker_type === "custom_emoji" ? "addemoji" : "addstickers"}/${set.name}`;
}
