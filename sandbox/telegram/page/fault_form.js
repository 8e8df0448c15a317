/** The form that plans a failure: what goes wrong, on which call, how often. */

import { fill, h } from "./dom.js";
import { EXTRAS, KINDS, SPANS, kindOf } from "./fault_kinds.js";

const USUAL = "sendMessage";

export class FaultForm {
  /** `plan(fault)` is called with what the stand-in shall do. */
  constructor(plan) {
    this.kind = select("fault-kind", KINDS.map((one) => option(one.kind, one.name)));
    this.kind.setAttribute("aria-describedby", "fault-about");
    this.about = h("p", { class: "field-note", id: "fault-about" });
    this.kindExtra = numberField("fault-kind-extra");
    this.method = select("fault-method", []);
    this.span = select("fault-span", SPANS.map((one) => option(one.span, one.name)));
    this.spanExtra = numberField("fault-span-extra");
    this.node = h("form", { class: "fault-form", "data-testid": "fault-form" },
      row(field("What goes wrong", this.kind), this.kindExtra.node), this.about,
      field("Which call", this.method),
      row(field("How often", this.span), this.spanExtra.node),
      h("button", { class: "primary", "data-testid": "fault-plan" }, "Make it fail"));
    this.node.addEventListener("change", () => this.render());
    this.node.addEventListener("submit", (event) => { event.preventDefault(); plan(this.fault()); });
    this.render();
  }

  /** Offer the calls: those that the bot has already made come first. */
  offer(methods, made) {
    const signature = JSON.stringify([methods, made]);
    if (signature === this.offered) return;
    this.offered = signature;
    const chosen = this.method.value || USUAL;
    const group = (label, names) => names.length > 0 && h("optgroup", { label }, names.map((name) => option(name, name)));
    fill(this.method, option("*", "Any call, fetching updates too"),
      group("Made by the bot", methods.filter((name) => made.includes(name))),
      group("Others", methods.filter((name) => !made.includes(name))));
    this.method.value = chosen;
  }

  render() {
    const { about, extra } = kindOf(this.kind.value);
    this.about.textContent = about;
    this.kindExtra.show(EXTRAS[extra]);
    this.spanExtra.show(SPANS.find((one) => one.span === this.span.value).extra);
  }

  fault() {
    const { extra } = kindOf(this.kind.value);
    const spans = { once: { times: 1 }, times: { times: this.spanExtra.value }, seconds: { seconds: this.spanExtra.value }, always: {} };
    return {
      kind: this.kind.value,
      method: this.method.value,
      ...(extra ? { [extra]: this.kindExtra.value } : {}),
      ...spans[this.span.value],
    };
  }

  focus() {
    this.kind.focus();
  }
}

function option(value, name) {
  return h("option", { value }, name);
}

function select(id, options) {
  return h("select", { id, "data-testid": id }, options);
}

function field(label, control) {
  return h("div", { class: "field" }, h("label", { for: control.id }, label), control);
}

function row(...fields) {
  return h("div", { class: "field-row" }, fields);
}

/** A number of its own meaning: show({label, value}) asks for it, show(undefined) hides it. */
function numberField(id) {
  const input = h("input", { id, type: "number", max: 3600, required: true, "data-testid": id });
  const label = h("label", { for: id });
  const node = h("div", { class: "field small" }, label, input);
  const show = (wanted) => {
    node.hidden = wanted === undefined;
    input.disabled = node.hidden; // a hidden field must not keep the form from being sent
    if (node.hidden || label.textContent === wanted.label) return;
    label.textContent = wanted.label;
    input.min = input.step = wanted.step ?? 1;
    input.value = wanted.value;
  };
  return { node, show, get value() { return Number(input.value); } };
}
