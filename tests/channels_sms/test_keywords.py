"""Opt-out keywords: the whole message, however it is written, and nothing else."""

import pytest

from channels_sms.keywords import check_words, keyword, own_words
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
        ("ARRÊT", Keyword.STOP),
        ("baja", Keyword.STOP),
        ("PARAR", Keyword.STOP),
        ("START", Keyword.START),
        ("unstop", Keyword.START),
        ("Alta", Keyword.START),
        ("help?", Keyword.HELP),
        ("INFO", Keyword.HELP),
        ("Ayuda", Keyword.HELP),
        ("AIDE", Keyword.HELP),
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


OWN = {"stop_words": "Désabonner, no más", "start_words": "OUI", "help_words": "quoi ?"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("desabonner!", Keyword.STOP),
        ("NO  MAS", Keyword.STOP),
        ("oui", Keyword.START),
        ("Quoi", Keyword.HELP),
        ("Stop", Keyword.STOP),
        ("no", None),
    ],
)
def test_words_of_the_channel(text: str, expected: Keyword | None) -> None:
    assert check_words(OWN) == {}
    assert keyword(text, own_words(OWN)) is expected


@pytest.mark.parametrize(
    ("config", "errors"),
    [
        (
            {"stop_words": "fin,, adieu"},
            {"stop_words": "There is no word between two commas, or before or after one."},
        ),
        ({"help_words": "?!"}, {"help_words": "“?!” holds neither a letter nor a digit."}),
        ({"start_words": "Arrêt"}, {"start_words": "“Arrêt” means STOP already."}),
        (
            {"stop_words": "fin", "help_words": "info, FÍN"},
            {"help_words": "“FÍN” means STOP already."},
        ),
        (
            {"stop_words": "x" * 41},
            {"stop_words": "“xxxxxxxxxxxxxxxxxxxx…” is longer than 40 characters."},
        ),
        ({"stop_words": "STOP, stop, Stop!"}, {}),
        ({"stop_words": ""}, {}),
    ],
)
def test_words_that_cannot_be_kept(config: dict[str, str], errors: dict[str, str]) -> None:
    assert check_words(config) == errors
