// Characters outside GSM-7 that look like some inside: the table and the rules of channels_sms/lookalikes.py.

import { GSM, segment } from "./inbox/segments.js";

const GROUPS = [
  ["\"", "“”„‟«»″〝〞〟❝❞＂"],
  ["'", "‘’‚‛‹›′´`ʹʻʼʽˈ❛❜"],
  ["-", "‐‑‒–—―−⁃﹘﹣"],
  ["*", "•‣●▪■◦∗"],
  [".", "·∙⋅․"],
  ["..", "‥"],
  ["...", "…"],
  [" ", "\t\u00a0\u1680\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"],
  ["\n", "\u000b\u0085\u2028\u2029"],
  ["", "\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\ufeff"],
  ["/", "⁄∕"],
  ["|", "¦∣"],
  ["~", "˜∼"],
  ["^", "ˆ"],
  ["x", "×"],
  ["!!", "‼"],
  ["??", "⁇"],
  ["?!", "⁈"],
  ["!?", "⁉"],
  ["No", "№"],
  ["TM", "™"],
  ["IJ", "Ĳ"],
  ["ij", "ĳ"],
  ["s", "ſ"],
  ["ff", "ﬀ"],
  ["fi", "ﬁ"],
  ["fl", "ﬂ"],
  ["ffi", "ﬃ"],
  ["ffl", "ﬄ"],
  ["st", "ﬅﬆ"],
  ["£", "￡"],
  ["¥", "￥"],
  ["A", "Α"],
  ["B", "Β"],
  ["E", "Ε"],
  ["Z", "Ζ"],
  ["H", "Η"],
  ["I", "Ι"],
  ["K", "Κ"],
  ["M", "Μ"],
  ["N", "Ν"],
  ["O", "Ο"],
  ["P", "Ρ"],
  ["T", "Τ"],
  ["Y", "Υ"],
  ["X", "Χ"],
];
const TABLE = new Map(GROUPS.flatMap(([twin, characters]) => [...characters].map((char) => [char, twin])));
for (let code = 0xff01; code < 0xff5f; code += 1) if (code !== 0xff40 && !TABLE.has(String.fromCharCode(code))) TABLE.set(String.fromCharCode(code), String.fromCharCode(code - 0xfee0));
const BARE = { "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "ħ": "h", "Ħ": "H", "ŧ": "t", "Ŧ": "T", "ı": "i", "œ": "oe", "Œ": "OE", "ẞ": "ß", "ŀ": "l", "Ŀ": "L", "ŉ": "'n" };

const fits = (text) => [...text].every((char) => GSM.has(char));

function twin(char, accents) {
  if (GSM.has(char)) return char;
  if (TABLE.has(char)) return TABLE.get(char);
  if (!accents) return char;
  const bare = BARE[char] ?? char.normalize("NFD").replace(/[\u0300-\u036f]/g, "");
  return TABLE.get(bare) ?? bare;
}

/** The text with look-alikes ("off", "on" or "accents"); as given unless all of it then fits. */
export function swapped(text, swaps) {
  const composed = text.normalize("NFC");
  if (swaps === "off" || !swaps || fits(composed)) return text;
  const made = [...composed].map((char) => twin(char, swaps === "accents")).join("");
  if (!fits(made) || segment(made).segments > segment(composed).segments || !made.trim()) return text;
  return made;
}

/** Those of a text's characters that are gone in another, each once, spaces between; ␣ for what cannot be seen. */
export function letters(text, made) {
  const kept = new Set(made);
  const gone = [...text.normalize("NFC")].filter((char) => !kept.has(char));
  return [...new Set(gone.map((char) => (/[\s\p{C}\p{Z}]/u.test(char) ? "␣" : char)))].join(" ");
}

/** The smallest change by hand that saves an SMS: {text, letters, before, after}; null when none does. */
export function offered(text) {
  for (const swaps of ["on", "accents"]) {
    const made = swapped(text, swaps);
    if (made === text) continue;
    const [before, after] = [segment(text).segments, segment(made).segments];
    return after < before ? { text: made, letters: letters(text, made), before, after } : null;
  }
  return null;
}

/** Characters that make every SMS hold less, each once. */
export const costly = (text) => [...new Set([...text.normalize("NFC")].filter((char) => !GSM.has(char)))];
