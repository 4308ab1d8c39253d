"""What was said in the demo's conversations. An invented shop for outdoor equipment."""

# ruff: noqa: E501

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """One line: who speaks (``customer``, ``agent``, ``note``) and minutes since the line before.

    ``state`` and ``error`` tell what became of an agent's line on its way out. ``was``: what it said
    before the customer changed it; ``emoji``: the other side's reaction; ``subject``, ``html`` and
    ``file`` (a name) are what a mail has beside its text.
    """

    who: str
    gap: int
    text: str
    state: str = "delivered"
    error: tuple[str, str, str] = ("", "", "")
    was: str = ""
    emoji: str = ""
    subject: str = ""
    html: str = ""
    file: str = ""


@dataclass(frozen=True, slots=True)
class Script:
    """A conversation. ``ago``: minutes between its last line and now.

    ``agent`` is a login's key or empty; ``queued``: waits for an agent to be given to. ``kind`` is
    its channel's, ``who`` the name of the customer where it must be this one.
    """

    language: str
    status: str
    ago: int
    lines: tuple[Line, ...]
    agent: str = ""
    queued: bool = False
    labels: tuple[str, ...] = ()
    team: str = ""
    priority: int = 0
    unread: bool = False
    snoozed_hours: int = 0
    campaign: bool = False
    draft: str = ""
    kind: str = "twilio_sms"
    who: str = ""
    public: bool = False


def c(gap: int, text: str) -> Line:
    """The customer says."""
    return Line("customer", gap, text)


def a(
    gap: int, text: str, state: str = "delivered", error: tuple[str, str, str] = ("", "", "")
) -> Line:
    """The agent answers."""
    return Line("agent", gap, text, state, error)


def n(gap: int, text: str) -> Line:
    """The agent leaves a note for colleagues."""
    return Line("note", gap, text)


LANDLINE = ("Rejected", "30006", "Landline or unreachable carrier")
UNCLEAR = ("Ambiguous", "", "The provider did not answer in time.")

