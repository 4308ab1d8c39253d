// How many SMS a text becomes, counted as the server counts (channels_sms/segments.py).

const BASIC = new Set("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà");
const EXTENSION = new Set("\f^{}\\[~]|€");
export const GSM = new Set([...BASIC, ...EXTENSION]);

/** {encoding, units, segments, remaining} of a text; an empty one is no segment. */
export function segment(given) {
  const characters = [...given.normalize("NFC")];
  const gsm = characters.every((char) => GSM.has(char));
  const widths = characters.map((char) => (gsm ? (EXTENSION.has(char) ? 2 : 1) : char.length));
  const units = widths.reduce((sum, width) => sum + width, 0);
  const [single, part] = gsm ? [160, 153] : [70, 67];
  const encoding = gsm ? "GSM-7" : "UCS-2";
  if (units <= single) return { encoding, units, segments: units ? 1 : 0, remaining: single - units };
  let segments = 1;
  let used = 0;
  for (const width of widths) {
    if (used + width > part) { segments += 1; used = 0; }
    used += width;
  }
  return { encoding, units, segments, remaining: part - used };
}
