"""Workspaces, users, memberships, teams, API tokens and the audit log."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from accounts.scoping import WorkspaceModel


class Language(models.TextChoices):
    """Languages the product speaks."""

    EN = "en", _("English")
    ES = "es", _("Spanish")


class Workspace(models.Model):
    """A tenant: everything else belongs to exactly one."""

    name = models.CharField(_("name"), max_length=200)
    slug = models.SlugField(unique=True)
    language = models.CharField(max_length=8, choices=Language.choices, default=Language.EN)
    timezone = models.CharField(max_length=64, default="UTC")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class UserManager(BaseUserManager["User"]):
    """Creates users by e-mail address; addresses are compared without case."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """A user with this e-mail address; without a password nobody can log in as them."""
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        """Find by e-mail address without case."""
        return self.get(email__iexact=username)


class User(AbstractBaseUser):
    """A person who logs in; what they may do is in their memberships."""

    email = models.EmailField(_("e-mail address"), unique=True)
    name = models.CharField(_("name"), max_length=200)
    language = models.CharField(max_length=8, choices=Language.choices, blank=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_unique")]

    def __str__(self) -> str:
        return self.name or self.email


class Role(models.TextChoices):
    """What a member may do; see accounts.roles."""

    AGENT = "agent", _("Agent")
    MARKETER = "marketer", _("Marketer")
    ADMIN = "admin", _("Admin")


class Member(WorkspaceModel):
    """A user's place in one workspace. ``ended_at`` set means access is over, at once."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(_("role"), max_length=16, choices=Role.choices)
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "user"], name="member_once_per_workspace")
        ]

    def __str__(self) -> str:
        return str(self.user)

    @property
    def name(self) -> str:
        """The person's name; needs ``user`` loaded."""
        return str(self.user)


class Team(WorkspaceModel):
    """A named group of members."""

    name = models.CharField(_("name"), max_length=100)
    members = models.ManyToManyField(Member, related_name="teams", blank=True)

    class Meta:
        constraints = [models.UniqueConstraint("workspace", Lower("name"), name="team_name_unique")]

    def __str__(self) -> str:
        return self.name


class ApiToken(WorkspaceModel):
    """A credential for the API; only its SHA-256 digest is kept."""

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(_("name"), max_length=100)
    prefix = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class AuditEntry(WorkspaceModel):
    """Who did what to what; append-only. ``data`` never holds secrets or message bodies."""

    member = models.ForeignKey(Member, null=True, on_delete=models.PROTECT)
    action = models.CharField(max_length=64)
    object_type = models.CharField(max_length=64)
    object_id = models.CharField(max_length=64)
    data = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["workspace", "-created_at"], name="audit_recent")]

    def __str__(self) -> str:
        return f"{self.action} {self.object_type} {self.object_id}"


class IdempotencyKey(WorkspaceModel):
    """The answer given to an API call that carried an Idempotency-Key; repeats get it again.

    ``response`` is empty while the first call is still running in another transaction.
    """

    key = models.CharField(max_length=255)
    route = models.CharField(max_length=255)
    request_digest = models.CharField(max_length=64)
    status = models.SmallIntegerField(null=True)
    response = models.JSONField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "key"], name="idempotency_key_unique")
        ]

    def __str__(self) -> str:
        return self.key
