/** What can go wrong, in plain words. `extra` names the number that a kind needs. */

export const KINDS = [
  { kind: "429", name: "429: too many requests", about: "The call does nothing, and the bot is told how long to wait.", extra: "retry_after" },
  { kind: "500", name: "500: internal error", about: "The call does nothing; the answer is an error." },
  { kind: "502", name: "502: bad gateway", about: "The call does nothing; the answer is a page, not JSON." },
  { kind: "503", name: "503: unavailable", about: "The call does nothing; the answer is a page, not JSON." },
  { kind: "504", name: "504: gateway timeout", about: "The call does nothing; the answer is a page, not JSON." },
  { kind: "refused", name: "Connection closed", about: "The call does nothing; the connection closes without an answer." },
  { kind: "timeout", name: "No answer at all", about: "The call does nothing; the connection stays open until the bot gives up." },
  { kind: "lost_answer", name: "Done, but the answer is lost", about: "The call takes effect; the connection closes before the bot hears of it." },
  { kind: "slow", name: "Done, but answered late", about: "The call takes effect; the answer comes after a while.", extra: "delay" },
];

/** `step` is also the least; 1 unless told. */
export const EXTRAS = {
  retry_after: { label: "Seconds to wait", value: 5 },
  delay: { label: "Seconds late", value: 3, step: 0.1 },
};

/** How often it happens; `extra` names the number that goes with it. */
export const SPANS = [
  { span: "once", name: "Once" },
  { span: "times", name: "Several times", extra: { label: "Times", value: 3 } },
  { span: "seconds", name: "For some seconds", extra: { label: "Seconds", value: 20 } },
  { span: "always", name: "Until I remove it" },
];

export function kindOf(kind) {
  return KINDS.find((one) => one.kind === kind) ?? { kind, name: kind, about: "" };
}

/** "429: too many requests, 5 s to wait" */
export function faultTitle({ kind, retry_after: wait, delay }) {
  const detail = wait !== undefined ? `, ${wait} s to wait` : delay !== undefined ? `, ${delay} s late` : "";
  return `${kindOf(kind).name}${detail}`;
}

export function methodName(method) {
  return method === "*" ? "any call" : method;
}

/** "2 times left", "12 s left" or "until removed" */
export function remaining({ times, left }) {
  if (times !== undefined) return times === 1 ? "once more" : `${times} times more`;
  return left === undefined ? "until removed" : `${Math.ceil(left)} s more`;
}
