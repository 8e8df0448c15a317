/** Short notices: toasts, the alert dialog and the connection line. */

import { byId, h, icon } from "./dom.js";

const TOAST_MS = 5000;

/** Show a line for some seconds; `kind` is "info" or "error". */
export function toast(text, kind = "info") {
  const close = h("button", { type: "button", class: "toast-close", "aria-label": "Close", onclick: () => node.remove() },
    icon("close"));
  const node = h("div", { class: `toast ${kind}`, "data-testid": "toast" }, h("span", {}, text), close);
  byId("toasts").append(node);
  setTimeout(() => node.remove(), TOAST_MS);
}

export function showAlert(title, text) {
  byId("alert-title").textContent = title;
  byId("alert-text").textContent = text;
  byId("alert").showModal();
}

export function showConnection(status) {
  const line = byId("connection");
  document.body.dataset.status = status;
  line.hidden = status !== "reconnecting";
  line.textContent = status === "reconnecting" ? "Connection lost, reconnecting…" : "";
}
