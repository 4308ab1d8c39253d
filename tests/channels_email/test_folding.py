"""What is new in a mail is shown; quotes and signature are folded, and nothing is lost."""

import pytest

from channels_email.parsing.flowed import unflowed
from channels_email.parsing.folding import fold
from channels_email.parsing.html_text import text_of_html

NEW = "Yes, please."
# The line before a quote, as mail programs write it in their language.
INTRODUCTIONS = [
    "On Mon, Nov 16, 2026 at 5:00 PM Shop <support@shop.example> wrote:",
    "On Mon, Nov 16, 2026 at 5:00 PM Shop\n<support@shop.example> wrote:",
    "El lun, 16 nov 2026 a las 17:00, Tienda (<support@shop.example>)\nescribió:",
    "El dl., 16 de nov. 2026, Botiga va escriure:",
    "Em seg., 16 de nov. de 2026 às 17:00, Loja <support@shop.example>\nescreveu:",
    "Le lun. 16 nov. 2026 à 17:00, Boutique <support@shop.example> a écrit :",
    "Am Mo., 16. Nov. 2026 um 17:00 Uhr schrieb Laden <support@shop.example>:",
    "Il giorno lun 16 nov 2026 alle ore 17:00 Negozio <support@shop.example> ha scritto:",
    "Op ma 16 nov 2026 om 17:00 schreef Winkel <support@shop.example>:",
    "W dniu 16.11.2026 o 17:00, Sklep pisze:",
    "pon., 16 lis 2026 o 17:00 Sklep <support@shop.example> napisał(a):",
    "Den mån 16 nov. 2026 kl 17:00 skrev Butik <support@shop.example>:",
    "Dne po 16. 11. 2026 17:00 Obchod napsal(a):",
    "пн, 16 нояб. 2026 г. в 17:00, Магазин <support@shop.example>:\n".strip()[:-1] + " пишет:",
    "16 Kas 2026 Pzt 17:00 tarihinde Dükkan <support@shop.example> şunu yazdı:",
    "2026年11月16日(月) 17:00 店 <support@shop.example>:",
    "商店 <support@shop.example> 于2026年11月16日周一 写道：",
]


@pytest.mark.parametrize("introduction", INTRODUCTIONS)
def test_what_is_quoted_is_folded(introduction: str) -> None:
    quote = f"{introduction}\n\n> Shall we send it?\n> -- \n> Shop"
    folded = fold(f"{NEW}\n\n{quote}\n")
    assert folded.new == NEW
    assert folded.folded == quote


HEADS = [
    "From: Shop <support@shop.example>\nSent: Monday\nTo: Ana\nSubject: Order",
    "Von: Shop\nGesendet: Montag, 16. November 2026\nAn: Ana\nBetreff: Bestellung",
    "De: Tienda\nEnviado el: lunes\nPara: Ana\nAsunto: Pedido",
    "*De :* Boutique\n*Envoyé :* lundi\n*À :* Ana\n*Objet :* Commande",
    "-----Original Message-----\nFrom: Shop\nSent: Monday",
    "________________________________\nFrom: Shop\nSent: Monday\nTo: Ana",
    "发件人： 商店\n发送时间： 2026年11月16日\n收件人： Ana\n主题： 订单",
]


@pytest.mark.parametrize("head", HEADS)
def test_what_outlook_quotes_is_folded(head: str) -> None:
    folded = fold(f"{NEW}\n\n{head}\n\nShall we send it?")
    assert (folded.new, folded.folded) == (NEW, f"{head}\n\nShall we send it?")


SIGNATURES = [
    "-- \nAna\n+34 600 123 456",
    "--\nAna",
    "Best regards,\nAna García\nCustomer Ltd.",
    "Un saludo,\nAna",
    "Mit freundlichen Grüßen\n\nAna García",
    "Cordialement\nAna",
    "Met vriendelijke groet,\nAna",
    "С уважением,\nАна",
    "Sent from my iPhone",
    "Enviado desde mi iPhone",
    "Von meinem iPad gesendet",
    "Get Outlook for Android<https://aka.example>",
]


@pytest.mark.parametrize("signature", SIGNATURES)
def test_a_signature_is_folded(signature: str) -> None:
    folded = fold(f"{NEW}\n\n{signature}\n")
    assert (folded.new, folded.folded) == (NEW, signature)


