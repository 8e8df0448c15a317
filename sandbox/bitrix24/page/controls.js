/** Limits, faults and the latest calls. */

import { byId, fill, h } from "../../../telegram/page/static/dom.js";
import { words } from "./words.js";

const OPTIONAL = ["rate", "operating_limit"];

export function showLimits(limits, save) {
  const form = byId("limits");
  if (form.contains(document.activeElement)) return; // somebody is typing
  fill(form, Object.entries(limits).map(([name, value]) => h("label", {}, words.now[name], h("input", {
    name, type: "number", step: "any", min: 0, value: value ?? "", required: !OPTIONAL.includes(name),
  }))), h("div", { class: "bar" }, h("button", { type: "submit", class: "primary" }, words.now.set)));
  form.onsubmit = (event) => {
    event.preventDefault();
    const values = [...new FormData(form)].map(([name, text]) => [name, text === "" ? null : Number(text)]);
    document.activeElement?.blur();
    save(Object.fromEntries(values));
  };
}

export function showFaultForm(portal, deeds) {
  const form = byId("fault-form");
  const kinds = portal.fault_kinds.map((kind) => h("option", { value: kind }, words.now.fault[kind] ?? kind));
  const methods = ["batch", ...portal.methods].map((method) => h("option", { value: method }, method));
  fill(form,
    h("label", {}, words.now.kind, h("select", { name: "kind", "data-testid": "fault-kind" }, kinds)),
    h("label", {}, words.now.method, h("select", { name: "method" }, h("option", { value: "" }, words.now.any), methods)),
    h("label", {}, words.now.times, h("input", { name: "times", type: "number", min: 1, value: 1 })),
    h("label", {}, words.now.after, h("input", { name: "after", type: "number", min: 0, value: 0 })),
    h("label", { class: "check" }, h("input", { name: "inside", type: "checkbox" }), words.now.inside),
    h("div", { class: "bar" },
      h("button", { type: "submit", class: "primary", "data-testid": "plan-fault" }, words.now.plan),
      h("button", { type: "button", onclick: deeds.clear }, words.now.clear)));
  form.onsubmit = (event) => {
    event.preventDefault();
    const { kind, method, times, after, inside } = Object.fromEntries(new FormData(form));
    deeds.add({ kind, method: method || null, times: times === "" ? null : Number(times), after: Number(after), inside: inside === "on" });
  };
}

export function showFaults(faults, remove) {
  fill(byId("faults"), faults.map((fault) => h("li", {},
    h("span", {}, `${words.now.fault[fault.kind] ?? fault.kind} · ${fault.method ?? words.now.any} · ${words.now.left(fault)}`),
    h("button", { type: "button", onclick: () => remove(fault.id) }, words.now.remove))));
}

export function showCalls(portal) {
  const { figures, calls } = portal;
  const busy = figures.operating.map(([method, seconds]) => `${method} ${seconds}`).join(", ");
  byId("figures").textContent = words.now.figures(figures) + (busy ? `; ${busy}` : "");
  const open = new Set([...byId("calls").querySelectorAll("details[open]")].map((node) => node.dataset.call));
  fill(byId("calls"), calls.map((call) => shown(call, open.has(String(call.n)))));
}

function shown(call, isOpen) {
  const state = call.status === 0 ? words.now.no_answer : `${call.status}${call.code === null ? "" : ` ${call.code}`}`;
  const good = call.status === 200 && call.fault === null;
  const time = new Date(call.at * 1000).toLocaleTimeString(words.language);
  return h("details", { "data-call": call.n, open: isOpen },
    h("summary", {}, `${time} ${call.method} `, h("span", { class: good ? "" : "bad" }, state),
      ` ${call.seconds} s · ${call.commands.length}`, call.fault && ` · ${words.now.fault[call.fault] ?? call.fault}`),
    call.commands.map((one) => h("p", {}, `${one.name} ${one.method}: ${one.applied ? words.now.applied : words.now.not_applied}`,
      one.code === null ? "" : ` (${one.code || "\"\""})`, h("br"), h("code", {}, one.params))));
}
