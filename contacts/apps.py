"""People, their addresses, consent, attributes and segments."""

from django.apps import AppConfig


class ContactsConfig(AppConfig):
    """People, their addresses, consent, attributes and segments."""

    name = "contacts"
