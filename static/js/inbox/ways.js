// Where to answer: another channel of the same person, with what has been typed.

import { $, closeMenu, request, t, toast } from "../ui.js";
import * as composer from "./composer.js";
import * as router from "./router.js";

export function start() {
  document.addEventListener("click", (event) => {
    const way = event.target.closest("[data-answer-on]");
    if (way) answerOn(way);
  });
}

/** The open conversation's hint asks by itself, also where it was put in without a page. */
export function mount() {
  const place = $("#composer-better");
  if (place) htmx.process(place);
}

async function answerOn(way) {
  closeMenu();
  const here = router.openId();
  if (!here || Number(way.dataset.answerOn) === here) return;
  const { answerOn: conversation, channel = "", address = "" } = way.dataset;
  const data = { conversation, channel, address, text: composer.typed() };
  const response = await request(`/conversations/${here}/answer-on/`, { method: "POST", data }).catch(() => null);
  if (!response?.ok) {
    const errors = response?.status === 422 ? Object.values((await response.json()).errors).flat().join(" ") : t("request-failed");
    return toast(errors, { danger: true });
  }
  const there = (await response.json()).conversation;
  if (router.openId() === here) composer.carry(there);
  router.go(`/conversations/${there}/`);
}

/** Somebody wrote, here or elsewhere: another channel may be the better one by now. */
export function look() {
  const place = $("#composer-better");
  if (place) htmx.trigger(place, "better:look");
}
