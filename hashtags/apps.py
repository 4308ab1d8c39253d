"""Hashtag chats: scheduled questions in public, and what everybody answers."""

from django.apps import AppConfig


class HashtagsConfig(AppConfig):
    """Answers reach the inbox only when somebody opens them there."""

    name = "hashtags"
