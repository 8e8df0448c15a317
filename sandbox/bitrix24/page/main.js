/** Puts the page together and keeps it fresh. */

import { byId, fill, h } from "../../../telegram/page/static/dom.js";
import * as api from "./api.js";
import { showCalls, showFaultForm, showFaults, showLimits } from "./controls.js";
import { Editor } from "./editor.js";
import { kindName, showKinds, showRecords } from "./records.js";
import { chooseLanguage, firstLanguage, words } from "./words.js";

const FRESH_MS = 1000;

const page = { domain: "", kind: 2, text: "", portal: null };
const editor = new Editor();

/** Run a deed, show what went wrong, and look again. */
async function doing(deed) {
  try {
    await deed();
    byId("status").textContent = words.now.saved;
  } catch (error) {
    byId("status").textContent = error.message;
  }
  await refresh();
}

async function refresh(version = "") {
  if (!page.domain) return;
  const { domain, kind, text } = page;
  const portal = await api.getPortal(domain, { kind, q: text, version });
  const stale = domain !== page.domain || kind !== page.kind || text !== page.text;
  if (portal !== null && !stale) show(portal);
}

function show(portal) {
  page.portal = portal;
  showKinds(portal.kinds, page.kind, (kind) => { page.kind = kind; refresh(); });
  showRecords(portal, { edit: editRecord, remove: removeRecord });
  showLimits(portal.limits, (limits) => doing(() => api.setLimits(page.domain, limits)));
  showFaults(portal.faults, (id) => doing(() => api.removeFault(page.domain, id)));
  showCalls(portal);
  byId("doubles").hidden = portal.doubles.length === 0;
  byId("doubles").textContent = portal.doubles.join("\n");
}

function addRecord() {
  const { kind, domain } = page;
  const name = kindName(page.portal.kinds.find((one) => one.id === kind));
  const save = (values) => api.addRecord(domain, kind, values).then(() => refresh());
  editor.open(`${words.now.add}: ${name}`, page.portal.fields, null, save);
}

function editRecord(record) {
  const { kind, domain } = page;
  const save = (values) => api.editRecord(domain, kind, record.id, values).then(() => refresh());
  editor.open(`${words.now.edit}: ${record.name}`, page.portal.fields, record, save);
}

function removeRecord(record) {
  if (confirm(`${words.now.sure} ${record.name}`)) doing(() => api.deleteRecord(page.domain, page.kind, record.id));
}

async function choosePortal(domain) {
  page.domain = domain;
  await refresh();
  showFaultForm(page.portal, {
    add: (fault) => doing(() => api.addFault(page.domain, fault)),
    clear: () => doing(() => api.removeFaults(page.domain)),
  });
}

async function start() {
  byId("language").value = words.language;
  const { portals } = await api.getPortals();
  fill(byId("portal"), portals.map((one) => h("option", { value: one.domain }, one.domain)));
  if (portals.length) await choosePortal(portals[0].domain);
}

async function keepFresh() {
  try {
    await refresh(page.portal?.version ?? "");
  } catch (error) {
    byId("status").textContent = error.message;
  }
  setTimeout(keepFresh, FRESH_MS);
}

byId("portal").addEventListener("change", (event) => { page.kind = 2; choosePortal(event.target.value); });
byId("language").addEventListener("change", (event) => { chooseLanguage(event.target.value); choosePortal(page.domain); });
byId("search").addEventListener("input", (event) => { page.text = event.target.value; refresh(); });
byId("add").addEventListener("click", addRecord);

chooseLanguage(firstLanguage());
await start();
keepFresh();
