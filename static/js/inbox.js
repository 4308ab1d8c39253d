// The inbox: wires the list, the thread, the composer and the keyboard to each other.

import { $ } from "./ui.js";
import { sayIfOpen } from "./realtime.js";
import * as actions from "./inbox/actions.js";
import * as composer from "./inbox/composer.js";
import * as keys from "./inbox/keys.js";
import * as life from "./inbox/life.js";
import * as list from "./inbox/list.js";
import * as palette from "./inbox/palette.js";
import * as panel from "./inbox/panel.js";
import * as presence from "./inbox/presence.js";
import * as router from "./inbox/router.js";
import * as templates from "./inbox/templates.js";
import * as thread from "./inbox/thread.js";
import * as voice from "./inbox/voice.js";
import * as ways from "./inbox/ways.js";

const SAFETY_NET = 60000;

function mount() {
  const root = $("#conversation-pane .conversation");
  if (!root) return;
  thread.mount(root);
  voice.mount(root, { take: composer.take });
  composer.mount(root);
  panel.mount(root);
  presence.mount(root);
  ways.mount();
}

function unmount() {
  composer.unmount();
  voice.unmount();
  thread.unmount();
  presence.unmount();
}

function catchUp() {
  list.catchUp();
  thread.catchUp();
  voice.changed({ kind: "resync" });
}

// Of several conversations that move at once each says so.
let reloading = null;

function reload() {
  clearTimeout(reloading);
  reloading = setTimeout(async () => {
    await composer.flush();
    router.go(location.href, { push: false, force: true });
  }, 300);
}

router.start({ mount, unmount });
list.start();
actions.start();
composer.start();
panel.start();
life.start();
presence.start();
keys.start();
palette.start();
ways.start();
mount();

document.addEventListener("realtime", ({ detail }) => {
  if (detail.kind === "resync") return catchUp();
  if (detail.conversation === undefined) return;
  if (presence.receive(detail)) return;
  if (!thread.reads(detail)) list.changed(detail.conversation);
  if (thread.merged(detail)) return reload();
  if (detail.conversation === router.openId()) {
    thread.changed(detail);
    panel.changed(detail);
    voice.changed(detail);
    templates.changed();
  } else if (thread.concerns(detail)) {
    thread.changedBeside(detail);
    if (detail.direction === "inbound") ways.look();
  }
});
// Also at the first connection: something may have happened since the page was made.
document.addEventListener("realtime:open", catchUp);
document.addEventListener("contacts-merged", reload);
// The connection may have been faster than this script.
sayIfOpen();
setInterval(() => { if (!document.hidden) catchUp(); }, SAFETY_NET);
