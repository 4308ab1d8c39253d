// Values of the builder's fields as JSON has them, and content in a few words.

import { t } from "../ui.js";

/** What content has beside its text, in a few words; empty for nothing. */
export function summary(content) {
  const word = (one, many, n) => (n ? [n === 1 ? t(one) : t(many, { n })] : []);
  const suggestions = [content, ...(content.cards ?? [])].reduce((sum, one) => sum + (one.suggestions?.length ?? 0), 0);
  return [
    ...word("rich-card", "rich-cards", content.cards?.length ?? 0),
    ...(content.list ? [t("rich-list")] : []),
    ...(content.location ? [t("rich-place")] : []),
    ...word("rich-suggestion", "rich-suggestions", suggestions),
    ...word("rich-file", "rich-files", content.media?.length ?? 0),
  ].join(", ");
}

const TYPES = { jpg: "image/jpeg", jpeg: "image/jpeg", png: "image/png", gif: "image/gif", webp: "image/webp", mp4: "video/mp4", mp3: "audio/mpeg", ogg: "audio/ogg", oga: "audio/ogg", pdf: "application/pdf", vcf: "text/vcard" };

/** The kind of a file by the ending of its address, if that says it. */
export function guessType(field) {
  const select = field.closest("[data-source]")?.querySelector('select[data-field="content_type"]');
  const ending = /\.(\w+)(?:[?#]|$)/.exec(field.value.split("/").at(-1))?.[1]?.toLowerCase();
  if (select && TYPES[ending]) select.value = TYPES[ending];
}

/** What a field says: text, a number or a time; empty for nothing. */
export function converted(field) {
  const value = field.value.trim();
  if (value === "") return "";
  if (field.dataset.kind === "number") {
    const number = Number(value.replace(",", "."));
    return Number.isNaN(number) ? value : number;
  }
  return field.dataset.kind === "moment" ? moment(value) : value;
}

const two = (number) => String(number).padStart(2, "0");

// A time of the clock here, with its offset from UTC on that day.
function moment(value) {
  const away = -new Date(value).getTimezoneOffset();
  if (Number.isNaN(away)) return value;
  const offset = `${away < 0 ? "-" : "+"}${two(Math.floor(Math.abs(away) / 60))}:${two(Math.abs(away) % 60)}`;
  return `${value.length === 16 ? `${value}:00` : value}${offset}`;
}

/** A time with its offset as a field of this browser shows it. */
export function localMoment(value) {
  const time = new Date(value);
  if (Number.isNaN(time.getTime())) return "";
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}T${two(time.getHours())}:${two(time.getMinutes())}`;
}
