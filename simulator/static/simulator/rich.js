/* What RCS shows beyond text: files, cards, carousels and chips. */

import { text } from "./common.js";

const PICTURE = /\.(?:png|jpe?g|gif|webp|svg)(?:$|[?#])/i;
const ENDING = /\.\w{2,5}$/;
const WEB = /^https?:\/\//i;
// Where the phone says it is when it is asked.
const HERE = { latitude: 40.416775, longitude: -3.70379 };

/** The parts of a message's content; `tap` is told what the person chose. */
export function drawContent(content, drawText, tap) {
  if (content.text) return [drawText(content.text)];
  if (content.contentInfo) return [drawMedia(content.contentInfo)];
  const { standaloneCard, carouselCard } = content.richCard ?? {};
  if (standaloneCard) return [drawCard(standaloneCard.cardContent, 0, tap)];
  if (carouselCard) return [drawCarousel(carouselCard, tap)];
  return [];
}

function drawCarousel({ cardContents, cardWidth }, tap) {
  const element = document.createElement("div");
  element.className = `carousel ${cardWidth === "SMALL" ? "small" : ""}`;
  element.tabIndex = 0;
  element.setAttribute("role", "group");
  element.setAttribute("aria-label", text("cards"));
  element.append(...cardContents.map((card, index) => drawCard(card, index, tap)));
  return element;
}

function drawCard(card, index, tap) {
  const element = document.createElement("section");
  element.className = "card";
  element.dataset.testid = `card-${index}`;
  if (card.media) {
    const media = drawMedia(card.media.contentInfo);
    media.classList.add(card.media.height.toLowerCase());
    element.append(media);
  }
  const words = document.createElement("div");
  words.className = "card-words";
  if (card.title) words.append(line("strong", card.title));
  if (card.description) words.append(line("p", card.description));
  if (words.childElementCount) element.append(words);
  if (card.suggestions?.length) element.append(drawChips(card.suggestions, "card-chips", tap));
  return element;
}

function line(tag, words) {
  const element = document.createElement(tag);
  element.dir = "auto";
  element.textContent = words;
  return element;
}

function drawMedia({ fileUrl, thumbnailUrl }) {
  const shown = thumbnailUrl || fileUrl;
  const link = document.createElement("a");
  link.className = "picture";
  if (WEB.test(fileUrl)) link.href = fileUrl;
  link.target = "_blank";
  link.rel = "noopener noreferrer";
  const name = fileUrl.split(/[?#]/)[0].split("/").at(-1) || text("file");
  const asFile = () => {
    link.className = "file";
    link.textContent = `📎 ${name}`;
    return link;
  };
  // An address without an ending does not say what it is; the phone looks.
  const open = !ENDING.test(shown.split(/[?#]/)[0].split("/").at(-1));
  if (!PICTURE.test(shown) && !open) return asFile();
  const image = document.createElement("img");
  image.src = shown;
  image.alt = name;
  image.addEventListener("error", () => { if (open) asFile(); else image.replaceWith(line("span", `🖼 ${name}`)); });
  link.append(image);
  return link;
}

/** Chips: answers, and what opens, calls, shows, shares or notes something. */
export function drawChips(suggestions, className, tap) {
  const element = document.createElement("div");
  element.className = className;
  element.append(...suggestions.map((one) => drawChip(one, tap)));
  return element;
}

function drawChip({ reply, action }, tap) {
  const { text: label, postbackData: payload } = reply ?? action;
  const address = action ? link(action) : "";
  const element = document.createElement(address ? "a" : "button");
  element.className = "chip";
  element.dataset.testid = `chip-${slug(label)}`;
  element.append(icon(action), line("span", label));
  if (address) {
    element.href = address;
    element.target = "_blank";
    element.rel = "noopener noreferrer";
  } else {
    element.type = "button";
  }
  element.addEventListener("click", () => {
    if (reply) tap({ text: label, payload });
    else if (action.shareLocationAction) tap({ location: HERE });
    else tap({ text: label, payload, action: true });
    if (action?.createCalendarEventAction) element.classList.add("done");
  });
  return element;
}

function link({ openUrlAction, dialAction, viewLocationAction }) {
  if (openUrlAction) return WEB.test(openUrlAction.url) ? openUrlAction.url : "";
  if (dialAction) return `tel:${dialAction.phoneNumber.replace(/[^+\d]/g, "")}`;
  if (!viewLocationAction) return "";
  return mapLink(viewLocationAction.latLong);
}

export function mapLink({ latitude = 0, longitude = 0 }) {
  return `https://www.openstreetmap.org/?mlat=${latitude}&mlon=${longitude}#map=15/${latitude}/${longitude}`;
}

const SIGNS = {
  openUrlAction: "M14 4h6v6M20 4l-9 9M19 14v5a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V6a1 1 0 0 1 1-1h5",
  dialAction: "M6 3h3l2 5-2.5 1.5a11 11 0 0 0 6 6L16 13l5 2v3a2 2 0 0 1-2 2A16 16 0 0 1 4 5a2 2 0 0 1 2-2",
  viewLocationAction: "M12 21s7-6.3 7-11.5A7 7 0 0 0 5 9.5C5 14.7 12 21 12 21ZM12 12a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5",
  shareLocationAction: "M12 19a7 7 0 1 0 0-14 7 7 0 0 0 0 14ZM12 2v3M12 19v3M2 12h3M19 12h3",
  createCalendarEventAction: "M5 5h14v15H5zM5 10h14M9 3v4M15 3v4",
};

function icon(action) {
  const kind = Object.keys(SIGNS).find((name) => action?.[name]);
  if (!kind) return "";
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", SIGNS[kind]);
  svg.append(path);
  return svg;
}

/** A label as it can stand in an id: lower case, words joined by hyphens. */
function slug(label) {
  const plain = label.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  return plain.replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "");
}
