/** The live connection: load the whole state, then follow the events after it; on a break, start over. */

import { getState, openEvents } from "./api.js";

const FIRST_WAIT = 500;
const LONGEST_WAIT = 5000;

/**
 * Keeps the page connected. `onState` gets the full state at each (re)connection, `onEvent` each event after it,
 * `onStatus` one of "connecting", "online", "reconnecting".
 */
export function keepConnected({ onState, onEvent, onStatus }) {
  let wait = FIRST_WAIT;
  let timer = null;
  let source = null;

  async function connect() {
    timer = null;
    try {
      const state = await getState();
      onState(state);
      follow(state.last_event ?? 0);
    } catch {
      retry();
    }
  }

  function follow(after) {
    source = openEvents(after);
    source.onopen = () => { wait = FIRST_WAIT; onStatus("online"); };
    source.onmessage = (message) => onEvent(JSON.parse(message.data));
    // The browser would resume by itself, but a restarted stand-in counts its events anew.
    source.onerror = () => { source.close(); source = null; retry(); };
  }

  function retry() {
    onStatus("reconnecting");
    timer = setTimeout(connect, wait);
    wait = Math.min(wait * 2, LONGEST_WAIT);
  }

  function hurry() {
    if (timer === null) return;
    clearTimeout(timer);
    connect();
  }

  /** Load everything again over a connection that works. */
  function reload() {
    if (timer !== null) return;
    source?.close();
    connect();
  }

  window.addEventListener("online", hurry);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) hurry(); });
  onStatus("connecting");
  connect();
  return { reload };
}
