"""What providers tell about templates by themselves."""

from collections.abc import Sequence
from typing import Any

import structlog
from django.utils import timezone

from gateway.content.templates import TemplateStatus
from gateway.events import Received, TemplateNews
from gateway.sql import storable
from gateway.templates.model import StoredTemplate
from gateway.wake import wake

logger = structlog.get_logger(__name__)

FETCH = "gateway.tasks.fetch_templates"


def receive_news(batch: Sequence[Received]) -> None:
    """Apply what is said of templates we know; of one we do not, all are fetched.

    Two statements, however many; in the transaction of what brought them.
    """
    channels = {one.channel_id for one in batch}
    rows = StoredTemplate.objects.filter(channel__in=channels).order_by("id").select_for_update()
    by_id = {(row.channel_id, row.external_id): row for row in rows}
    by_name = {(row.channel_id, row.name, row.language): row for row in by_id.values()}
    changed: dict[int, StoredTemplate] = {}
    for one in batch:
        news: Any = one.event
        if not isinstance(news, TemplateNews):
            continue
        row = by_id.get((one.channel_id, news.external_id)) if news.external_id else None
        row = row or by_name.get((one.channel_id, news.name, news.language))
        if row is None:
            wake(FETCH, str(one.channel_id), channel=str(one.channel_id))
        else:
            _apply(row, news)
            changed[row.pk] = row
    StoredTemplate.objects.bulk_update(
        changed.values(), ["status", "category", "previous_category", "reason", "updated_at"]
    )


def _apply(row: StoredTemplate, news: TemplateNews) -> None:
    if news.category and news.category != row.category:
        row.previous_category, row.category = row.category, news.category
    if news.status in set(TemplateStatus):
        row.status, row.reason = news.status, storable(news.reason)
    elif news.status:
        logger.warning("a template's status is not known", status=news.status)
    elif news.reason:
        row.reason = storable(news.reason)
    row.updated_at = timezone.now()
