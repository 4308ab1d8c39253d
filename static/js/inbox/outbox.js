// What was sent and the server has not confirmed: kept over a reload, repeated under the same id.

const key = () => `outbox:${document.body.dataset.member}`;

function all() {
  try {
    return JSON.parse(localStorage.getItem(key()) ?? "[]");
  } catch {
    return [];
  }
}

const store = (entries) => localStorage.setItem(key(), JSON.stringify(entries));

/** Entries {uid, conversation, text, note, seen, sure, files, content, rich}, oldest first; of one conversation if given. */
export const entries = (conversation) => all().filter((entry) => !conversation || entry.conversation === conversation);

export function keep(entry) {
  store([...all().filter((other) => other.uid !== entry.uid), entry].slice(-50));
}

export function drop(uid) {
  store(all().filter((entry) => entry.uid !== uid));
}
