/** Short notices: toasts, the alert dialog and the connection line. */

import { byId, h, icon } from "./dom.js";

const TOAST_MS = 5000;

/** Show a line for some seconds, longer while the keyboard is on it; `kind` is "info" or "error". */
export function toast(text, kind = "info") {
  let before = null; // had the focus, and gets it back
  const remove = () => {
    const hadFocus = node.contains(document.activeElement);
    node.remove();
    if (hadFocus) before?.focus();
  };
  const close = h("button", {
    type: "button", class: "toast-close", "aria-label": "Close", onfocus: (event) => { before = event.relatedTarget; },
    onclick: remove, onblur: () => setTimeout(remove, TOAST_MS),
  }, icon("close"));
  const node = h("div", { class: `toast ${kind}`, "data-testid": "toast" }, h("span", {}, text), close);
  byId("toasts").append(node);
  setTimeout(() => { if (!node.contains(document.activeElement)) remove(); }, TOAST_MS);
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
