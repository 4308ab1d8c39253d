"""Two hundred invented customers of an invented shop, at numbers nobody has."""

import random
from dataclasses import dataclass
from datetime import date, timedelta

from simulator.customers import CUSTOMERS
from simulator.identities import identity

SEED = 20260401
COUNT = 200

WOMEN_EN = [
    "Abigail", "Amelia", "Beth", "Charlotte", "Daisy", "Eleanor", "Fiona", "Grace", "Hannah",
    "Imogen", "Julia", "Keira", "Laura", "Maggie", "Naomi", "Olivia", "Phoebe", "Rachel",
    "Sophie", "Tessa",
]  # fmt: skip
MEN_EN = [
    "Aaron", "Ben", "Callum", "Daniel", "Edward", "Felix", "George", "Henry", "Isaac", "Jack",
    "Kieran", "Liam", "Marcus", "Nathan", "Oliver", "Patrick", "Ryan", "Samuel", "Theo", "William",
]  # fmt: skip
LAST_EN = [
    "Ashworth", "Bennett", "Calloway", "Doyle", "Ellison", "Fairbanks", "Garrison", "Holloway",
    "Irving", "Jennings", "Kendrick", "Lockhart", "Merrick", "Norwood", "Osborne", "Prescott",
    "Quigley", "Radcliffe", "Sinclair", "Thorne", "Underwood", "Vance", "Whitlock", "Yardley",
]  # fmt: skip
WOMEN_ES = [
    "Alba", "Beatriz", "Camila", "Daniela", "Elena", "Fernanda", "Gabriela", "Inés", "Jimena",
    "Lucía", "Marisol", "Natalia", "Paloma", "Rocío", "Sofía", "Valentina", "Ximena", "Yolanda",
]  # fmt: skip
MEN_ES = [
    "Adrián", "Bruno", "Carlos", "Diego", "Emilio", "Federico", "Gonzalo", "Héctor", "Iván",
    "Javier", "Leonardo", "Mateo", "Nicolás", "Óscar", "Pablo", "Rafael", "Sebastián", "Tomás",
]  # fmt: skip
LAST_ES = [
    "Aguirre", "Benítez", "Cárdenas", "Delgado", "Espinosa", "Figueroa", "Guerrero", "Herrera",
    "Ibarra", "Lozano", "Maldonado", "Navarro", "Ochoa", "Paredes", "Quintana", "Rosario",
    "Salazar", "Tejada", "Urbina", "Villalobos",
]  # fmt: skip

# How many of a hundred live where, and the area codes whose 555-0100 to 555-0199 they use.
COUNTRIES = {"US": 45, "PR": 15, "GB": 16, "CA": 14, "DO": 10}
AREA_CODES = {
    "US": ("212", "305", "312", "313", "503", "512", "617", "702"),
    "PR": ("787", "939"),
    "CA": ("416", "514", "604"),
    "DO": ("809", "829", "849"),
}
TIMEZONES = {
    "US": ("America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles"),
    "PR": ("America/Puerto_Rico",),
    "GB": ("Europe/London",),
    "CA": ("America/Toronto", "America/Vancouver"),
    "DO": ("America/Santo_Domingo",),
}
SPANISH = {"US": 0.35, "PR": 0.95, "GB": 0.04, "CA": 0.04, "DO": 1.0}


@dataclass(frozen=True, slots=True)
class Person:
    """An invented customer; ``phone`` or ``email`` may be empty, never both."""

    name: str
    gender: str
    language: str
    country: str
    timezone: str
    birth_date: date | None
    phone: str
    email: str
    tier: str
    orders: int
    days_known: int


# The people whose phones the simulator shows: gender, country, time zone.
KNOWN = {
    "Lucía Fernández": ("female", "ES", "Europe/Madrid"),
    "Emma Clarke": ("female", "GB", "Europe/London"),
    "Maya Johnson": ("female", "US", "America/Los_Angeles"),
    "Javier Ortega": ("male", "ES", "Europe/Madrid"),
    "Oliver Hughes": ("male", "GB", "Europe/London"),
    "Carmen Ruiz": ("female", "ES", "Europe/Madrid"),
    "Daniel Kim": ("male", "US", "America/Los_Angeles"),
    "Sofía Ramírez": ("female", "MX", "America/Mexico_City"),
}