KEPT = [
    # Words that only look like a signature or a quote.
    "Thanks, that works.\nBut what about the second parcel?",
    "Gracias\nPero, ¿y el segundo paquete?",
    "My list:\n- one\n- two\n- three",
    "On Monday I wrote:\nnothing",
    "From: Madrid\nI want to travel to Rome.",
    "Take a look.\nKind of broken.\n/usr/bin is full",
    "El perro escribió",
    "> only a quote",
    "I want a > b",
]


@pytest.mark.parametrize("text", KEPT)
def test_words_of_ones_own_are_never_folded(text: str) -> None:
    assert (fold(text).new, fold(text).folded) == (text, "")


def test_answers_between_the_lines_stay_with_what_they_answer() -> None:
    text = "On Mon, Shop wrote:\n> Colour?\nBlue.\n> Size?\nLarge.\n\n-- \nAna"
    folded = fold(text)
    assert folded.new == "On Mon, Shop wrote:\n> Colour?\nBlue.\n> Size?\nLarge."
    assert folded.folded == "-- \nAna"


def test_an_answer_below_the_quote() -> None:
    folded = fold("On Mon, Shop wrote:\n> Colour?\n> Size?\n\nBlue, large.")
    assert (folded.new, folded.folded) == (
        "Blue, large.",
        "On Mon, Shop wrote:\n> Colour?\n> Size?",
    )


def test_a_quote_that_nothing_introduces() -> None:
    assert fold("Blue.\n\n> Colour?\n>\n> Shop").folded == "> Colour?\n>\n> Shop"


def test_a_forwarded_mail_is_what_is_new() -> None:
    text = "Look:\n\n---------- Forwarded message ---------\nFrom: x\nTo: y\n\nhello"
    assert fold(text, "Fwd: hello").new == text
    assert fold(text, "RV: hello").new == text


def test_very_long_mails_are_read_within_bounds() -> None:
    folded = fold("\n".join(f"On line {n} a b wrote" for n in range(20_000)))
    assert folded.new.count("\n") == 1_999
    assert folded.folded.count("\n") == 17_999
    assert fold("On " + "x " * 50_000 + "wrote:").new.startswith("On x")
    assert fold("\n" * 100_000 + "x" + "\n" * 100_000).new == "x"


HTML = {
    "<p>Hel<b>lo</b>  <i>you</i>.</p>": "Hello you.",
    "a<br>b<br><br>c": "a\nb\n\nc",
    "<div>a</div><div>b</div><div><br></div><div>c</div>": "a\nb\n\nc",
    "<p>a</p><p>b</p>": "a\n\nb",
    "<ul><li>one</li><li>two</li></ul>": "• one\n• two",
    "<table><tr><td>Name</td><td>Price</td></tr><tr><td>Tea</td><td>3 €</td></tr></table>": (
        "Name Price\nTea 3 €"
    ),
    "<pre>a\n  b</pre>": "a\n  b",
    "<a href='https://x.example/a'>here</a>": "here <https://x.example/a>",
    "<a href='https://x.example/'>x.example</a>": "x.example",
    "<a href='mailto:a@b.example'>a@b.example</a>": "a@b.example",
    "<a href='javascript:alert(1)'>x</a>": "x",
    "<blockquote>a<blockquote>b</blockquote></blockquote>c": "> a\n>\n>> b\nc",
    "<style>p{}</style><script>x</script><title>t</title>a<!-- c -->b": "ab",
    "<div style='display:none'>preheader</div>a<span hidden>b</span>": "a",
    "<img alt='Logo' src=x> Shop": "Logo Shop",
    "&lt;b&gt; &amp;amp; &nbsp;&euro;": "<b> &amp;  €",
    "zero\u200bwidth&shy;": "zerowidth",
    "<p>unclosed <b>tags <p>here": "unclosed tags\n\nhere",
    "": "",
    "<?xml version='1.0' encoding='utf-16'?><p>x</p>": "x",
    "just words": "just words",
}


@pytest.mark.parametrize("html", HTML)
def test_html_as_text(html: str) -> None:
    assert text_of_html(html) == HTML[html]


def test_what_is_nested_too_deeply_is_read_without_layout() -> None:
    assert "deep down" in text_of_html("<div>" * 50_000 + "deep down")


def test_flowed_lines_are_put_together() -> None:
    text = "one \ntwo\n> three \n> four\n>> five \n> six\n-- \nAna \nB"
    assert unflowed(text, delsp=False) == "one two\n> three four\n>> five \n> six\n-- \nAna B"
    assert unflowed("on \ne", delsp=True) == "one"
    assert unflowed(" stuffed\n>x", delsp=False) == "stuffed\n> x"
