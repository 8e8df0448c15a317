/** The stand-in's JSON for this page. Every call throws an Error with a sentence a person can read. */

import { words } from "./words.js";

async function call(method, path, body) {
  const response = await fetch(`page/portals${path}`, {
    method,
    headers: body === undefined ? {} : { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  }).catch(() => { throw new Error(words.now.unreachable); });
  const answer = response.status === 204 ? null : await response.json().catch(() => null);
  if (!response.ok) throw new Error(answer?.error ?? `${response.status}`);
  return answer;
}

const of = (domain) => `/${encodeURIComponent(domain)}`;

export const getPortals = () => call("GET", "");
/** null when nothing has changed since `version`. */
export const getPortal = (domain, query) => call("GET", `${of(domain)}?${new URLSearchParams(query)}`);
export const addRecord = (domain, kind, fields) => call("POST", `${of(domain)}/records/${kind}`, fields);
export const editRecord = (domain, kind, id, fields) => call("PUT", `${of(domain)}/records/${kind}/${id}`, fields);
export const deleteRecord = (domain, kind, id) => call("DELETE", `${of(domain)}/records/${kind}/${id}`);
export const setLimits = (domain, limits) => call("PUT", `${of(domain)}/limits`, limits);
export const addFault = (domain, fault) => call("POST", `${of(domain)}/faults`, fault);
export const removeFault = (domain, id) => call("DELETE", `${of(domain)}/faults/${id}`);
export const removeFaults = (domain) => call("DELETE", `${of(domain)}/faults`);
