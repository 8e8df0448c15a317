/** The stand-in's JSON API for this page. Every call throws an Error with a sentence a person can read. */

async function call(method, path, body) {
  const response = await fetch(`page/${path}`, {
    method,
    headers: body === undefined ? {} : { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  }).catch(() => { throw new Error("The stand-in cannot be reached."); });
  const answer = await readJson(response);
  if (!response.ok) throw new Error(reasonOf(answer) ?? `The stand-in answered ${response.status}.`);
  return answer;
}

async function readJson(response) {
  const text = await response.text();
  try {
    return text === "" ? null : JSON.parse(text);
  } catch {
    return null;
  }
}

function reasonOf(answer) {
  return answer?.detail ?? answer?.description ?? answer?.error ?? null;
}

export const getState = () => call("GET", "state");
export const sendMessage = (message) => call("POST", "messages", message);
export const forwardMessage = (forward) => call("POST", "forwards", forward);
export const editMessage = (edit) => call("POST", "edits", edit);
export const deleteMessage = (deletion) => call("POST", "deletions", deletion);
export const pressButton = (press) => call("POST", "presses", press);
export const setReactions = (reaction) => call("POST", "reactions", reaction);

/** The command menu of one person in one chat. */
export const getCommands = (chatId, personId) => call("GET", `commands?chat_id=${chatId}&user_id=${personId}`);

export const setLimits = (on) => call("PUT", "limits", { on });
export const addFault = (fault) => call("POST", "faults", fault);
export const removeFault = (id) => call("DELETE", `faults/${id}`);
export const removeFaults = () => call("DELETE", "faults");

/** The bot's newest calls, oldest first, without the getUpdates that went well. */
export const getCalls = (newest) => call("GET", `ledger?newest=${newest}&polls=failed`);

export function openEvents(after) {
  return new EventSource(`page/events?after=${after}`);
}
