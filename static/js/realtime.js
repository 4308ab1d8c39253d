// One socket a tab. It only says what changed; pages fetch what they show.
//
// On document: "realtime" (detail: the event), "realtime:open" (detail.again: after a gap, so
// refetch), "realtime:closed". send() is for what is never stored: typing, viewing.

import { $, t } from "./ui.js";

const HEARTBEAT = 20000;
const ENDED = new Set([4401, 4403]);
const BANNER_AFTER = 1500;

let socket = null;
let attempts = 0;
let opened = 0;
let timer = null;
let banner = null;

const fire = (name, detail = {}) => document.dispatchEvent(new CustomEvent(name, { detail }));

function address() {
  const origin = document.body.dataset.realtimeUrl
    || `${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}`;
  return `${origin.replace(/^http/, "ws")}/ws/`;
}

export function connect() {
  clearTimeout(timer);
  if (socket && socket.readyState <= WebSocket.OPEN) return;
  const current = new WebSocket(address());
  socket = current;
  current.addEventListener("message", (message) => {
    const frame = JSON.parse(message.data);
    // What happened at once comes at once.
    (frame.kind === "events" ? frame.events : [frame]).forEach(receive);
  });
  current.addEventListener("close", (event) => {
    if (socket !== current) return;
    fire("realtime:closed");
    if (ENDED.has(event.code)) return say(t("access-ended"));
    again();
  });
}

function receive(event) {
  if (event.kind === "ready") ready();
  else fire("realtime", event);
}

// Not at the handshake: only now the server passes on every event, so what pages fetch now is whole.
function ready() {
  attempts = 0;
  opened += 1;
  say("");
  fire("realtime:open", { again: opened > 1 });
}

// Back-off from 0.5 s to 15 s with jitter, so that a restart does not bring everybody at once.
function again() {
  const delay = Math.min(15000, 500 * 2 ** attempts) * (0.5 + Math.random());
  attempts += 1;
  clearTimeout(banner);
  banner = setTimeout(() => say(t(navigator.onLine ? "reconnecting" : "offline")), BANNER_AFTER);
  timer = setTimeout(connect, delay);
}

function say(text) {
  clearTimeout(banner);
  const element = $("#connection");
  if (!element) return;
  element.textContent = text;
  element.hidden = !text;
}

/** Say once more that events come, if they do: to whoever listens only now. */
export function sayIfOpen() {
  if (connected() && opened) fire("realtime:open", { again: true });
}

export const connected = () => socket?.readyState === WebSocket.OPEN;

export function send(message) {
  if (connected()) socket.send(JSON.stringify(message));
}

/** Connect and stay connected while the page lives. */
export function start() {
  connect();
  setInterval(() => send({ type: "heartbeat" }), HEARTBEAT);
  window.addEventListener("online", () => { attempts = 0; connect(); });
  window.addEventListener("pageshow", (event) => { if (event.persisted) connect(); });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && !connected()) { attempts = 0; connect(); }
  });
}
