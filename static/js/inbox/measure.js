// How long a text is to its channel, counted as the server counts (gateway/content/shows.py, and
// channels_social/x_length.py for X).

const MEASURES = {
  len: (text) => [...text].length,
  utf16: (text) => text.length,
  utf8: (text) => new TextEncoder().encode(text).length,
  weight: (text) => weight(text),
};

/** Whether the channel counts something else than characters. */
export const special = (name) => name !== "len" && name in MEASURES;

/** The length of a text by the measure's name. */
export const length = (text, name) => (MEASURES[name] ?? MEASURES.len)(text);

const LINK = 23;
const LIGHT = [[0x0000, 0x10ff], [0x2000, 0x200d], [0x2010, 0x201f], [0x2032, 0x2037]];
const PICTURE = "\\p{Extended_Pictographic}(?:\\ufe0f|\\p{Emoji_Modifier})?(?:[\\u{e0020}-\\u{e007f}]+)?";
const EMOJI = new RegExp(`[0-9#*]\\ufe0f?\\u20e3|\\p{Regional_Indicator}{2}|${PICTURE}(?:\\u200d${PICTURE})*`, "gu");
// Signs that are text unless a variation selector follows (©, ™, ↔).
const TEXTUAL = /^(?!\p{Emoji_Presentation})\p{Extended_Pictographic}$/u;
const HOST = "(?:[\\p{L}\\p{N}](?:[\\p{L}\\p{N}_\\-]*[\\p{L}\\p{N}])?\\.)+";
const PATH = "(?::[0-9]{1,5})?(?:[\\/?#](?:[^\\s<>\"]*[^\\s<>\"'.,:;!?)\\]])?)?";
const URLS = new RegExp(`(?<![@\\p{L}\\p{N}$#.\\/_\\-])(?<scheme>https?:\\/\\/)?${HOST}\\p{L}{2,24}(?![\\p{L}\\p{N}@])${PATH}`, "giu");

function weight(given) {
  const text = given.normalize("NFC");
  let total = 0;
  let place = 0;
  for (const found of text.matchAll(URLS)) {
    total += plain(text.slice(place, found.index));
    total += found.groups.scheme ? LINK : Math.max(LINK, plain(found[0]));
    place = found.index + found[0].length;
  }
  return total + plain(text.slice(place));
}

function plain(text) {
  let total = 0;
  let place = 0;
  for (const found of text.matchAll(EMOJI)) {
    if (TEXTUAL.test(found[0])) continue;
    total += letters(text.slice(place, found.index)) + 2;
    place = found.index + found[0].length;
  }
  return total + letters(text.slice(place));
}

const letters = (text) => [...text].reduce((sum, char) => sum + one(char.codePointAt(0)), 0);
const one = (code) => (LIGHT.some(([low, high]) => low <= code && code <= high) ? 1 : 2);
