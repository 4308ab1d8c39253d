"""How people close a mail, and what telephones put below it, in the languages of our customers."""

import re

WORDS = (
    # English, Spanish, Catalan, Portuguese
    "best regards|kind regards|regards|best|best wishes|warm regards|many thanks|thanks|thank you"
    "|thanks in advance|cheers|sincerely|yours sincerely|yours faithfully|all the best"
    "|saludos|un saludo|saludos cordiales|un cordial saludo|atentamente|muy atentamente|gracias"
    "|muchas gracias|gracias de antemano|un abrazo|cordialmente|reciba un cordial saludo"
    "|salutacions|una salutació|atentament|gràcies|moltes gràcies"
    "|atenciosamente|cumprimentos|com os melhores cumprimentos|obrigado|obrigada|abraços"
    # French, Italian, German, Dutch
    "|cordialement|bien cordialement|bien à vous|salutations|sincères salutations|merci"
    "|merci d'avance|cordiali saluti|distinti saluti|saluti|un saluto|grazie|grazie mille"
    "|mit freundlichen grüßen|mit freundlichem gruß|freundliche grüße|viele grüße|liebe grüße"
    "|beste grüße|mfg|lg|vg|gruß|grüße|danke|vielen dank|mit freundlichen gruessen"
    "|met vriendelijke groet|met vriendelijke groeten|vriendelijke groeten|groeten|bedankt|mvg"
    # Danish, Norwegian, Swedish, Finnish
    "|med venlig hilsen|venlig hilsen|mvh|med vennlig hilsen|hilsen|hälsningar"
    "|med vänliga hälsningar|vänliga hälsningar|ystävällisin terveisin|terveisin"
    # Polish, Czech, Romanian, Hungarian, Turkish
    "|pozdrawiam|z poważaniem|serdecznie pozdrawiam|dziękuję"
    "|s pozdravem|děkuji|s přátelským pozdravem"
    "|cu stimă|cu respect|mulțumesc|üdvözlettel|tisztelettel"
    "|saygılarımla|iyi çalışmalar|teşekkürler"
    # Russian, Ukrainian, Greek
    "|с уважением|всего доброго|спасибо|з повагою|дякую|με εκτίμηση|ευχαριστώ"
    # Japanese, Chinese, Korean
    "|よろしくお願いします|よろしくお願いいたします|敬具|此致|敬礼|谢谢|祝好|谢谢您|謝謝|감사합니다"
)
CLOSINGS = frozenset(WORDS.split("|"))
SENT_FROM = re.compile(
    r"^(?:sent (?:from|via|with) (?:my |outlook|yahoo|proton|gmail|mail for|samsung|a mobile)"
    r"|get outlook for|obtener outlook para|obtenir outlook|télécharger outlook"
    r"|outlook für (?:ios|android)|ottieni outlook|outlook voor (?:ios|android)"
    r"|enviado (?:desde|con|do) (?:mi |el |meu |yahoo|outlook|proton|correo)|enviat des d"
    r"|envoyé (?:de|depuis|à partir de) (?:mon |outlook|yahoo|l)"
    r"|von meinem .{2,40} gesendet|gesendet (?:von|mit|über) "
    r"|inviato (?:da|dal) |verzonden (?:vanaf|met|via) |skickat från |sendt fra |lähetetty "
    r"|wysłane z |wysłano z |odesláno z |отправлено (?:с|из) |надіслано з "
    r"|iphone'umdan gönderildi|iphoneから送信|发自我的|從我的 ?iphone|나의 .{2,20}에서 보냄)",
    re.IGNORECASE,
)


def is_closing(line: str) -> bool:
    """Whether the line is nothing but a closing."""
    return line.strip().rstrip(",.!;，。 -–—").lower() in CLOSINGS


def is_sent_from(line: str) -> bool:
    """Whether a mailer wrote this line, to say which it is."""
    return len(line) <= 120 and SENT_FROM.match(line.strip().lstrip("[(*")) is not None