SCRIPTS = (
    # --- Open, with somebody -------------------------------------------------------------------
    Script("en", "open", 6, (
        c(0, "Hi! My tent arrived today but one of the poles is cracked right at the joint."),
        a(4, "Oh no, sorry about that! Could you tell me the order number and which pole it is?"),
        c(3, "Order 48213. The long curved one, number 3 on the bag."),
        a(2, "Thank you. I can send a new pole today, it should be with you by Thursday. Is the address on the order still right?"),
        n(0, "Third cracked pole of this batch. Told the warehouse to check lot 7-22."),
        c(5, "Yes same address. Thursday is cutting it close, we leave Friday morning 😬"),
    ), "ben", labels=("Order", "Fault"), team="Support", priority=2, unread=True),
    Script("es", "open", 11, (
        c(0, "Buenas tardes, pedí unas botas talla 42 y me llegaron en la 40"),
        a(6, "¡Hola! Disculpe la confusión. ¿Me puede decir el número de pedido?"),
        c(2, "Es el 48177"),
        a(3, "Gracias. Ya le preparé el cambio: hoy mismo le envío por correo la etiqueta para devolver las de la 40, y la 42 sale mañana."),
        c(4, "Perfecto, muchas gracias. ¿Y si no estoy en casa cuando pasen a recogerlas?"),
    ), "ana", labels=("Return",), team="Orders", unread=True),
    Script("en", "open", 34, (
        c(0, "Do you have the Kestrel 45 backpack in green?"),
        a(9, "Hello! The green one is back in stock since this morning. Shall I put one aside for you?"),
        c(12, "Yes please, until tomorrow evening if you can"),
        a(3, "Done, it is reserved until tomorrow 8 pm. Just tell them your name at the counter."),
    ), "ben", labels=("Product",)),
    Script("es", "open", 52, (
        c(0, "Hola, quería saber si el saco de dormir Ladera aguanta bajo cero"),
        a(7, "¡Hola! Su temperatura de confort es de 2 °C y la límite de -4 °C. Para dormir bien bajo cero le recomiendo el Ladera Pro."),
        c(8, "Y cuánto pesa el Pro?"),
        a(2, "1.150 gramos, unos 200 más que el normal. Comprimido ocupa 7 litros.", "sent"),
    ), "ana", labels=("Product",)),
    Script("en", "open", 75, (
        c(0, "I was charged twice for order 48090. Please fix this today."),
        a(5, "I am sorry, I see two charges of $129. One is a reservation by your bank that falls away by itself, let me make sure."),
        n(6, "Payment team confirms: only one capture. Reservation expires tomorrow."),
        a(2, "Confirmed: we only took the money once. The second one is a hold and disappears by tomorrow. Would you like that in writing by e-mail?"),
        c(15, "Yes, send it to me please."),
    ), "chidi", labels=("Payment",), priority=1, unread=True,
        draft="Of course! I have just sent it to the address of your order. "),
    Script("en", "open", 128, (
        c(0, "Can I still change the delivery address for 48201? We moved last week"),
        a(11, "Yes, it has not left yet. What is the new address?"),
        c(6, "27 Larkspur Lane, same town"),
        a(4, "All set! It ships tomorrow to 27 Larkspur Lane."),
        c(3, "You are the best, thank you!"),
    ), "chidi", labels=("Order",), team="Orders"),
    Script("es", "open", 190, (
        c(0, "Buenos días, mi paquete aparece como entregado pero aquí no ha llegado nada 😕"),
        a(8, "Buenos días. Lamento la molestia. ¿Puede revisar si lo dejaron con algún vecino o en la portería?"),
        c(21, "Ya pregunté y nadie lo tiene"),
        n(2, "Abrí reclamo con la paquetería, caso R-5521. Responden en 24 h."),
        a(3, "Abrí un reclamo con la empresa de paquetería. Mañana a más tardar le digo qué pasó, y si está perdido le enviamos otro sin costo."),
    ), "ana", labels=("Order", "Delivery"), team="Orders", priority=1),
    Script("en", "open", 240, (
        c(0, "What is the warranty on the Ridgeline jacket?"),
        a(14, "Hello! Two years on seams and zips, and for the membrane as long as you own it."),
        a(1, "You can find the details here: https://alderpine.example/warranty", "failed", LANDLINE),
    ), "ben", labels=("Product",)),
    Script("en", "open", 330, (
        c(0, "Is your Portland store open on Sunday?"),
        a(10, "Yes, from 10 am to 6 pm. See you there!", "unknown", UNCLEAR),
    ), "chidi"),
    # --- Open, waiting for somebody --------------------------------------------------------------
    Script("en", "open", 3, (
        c(0, "Hello, is anybody there? I need to cancel order 48230 before it ships"),
    ), queued=True, labels=("Order",), priority=2),
    Script("es", "open", 9, (
        c(0, "Hola! Tienen bastones de trekking para niños?"),
        c(1, "Para 8 y 10 años"),
    ), queued=True),
    Script("en", "open", 17, (
        c(0, "hi, how do I wash my down jacket without ruining it"),
    ), queued=True),
    # --- Open, put aside for a team: no agent is wanted yet --------------------------------------
    Script("en", "open", 95, (
        c(0, "We are a scout group of 24 and would like to rent tents in July. Who do I talk to?"),
        n(5, "Wholesale desk is back on Monday."),
    ), team="Orders", labels=("Wholesale",)),
    Script("es", "open", 150, (
        c(0, "Me interesa abrir una tienda con sus productos en Santiago. ¿Tienen programa de distribuidores?"),
    ), team="Orders", labels=("Wholesale",)),
    # --- Pending -----------------------------------------------------------------------------------
    Script("en", "pending", 300, (
        c(0, "The zip of my Harrier pack broke after a year. Is that a warranty case?"),
        a(12, "It is. Send it to us with the label I just mailed you, and the workshop will put in a new zip."),
        c(30, "Dropped it off at the post office today."),
        a(4, "Great, I will write as soon as it has arrived."),
        n(1, "Waiting for the parcel, tracking AP-77120."),
    ), "ben", labels=("Fault",)),
    Script("es", "pending", 420, (
        c(0, "Quiero devolver la cocina de gas, no es compatible con mis cartuchos"),
        a(9, "Claro, tiene 60 días. Le mandé la etiqueta de devolución por correo."),
        c(5, "Gracias, la envío el lunes"),
        a(2, "Perfecto. En cuanto llegue le reembolsamos."),
    ), "ana", labels=("Return",), team="Orders"),
    Script("en", "pending", 610, (
        c(0, "Could you match the price of another shop for the Summit stove?"),
        a(6, "Possibly! Could you send me a link? I will ask my colleague who decides that."),
        c(9, "https://outdoor-offers.example/summit-stove"),
        n(3, "Asked Nora."),
    ), "chidi", labels=("Product",)),
    # --- Snoozed -----------------------------------------------------------------------------------
    Script("en", "snoozed", 700, (
        c(0, "When do the new trail shoes come out?"),
        a(8, "Next Tuesday! Shall I write to you when they are in?"),
        c(2, "That would be lovely"),
    ), "ben", labels=("Product",), snoozed_hours=96),
    Script("es", "snoozed", 900, (
        c(0, "¿Cuándo vuelve la carpa Nido 3 en color arena?"),
        a(10, "La esperamos para finales de la próxima semana. Le aviso en cuanto llegue."),
        c(3, "Ok, espero su mensaje 🙌"),
    ), "ana", labels=("Product",), snoozed_hours=150),
    Script("en", "snoozed", 1300, (
        c(0, "My refund for order 47801 has not arrived"),
        a(7, "It left us yesterday; banks take up to three days. I will look again tomorrow morning."),
    ), "chidi", labels=("Payment",), snoozed_hours=14),
    # --- Resolved ------------------------------------------------------------------------------------
    Script("en", "resolved", 1500, (
        c(0, "Which size of the Merino base layer should I take? 5'8, 150 lbs"),
        a(4, "M will be right. It should sit close to the skin."),
        c(2, "Ordered. Thanks!"),
        a(1, "Enjoy it!"),
    ), "ben", labels=("Product",)),
    Script("es", "resolved", 1700, (
        c(0, "Hola, no me llegó el correo de confirmación"),
        a(5, "¡Hola! El pedido está bien, lo acabo de reenviar. ¿Lo recibió?"),
        c(3, "Sí, ya llegó. Gracias!"),
    ), "ana", labels=("Order",)),
    Script("en", "resolved", 2600, (
        c(0, "Do you ship to Puerto Rico?"),
        a(6, "We do, 4 to 6 days, free from $80."),
        c(1, "👍"),
    ), "chidi", labels=("Delivery",)),
    Script("es", "resolved", 3100, (
        c(0, "¿Puedo pagar en la tienda cuando recoja el pedido?"),
        a(3, "Sí, con tarjeta o en efectivo."),
        c(1, "Buenísimo"),
    ), "ana", labels=("Payment",)),
    Script("en", "resolved", 4300, (
        c(0, "The discount code SPRING10 does not work"),
        a(9, "It begins tomorrow at midnight. I have put it on your order anyway: $12.40 less."),
        c(2, "Wow, thank you so much!"),
    ), "ben", labels=("Payment",)),
    Script("en", "resolved", 5800, (
        c(0, "Just wanted to say the rain jacket survived a week in the Highlands. Brilliant."),
        a(20, "That made our day, thank you for telling us!"),
    ), "chidi"),
    Script("es", "resolved", 7200, (
        c(0, "Necesito factura del pedido 47520 a nombre de mi empresa"),
        a(12, "Con gusto. ¿A qué nombre y con qué número fiscal?"),
        c(8, "Taller Cumbre, RNC 000-00000-0"),
        a(6, "Listo, la tiene en su correo."),
    ), "ana", labels=("Order", "Payment")),
    # --- Answers to the campaign -----------------------------------------------------------------------
    Script("en", "open", 45, (
        c(0, "Is the 20% also on the Kestrel packs?"),
        a(6, "It is, on everything of the trail collection. Until Sunday!"),
        c(4, "Nice, and can I use it in the store?"),
    ), "chidi", labels=("Campaign",), campaign=True, unread=True),
    Script("es", "open", 85, (
        c(0, "Hola, el descuento también vale para calzado?"),
        a(5, "¡Hola! Sí, para toda la colección de senderismo, botas incluidas."),
        c(9, "Genial, gracias"),
    ), "ana", labels=("Campaign",), campaign=True),
    Script("en", "resolved", 1400, (
        c(0, "Yes please, count me in for the trail day!"),
        a(7, "You are on the list. Saturday 9 am at the lower car park."),
        c(2, "See you there"),
    ), "ben", labels=("Campaign",), campaign=True),
    Script("es", "resolved", 1450, (
        c(0, "Ya compré dos pares con el descuento, gracias por avisar"),
        a(3, "¡Qué bueno! Que los disfrute."),
    ), "ana", labels=("Campaign",), campaign=True),
)  # fmt: skip
