/* Small things the page's modules share. */

export const language = document.documentElement.lang || "en";

const HUES = 6;
const times = new Intl.DateTimeFormat(language, { hour: "numeric", minute: "2-digit" });
const dates = new Intl.DateTimeFormat(language, { weekday: "long", day: "numeric", month: "long" });
const shortDates = new Intl.DateTimeFormat(language, { day: "numeric", month: "short" });
const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto" });

export async function get(url) {
  const response = await fetch(url, { headers: { Accept: "application/json" } });
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return response.json();
}

export async function post(url, body) {
  const response = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return response.json();
}

/** A text of the page in the reader's language. */
export function text(key) {
  return document.querySelector(`#texts [data-key="${key}"]`)?.textContent ?? "";
}

export function time(seconds) {
  return times.format(seconds * 1000);
}

function daysAgo(seconds) {
  const midnight = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate());
  return Math.round((midnight(new Date()) - midnight(new Date(seconds * 1000))) / 86_400_000);
}

/** "today", "yesterday", then the date. */
export function day(seconds) {
  const ago = daysAgo(seconds);
  return ago < 2 ? relative.format(-ago, "day") : dates.format(seconds * 1000);
}

/** The time today, the date before. */
export function clock(seconds) {
  return daysAgo(seconds) ? shortDates.format(seconds * 1000) : time(seconds);
}

/** Initials on a colour that stays with the name. */
export function avatar(element, name) {
  const words = name.replace(/^\+/, "").split(/\s+/).filter(Boolean);
  const initials = /^\d/.test(words[0] ?? "") ? words[0].slice(-2) : words.slice(0, 2).map((word) => [...word][0]).join("");
  element.textContent = initials.toLocaleUpperCase(language);
  const sum = [...name].reduce((total, char) => (total * 31 + char.codePointAt(0)) % 9973, 7);
  for (let n = 0; n < HUES; n += 1) element.classList.toggle(`hue-${n}`, n === sum % HUES);
}
