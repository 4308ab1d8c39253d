"""A workspace with one of everything, and ways to see whether anything changed."""

from datetime import timedelta
from typing import Any

from django.apps import apps
from django.db import connection, models
from django.utils import timezone

from accounts import services
from accounts.models import Role, Workspace
from accounts.scoping import WorkspaceModel
from campaigns.models import Campaign, MailTemplate, Recipient
from gateway.media.models import StoredFile
from gateway.models import (
    Batch,
    ChannelLog,
    DeliveryStatus,
    InboundRequest,
    StoredTemplate,
    Suppression,
)
from hashtags.models import HashtagAnswer, HashtagChat, HashtagQuestion
from routing.models import Agent
from tests import builders

# Written by looking at a page, and by nothing that matters.
UNWATCHED = {"django_session"}


class World:
    """One of everything in a workspace of its own; ``ids`` by the names that URLs use."""

    def __init__(self) -> None:
        ws = builders.workspace()
        self.workspace: Workspace = ws
        self.admin = builders.member(ws, role=Role.ADMIN)
        self.agent = builders.member(ws)
        Agent.objects.create(workspace=ws, member=self.agent)
        self.token, self.plaintext = services.create_token(member=self.admin, name="T", by=None)
        self.team = services.create_team(workspace=ws, name="Team", by=None, members=[self.agent])
        self.channel = builders.channel(ws)
        self.number = builders.phone()
        self.contact = builders.contact(ws)
        self.address = builders.address(self.contact)
        self.conversation = builders.conversation(self.channel, self.contact)
        self.message = builders.message(self.conversation, direction="outbound", author=self.agent)
        self.delivery = builders.delivery(
            self.message, state="failed", external_id=builders.phone()
        )
        self.label = builders.label(ws)
        self.conversation.labels.add(self.label)
        self.attribute = builders.attribute(ws)
        self.segment = builders.segment(ws)
        self.file = StoredFile.objects.create(
            workspace=ws,
            path=f"none/{self.number}",
            name="a.png",
            content_type="image/png",
            size=1,
            created_at=timezone.now(),
        )
        self.template = StoredTemplate.objects.create(
            workspace=ws,
            channel=self.channel,
            name="hello",
            language="en",
            status="approved",
            body="Hello",
            updated_at=timezone.now(),
        )
        self.suppression = Suppression.objects.create(
            workspace=ws,
            medium="email",
            address=f"gone-{self.number}@customers.example",
            reason="bounced",
            source="provider",
            created_at=timezone.now(),
        )
        self.mail_template = MailTemplate.objects.create(workspace=ws, name="News")
        self._log()
        self._campaign()
        self._hashtag_chat()

    def _log(self) -> None:
        now = timezone.now()
        ws, channel = self.workspace, self.channel
        self.entry = ChannelLog.objects.create(
            workspace=ws,
            channel=channel,
            kind="send",
            ok=False,
            method="POST",
            url="x",
            created_at=now,
        )
        self.request = InboundRequest.objects.create(
            workspace=ws,
            channel=channel,
            shard=0,
            state="failed",
            method="POST",
            url="x",
            body=b"x",
            received_at=now,
        )
        DeliveryStatus.objects.create(
            workspace=ws,
            channel=channel,
            external_id=self.number,
            state="failed",
            provider_word="failed",
            occurred_at=now,
            received_at=now,
        )

    def _campaign(self) -> None:
        ws = self.workspace
        fields = {"workspace": ws, "channel": self.channel, "segment": self.segment, "text": "Hi"}
        self.campaign = Campaign.objects.create(name="Draft", **fields)
        batch = Batch.objects.create(workspace=ws)
        launched = Campaign.objects.create(name="Sent", batch=batch, status="sending", **fields)
        line = Recipient.objects.create(
            workspace=ws, campaign=launched, contact=self.contact, address=self.address.value
        )
        span = {"first_line": line.pk, "last_line": line.pk, "handed_to": line.pk - 1}
        Campaign.objects.filter(pk=launched.pk).update(lines={"": 1}, **span)

    def _hashtag_chat(self) -> None:
        ws, now = self.workspace, timezone.now()
        self.x = builders.channel(ws, {}, kind="x", name=f"X {self.number}", address="@acme")
        self.chat = HashtagChat.objects.create(
            workspace=ws,
            channel=self.x,
            title=f"Chat {self.number}",
            hashtag="Hi",
            tag="hi",
            starts_at=now,
            ends_at=now + timedelta(hours=1),
            zone="UTC",
        )
        self.question = HashtagQuestion.objects.create(
            workspace=ws, chat=self.chat, position=1, text="Who?", due_at=now
        )
        self.answer = HashtagAnswer.objects.create(
            workspace=ws, chat=self.chat, post_id=self.number, author="1", posted_at=now
        )

    def rows(self) -> dict[str, models.Model]:
        """Everything by the word for it."""
        return {
            "workspace": self.workspace,
            "member": self.agent,
            "token": self.token,
            "team": self.team,
            "channel": self.channel,
            "contact": self.contact,
            "address": self.address,
            "conversation": self.conversation,
            "message": self.message,
            "delivery": self.delivery,
            "label": self.label,
            "attribute": self.attribute,
            "segment": self.segment,
            "entry": self.entry,
            "request": self.request,
            "campaign": self.campaign,
            "file": self.file,
            "template": self.template,
            "suppression": self.suppression,
            "mail_template": self.mail_template,
            "chat": self.chat,
            "question": self.question,
            "answer": self.answer,
        }

    def of(self, word: str) -> str:
        """The id of a thing as it stands in a URL."""
        row: Any = self.rows()[word]
        return str(row.uid if word in {"delivery", "file"} else row.pk)


def checksums(where: str = "") -> dict[str, str]:
    """Content of every table as one digest each, in one statement.

    ``where`` narrows the tables that have a workspace, and leaves the others out.
    """
    parts = []
    for model in apps.get_models(include_auto_created=True):
        table = model._meta.db_table
        scoped = any(field.column == "workspace_id" for field in model._meta.concrete_fields)
        if table not in UNWATCHED and (scoped or not where):
            rows = f'(SELECT t::text AS row FROM "{table}" t {where}) AS all_rows'
            digest = "md5(coalesce(string_agg(row, ' ' ORDER BY row), ''))"
            parts.append(f"SELECT '{table}', {digest} FROM {rows}")
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts))
        return dict(cursor.fetchall())


def mixed_rows() -> list[str]:
    """Foreign keys and many-to-many rows that lead from one workspace into another."""
    found = []
    for model in apps.get_models(include_auto_created=True):
        keys = [
            field
            for field in model._meta.concrete_fields
            if isinstance(field, models.ForeignKey)
            and issubclass(field.related_model, WorkspaceModel)
        ]
        if issubclass(model, WorkspaceModel):
            pairs = [(f"{key.name}__workspace", models.F("workspace")) for key in keys]
        elif model._meta.auto_created and len(keys) == 2:
            pairs = [(f"{keys[0].name}__workspace", models.F(f"{keys[1].name}__workspace"))]
        else:
            pairs = []
        for path, own in pairs:
            rows = model._default_manager.exclude(**{path: own}).filter(
                **{f"{path}__isnull": False}
            )
            found += [f"{model.__name__}.{path} {row.pk}" for row in rows]
    return found
