"""Customers whose phones the demo shows; the demo workspace knows them by the same numbers."""

from typing import NamedTuple


class Customer(NamedTuple):
    """A person with a phone. ``number`` in E.164, ``language`` as in the workspace."""

    number: str
    name: str
    language: str
    rcs: bool = False


CUSTOMERS = (
    Customer("+14155550114", "Lucía Fernández", "es", rcs=True),
    Customer("+447700900101", "Emma Clarke", "en"),
    Customer("+14155550111", "Maya Johnson", "en", rcs=True),
    Customer("+14155550115", "Javier Ortega", "es"),
    Customer("+447700900102", "Oliver Hughes", "en", rcs=True),
    Customer("+14155550116", "Carmen Ruiz", "es"),
    Customer("+14155550112", "Daniel Kim", "en"),
    Customer("+14155550113", "Sofía Ramírez", "es"),
)
