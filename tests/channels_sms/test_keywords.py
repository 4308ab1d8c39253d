"""Opt-out keywords: the whole message, however it is written, and nothing else."""

import pytest

from channels_sms.keywords import keyword
from gateway.events import Keyword


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("STOP", Keyword.STOP),
        ("stop", Keyword.STOP),
        (" Stop! ", Keyword.STOP),
        ("¡STOP!", Keyword.STOP),
        ("“stop”", Keyword.STOP),
        ("STOP\n", Keyword.STOP),
        ("STOPALL", Keyword.STOP),
        ("Stop  all", Keyword.STOP),
        ("unsubscribe", Keyword.STOP),
        ("CANCEL", Keyword.STOP),
        ("end.", Keyword.STOP),
        ("QUIT", Keyword.STOP),
        ("Revoke", Keyword.STOP),
        ("OPTOUT", Keyword.STOP),
        ("opt out", Keyword.STOP),
        ("Opt-Out", Keyword.STOP),
        ("opt_out", Keyword.STOP),
        ("ARRET", Keyword.STOP),
        ("Arrêt", Keyword.STOP),
        ("baja", Keyword.STOP),
        ("START", Keyword.START),
        ("unstop", Keyword.START),
        ("Alta", Keyword.START),
        ("help?", Keyword.HELP),
        ("INFO", Keyword.HELP),
        ("Ayuda", Keyword.HELP),
        ("YES", None),
        ("stop it", None),
        ("please stop", None),
        ("STOP STOP", None),
        ("don't stop", None),
        ("", None),
        ("...", None),
        ("stop" + " " * 5000, None),
    ],
)
def test_keyword(text: str, expected: Keyword | None) -> None:
    assert keyword(text) is expected
