// The wire: fetches the state after every tick, posts actions, reconnects when the server goes away.

const PATIENCE = 25_000; // two heartbeats and a little

/** Follows the server for ever: `onState(state)` after every change, `onLost()` and `onFound()` around outages. */
export function connect({ onState, onLost, onFound }) {
  let stream = null;
  let watchdog = 0;
  let retry = 0;
  let lost = false;
  let wait = 500;
  let loading = false;
  let again = false;

  const open = () => {
    clearTimeout(retry);
    stream = new EventSource("/api/events");
    stream.addEventListener("tick", () => (alive(), load()));
    stream.addEventListener("heartbeat", alive);
    stream.onerror = fail;
    alive();
  };

  const alive = () => {
    clearTimeout(watchdog);
    watchdog = setTimeout(fail, PATIENCE);
  };

  const fail = () => {
    clearTimeout(watchdog);
    clearTimeout(retry);
    stream?.close();
    if (!lost) onLost();
    lost = true;
    retry = setTimeout(open, wait);
    wait = Math.min(wait * 2, 5_000);
  };

  const load = async () => {
    if (loading) {
      again = true;
      return;
    }
    loading = true;
    try {
      do {
        again = false;
        const answer = await fetch("/api/state", { cache: "no-store" });
        if (!answer.ok) throw new Error(`the state was answered ${answer.status}`);
        const state = await answer.json();
        if (lost) onFound();
        lost = false;
        wait = 500;
        onState(state);
      } while (again);
    } catch (error) {
      console.warn(error);
      fail();
    } finally {
      loading = false;
    }
  };

  open();
}

/** Posts an action; resolves to null, or to the server's reason, or rejects when nobody answers. */
export async function post(path, body) {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  if (answer.ok) return null;
  const reason = await answer.json().catch(() => null);
  return String(reason?.error ?? answer.status);
}
