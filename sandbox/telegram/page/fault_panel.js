/** "Make it fail": plan failures of the stand-in, take them back, and see how the bot's calls end. */

import { addFault, removeFault, removeFaults } from "./api.js";
import { announce } from "./announcer.js";
import { byId, fill, h, icon } from "./dom.js";
import { CallList } from "./fault_calls.js";
import { FaultForm } from "./fault_form.js";
import { LimitSwitch } from "./fault_limits.js";
import { faultTitle, methodName, remaining } from "./fault_kinds.js";
import { placeOf } from "./format.js";

const SECOND = 1000;

export class FaultPanel {
  constructor(ui) {
    this.ui = ui;
    this.panel = byId("fault-panel");
    this.toggles = [...document.querySelectorAll(".faults-toggle")];
    this.opener = null;
    this.calls = new CallList(ui.store);
    this.limits = new LimitSwitch(ui);
    this.form = new FaultForm((fault) => this.plan(fault));
    byId("fault-form").append(this.form.node);
    byId("fault-calls").append(this.calls.node);
    for (const toggle of this.toggles) toggle.addEventListener("click", () => (this.isOpen ? this.close() : this.open(toggle)));
    byId("faults-close").addEventListener("click", () => this.close());
    byId("faults-clear").addEventListener("click", () => this.clear());
    this.panel.addEventListener("keydown", (event) => this.onKey(event));
    setInterval(() => this.countDown(), SECOND);
  }

  get isOpen() {
    return !this.panel.hidden;
  }

  open(toggle) {
    this.opener = toggle;
    this.show(true);
    this.form.focus();
  }

  /** The focus goes back to the button that opened it, or to its twin when a resized window hides that one. */
  close() {
    this.show(false);
    const visible = this.toggles.filter((one) => one.checkVisibility());
    (visible.includes(this.opener) ? this.opener : visible[0])?.focus();
  }

  show(visible) {
    this.panel.hidden = !visible;
    document.body.classList.toggle("faults-open", visible);
    this.ui.store.changed();
    this.called();
  }

  onKey(event) {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    this.close();
  }

  /** The bot has made calls, or everything was loaded anew. */
  called() {
    if (this.isOpen) this.refresh();
  }

  async refresh() {
    await this.calls.refresh();
    this.ui.store.changed();
  }

  render() {
    const { faults, methods } = this.ui.store;
    for (const toggle of this.toggles) renderToggle(toggle, faults.length, this.isOpen);
    if (!this.isOpen) return;
    this.limits.render();
    this.form.offer(methods, this.calls.made);
    const signature = JSON.stringify(faults);
    if (signature === this.signature) return;
    this.signature = signature;
    this.renderList(faults);
  }

  renderList(faults) {
    const list = byId("fault-list");
    const index = [...list.children].findIndex((item) => item.contains(document.activeElement));
    fill(list, faults.length === 0 ? h("li", { class: "none" }, "Nothing: every call is answered as usual.") : faults.map((fault) => this.item(fault)));
    byId("faults-clear").hidden = faults.length === 0;
    if (index !== -1) this.focusItem(list, index);
  }

  focusItem(list, index) {
    const buttons = [...list.querySelectorAll("button")];
    const next = buttons[Math.min(index, buttons.length - 1)];
    if (next) next.focus();
    else this.form.focus();
  }

  item(fault) {
    const where = fault.chat_id === undefined ? "" : ` in the chat ${placeOf(this.ui.store, fault.chat_id)}`;
    const name = `${methodName(fault.method)}, ${faultTitle(fault)}`;
    return h("li", { class: "fault", "data-fault": fault.id },
      h("div", { class: "fault-text" },
        h("strong", {}, faultTitle(fault)),
        h("span", {}, `${methodName(fault.method)}${where}, ${remaining(fault)}`)),
      h("button", { type: "button", class: "icon-button", "aria-label": `Remove: ${name}`, onclick: () => this.remove(fault) }, icon("trash")));
  }

  /** Failures that last some seconds end by themselves; nobody tells the page. */
  countDown() {
    const { store } = this.ui;
    if (!store.faults.some((fault) => fault.left !== undefined)) return;
    store.faults = store.faults
      .map((fault) => (fault.left === undefined ? fault : { ...fault, left: fault.left - 1 }))
      .filter((fault) => fault.left === undefined || fault.left > 0);
    store.changed();
  }

  async plan(fault) {
    await this.ui.actions.attempt("Not planned", async () => {
      const planned = await addFault(fault);
      announce(`Planned: ${methodName(planned.method)}, ${faultTitle(planned)}, ${remaining(planned)}`);
    });
  }

  async remove(fault) {
    await this.ui.actions.attempt("Not removed", async () => {
      await removeFault(fault.id);
      announce("Removed");
    });
  }

  async clear() {
    await this.ui.actions.attempt("Not removed", async () => {
      await removeFaults();
      announce("All removed");
      this.form.focus();
    });
  }
}

function renderToggle(toggle, count, isOpen) {
  toggle.setAttribute("aria-expanded", String(isOpen));
  const badge = toggle.querySelector(".badge");
  badge.hidden = count === 0;
  fill(badge, String(count), h("span", { class: "visually-hidden" }, " planned"));
}
