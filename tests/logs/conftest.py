"""The product's own log pipeline, at its most talkative, into memory."""

import copy
import io
import logging
import logging.config
from collections.abc import Iterator

import pytest
import structlog

from omnichannel.logs import logging_config


@pytest.fixture(params=["production", "development"])
def log(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """What is logged, as in production and as in development, at DEBUG."""
    stream, root = io.StringIO(), logging.getLogger()
    before, level = list(root.handlers), root.level
    config = copy.deepcopy(logging_config(pretty=request.param == "development"))
    config["handlers"]["stderr"]["stream"] = stream
    config["root"]["level"] = "DEBUG"
    logging.config.dictConfig(config)
    yield stream
    root.handlers, root.level = before, level
    structlog.contextvars.clear_contextvars()