def invent(today: date) -> list[Person]:
    """The same people on every call; only their ages follow the calendar.

    The first ones are those whose phones the simulator shows.
    """
    dice = random.Random(SEED)
    numbers = {country: _numbers(country) for country in COUNTRIES}
    known = [_known(place, dice, today) for place in range(len(CUSTOMERS))]
    names = {person.name for person in known}
    others = range(len(known), COUNT)
    return known + [_person(place, dice, numbers, names, today) for place in others]


def _known(place: int, dice: random.Random, today: date) -> Person:
    customer = CUSTOMERS[place]
    gender, country, timezone = KNOWN.get(customer.name, ("", "US", "America/New_York"))
    return Person(
        name=customer.name,
        gender=gender,
        language=customer.language,
        country=country,
        timezone=timezone,
        birth_date=today - timedelta(days=dice.randint(22 * 365, 60 * 365)),
        phone=customer.number,
        email=identity("email", customer.number),
        tier=("gold", "silver", "bronze")[place % 3],
        orders=dice.randint(3, 25),
        days_known=dice.randint(60, 700),
    )


def _numbers(country: str) -> list[str]:
    if country == "GB":
        # Ofcom: 07700 900000 to 900999 for drama use.
        return [f"+447700900{number:03d}" for number in range(999, 199, -7)]
    # NANPA: 555-0100 to 555-0199 for fictional use, in every area code.
    return [f"+1{code}55501{n:02d}" for n in range(99, 9, -3) for code in AREA_CODES[country]]


def _person(
    place: int,
    dice: random.Random,
    numbers: dict[str, list[str]],
    names: set[str],
    today: date,
) -> Person:
    country = dice.choices(list(COUNTRIES), list(COUNTRIES.values()))[0]
    language = "es" if dice.random() < SPANISH[country] else "en"
    gender = dice.choices(["female", "male", "other", ""], [48, 46, 2, 4])[0]
    name = _name(language, gender, dice, names)
    tier = dice.choices(["bronze", "silver", "gold", ""], [50, 28, 16, 6])[0]
    age = timedelta(days=dice.randint(18 * 365, 79 * 365))
    # A few never gave a number, a few never a mailbox; every twenty-ninth is only a number.
    nameless = place % 29 == 28
    phone = "" if place % 25 == 24 and not nameless else numbers[country].pop()
    mailbox = dice.random() < 0.65 or not phone
    return Person(
        name="" if nameless else name,
        gender=gender,
        language=language,
        country=country,
        timezone=dice.choice(TIMEZONES[country]),
        birth_date=None if nameless or dice.random() < 0.08 else today - age,
        phone=phone,
        email=f"{_plain(name)}@example.com" if mailbox and not nameless else "",
        tier=tier,
        orders=dice.randint(
            *{"gold": (12, 60), "silver": (5, 14), "bronze": (1, 6)}.get(tier, (0, 1))
        ),
        days_known=dice.randint(3, 700),
    )


def _name(language: str, gender: str, dice: random.Random, taken: set[str]) -> str:
    women, men, last = (
        (WOMEN_ES, MEN_ES, LAST_ES) if language == "es" else (WOMEN_EN, MEN_EN, LAST_EN)
    )
    first = women if gender == "female" else men if gender == "male" else women + men
    while True:
        name = f"{dice.choice(first)} {dice.choice(last)}"
        if language == "es" and dice.random() < 0.4:
            name += f" {dice.choice(last)}"
        if name not in taken:
            taken.add(name)
            return name


def _plain(name: str) -> str:
    table = str.maketrans("áéíóúüñÁÉÍÓÚÑ", "aeiouunAEIOUN")
    return ".".join(name.translate(table).lower().split())
