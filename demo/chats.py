"""What was said on the demo's other channels. The people are those whose phones can be tried."""

# ruff: noqa: E501

from dataclasses import replace

from demo.scripts import Line, Script, a, c, n

CARMEN, DANIEL, EMMA, JAVIER = "Carmen Ruiz", "Daniel Kim", "Emma Clarke", "Javier Ortega"
LUCIA, MAYA, OLIVER, SOFIA = "Lucía Fernández", "Maya Johnson", "Oliver Hughes", "Sofía Ramírez"
READ = "read"
ORDER_MAIL = """<div style="font-family:Georgia,serif;color:#243b2f">
<p>Hi there,</p>
<p>two things about <b>order 48166</b> before I lose track of them:</p>
<table cellpadding="6" style="border-collapse:collapse">
<tr style="background:#e6efe9"><th align="left">Item</th><th align="right">Ordered</th><th align="right">Arrived</th></tr>
<tr><td>Summit stove</td><td align="right">2</td><td align="right">2</td></tr>
<tr><td>Gas cartridge 230&nbsp;g</td><td align="right">6</td><td align="right" style="color:#a5341f"><b>4</b></td></tr>
</table>
<ol><li>Could you send the two missing cartridges?</li>
<li>The delivery note is attached. It lists all six.</li></ol>
<p>Thanks,<br>Daniel</p></div>"""


def mail(line: Line, subject: str, html: str = "", file: str = "") -> Line:
    """The line as a mail."""
    return replace(line, subject=subject, html=html, file=file)


CHATS = (
    # --- One person on three channels ----------------------------------------------------------
    Script("es", "open", 14, (
        replace(c(0, "Hola, ¿la chaqueta Ladera la tienen en la talla 38?"), was="Hola, ¿la chaqueta Ladera la tienen en la talla 36?"),
        a(5, "¡Hola, Carmen! Sí, quedan dos en verde y una en gris. ¿Le aparto una?", READ),
        c(2, "La verde, por favor 💚"),
        replace(a(1, "Apartada hasta el sábado. La espera en la caja con su nombre.", READ), emoji="❤️"),
        c(6, "¿Puedo pasar también el domingo?"),
    ), "ana", labels=("Product",), unread=True, kind="whatsapp", who=CARMEN),
    Script("es", "resolved", 4600, (
        c(0, "Buenas, ¿a qué hora cierran hoy?"),
        a(3, "A las ocho. ¡La esperamos!"),
        c(1, "Perfecto"),
    ), "ana", kind="telegram", who=CARMEN),
    Script("es", "pending", 1750, (
        mail(c(0, "Hola:\n\nNecesito la factura del pedido 48012 a nombre de mi empresa, Viveros Ruiz. Los datos fiscales son los de siempre.\n\nUn saludo,\nCarmen"), "Factura del pedido 48012"),
        mail(a(40, "Hola, Carmen:\n\nYa la pedimos a contabilidad. Mañana se la enviamos por aquí.\n\nUn saludo,\nAna", "sent"), "Re: Factura del pedido 48012"),
    ), "ana", labels=("Payment",), team="Orders", kind="email", who=CARMEN),
    # --- WhatsApp, its 24 hours over -------------------------------------------------------------
    Script("en", "open", 50, (
        c(0, "Hi, has my repaired backpack left your workshop yet? Order 47950"),
        a(12, "Not yet, the new buckle arrives on Wednesday. We will write as soon as it is on its way.", READ),
        c(2, "Great, thanks"),
        a(1, "You are welcome, Emma!", READ),
        n(2900, "It leaves today, tracking AP-77163. Her 24 hours are over: a template reaches her."),
    ), "ben", labels=("Order",), kind="whatsapp", who=EMMA),
    # --- A mail with a table and a file ------------------------------------------------------------
    Script("en", "open", 38, (
        mail(c(0, "Hi there,\n\ntwo things about order 48166 before I lose track of them:\n\nSummit stove: ordered 2, arrived 2\nGas cartridge 230 g: ordered 6, arrived 4\n\n1. Could you send the two missing cartridges?\n2. The delivery note is attached. It lists all six."), "Two cartridges missing in order 48166", ORDER_MAIL, "delivery-note-48166.pdf"),
    ), "chidi", labels=("Order", "Delivery"), team="Orders", priority=1, unread=True, kind="email", who=DANIEL),
    # --- In public -----------------------------------------------------------------------------------
    Script("en", "open", 21, (
        c(0, "@alderpine three weeks on the Coast to Coast and the Ridgeline jacket never let a drop in. Do you still make it in yellow?"),
    ), queued=True, labels=("Product",), kind="x", who=OLIVER, public=True),
    Script("en", "resolved", 3300, (
        c(0, "Do you have a student discount?"),
        a(9, "We do: 10 % with a valid card, in the store and online."),
    ), "chidi", kind="x", who=MAYA),
    # --- Other apps --------------------------------------------------------------------------------
    Script("es", "open", 63, (
        c(0, "Hola, ¿dan clases de escalada para principiantes?"),
        replace(a(8, "¡Hola, Javier! Sí, el primer sábado de cada mes, con el material incluido. Quedan cuatro plazas.", READ), emoji="👍"),
        c(3, "Apúntenme a dos plazas, por favor"),
    ), "ana", labels=("Product",), unread=True, kind="messenger", who=JAVIER),
    Script("es", "open", 105, (
        c(0, "Me encantó la carpa de su última foto 😍 ¿Cómo se llama?"),
        a(6, "¡Gracias! Es la Nido 3 en arena. Vuelve a finales de la semana que viene.", READ),
    ), "ana", labels=("Product",), kind="instagram", who=LUCIA),
    Script("es", "resolved", 2050, (
        c(0, "¿Envían a Guadalajara?"),
        a(4, "Sí, de 5 a 7 días hábiles."),
        c(1, "Gracias!"),
    ), "ana", labels=("Delivery",), kind="telegram", who=SOFIA),
    Script("en", "resolved", 5200, (
        c(0, "Is the car park by your Portland store free?"),
        a(5, "For two hours, yes.", READ),
    ), "chidi", kind="viber", who=EMMA),
    Script("en", "pending", 840, (
        c(0, "Can you ship two Kestrel 45 to Osaka? I am there until May."),
        a(7, "We can, by air, about eight days. Shall I send you the price?"),
        c(3, "Yes please"),
        n(2, "Asked the carrier for a price."),
    ), "ben", labels=("Delivery",), kind="line", who=MAYA),
    Script("en", "resolved", 6400, (
        c(0, "Do you take WeChat Pay in the store?"),
        a(6, "Not yet, but cards of all kinds."),
    ), "chidi", labels=("Payment",), kind="wechat", who=DANIEL),
)  # fmt: skip
