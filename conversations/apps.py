"""Conversations, messages and the agents' inbox."""

from django.apps import AppConfig


class ConversationsConfig(AppConfig):
    """Conversations, messages and the agents' inbox."""

    name = "conversations"
