"""Who owns the next public answer."""

from django.db import models

from accounts.models import Member
from accounts.scoping import WorkspaceModel


class Lease(WorkspaceModel):
    """A member owns the next answer in a public conversation until ``until``.

    It is renewed while they write and when they have sent; nobody has to give it back.
    """

    conversation = models.OneToOneField(
        "conversations.Conversation", on_delete=models.CASCADE, related_name="lease"
    )
    member = models.ForeignKey(Member, on_delete=models.CASCADE)
    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.conversation_id} {self.member_id}"
