"""What changes workspaces, members, teams and tokens; every change is audited."""

import hashlib
import secrets
from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _

from accounts import audit, notices
from accounts.models import ApiToken, Language, Member, Role, Team, User, Workspace

TOKEN_START = "omni_"  # noqa: S105 - recognisable to secret scanners
PREFIX_LENGTH = 12


@transaction.atomic
def create_workspace(
    *, name: str, slug: str = "", language: str = Language.EN, timezone: str = "UTC"
) -> Workspace:
    """A new, empty workspace; ``slug`` is made from the name and unique when not given."""
    slug = slug or f"{slugify(name)[:40] or 'workspace'}-{secrets.token_hex(3)}"
    workspace = Workspace(name=name.strip(), slug=slug, language=language, timezone=timezone)
    workspace.full_clean()
    workspace.save()
    audit.record(workspace=workspace, member=None, action="workspace.created", target=workspace)
    return workspace


# --- Members -------------------------------------------------------------------------------------


@transaction.atomic
def add_member(
    *,
    workspace: Workspace,
    email: str,
    name: str,
    role: str,
    by: Member | None,
    language: str = "",
    invite: bool = True,
) -> Member:
    """Give a person a place in the workspace; a new person gets a user without password.

    A membership that had ended begins again. With ``invite`` a mail goes out after commit, with a
    link to set the password that works once and for a day. Raises ValidationError by field.
    """
    _check_role(role)
    # Two invitations of one person into a workspace: the second has to see the first.
    Workspace.objects.select_for_update(no_key=True).get(pk=workspace.pk)
    user = _find_or_create_user(email=email, name=name, language=language)
    member = Member.objects.select_for_update().filter(workspace=workspace, user=user).first()
    if member is not None and member.ended_at is None:
        raise ValidationError({"email": _("This person is already a member.")})
    if member is None:
        member = Member(workspace=workspace, user=user)
    member.role, member.ended_at, member.user = role, None, user
    member.save()
    audit.record(workspace=workspace, member=by, action="member.added", target=member, role=role)
    if invite:
        notices.invite(member)
    return member


def _find_or_create_user(*, email: str, name: str, language: str) -> User:
    same = User.objects.filter(email__iexact=email.strip())
    user = same.first()
    if user is None:
        new = User(email=email.strip().lower(), name=name.strip(), language=language)
        new.set_unusable_password()
        new.full_clean(exclude=["password"], validate_unique=False, validate_constraints=False)
        try:
            with transaction.atomic():
                new.save()
            return new
        except IntegrityError:  # somebody else has invited this person at the same moment
            user = same.get()
    if not user.is_active:
        raise ValidationError({"email": _("This person's account is switched off.")})
    return user


@transaction.atomic
def invite_again(*, member: Member, by: Member) -> None:
    """Send the invitation once more; links sent before stay valid until their own day is over."""
    if member.ended_at is not None:
        raise ValidationError(_("This person is no longer a member."))
    audit.record(workspace=member.workspace_id, member=by, action="member.invited", target=member)
    notices.invite(member)


@transaction.atomic
def change_role(*, member: Member, role: str, by: Member | None) -> Member:
    """Give a member another role; a workspace always keeps an admin (ValidationError)."""
    _check_role(role)
    member = _lock(member)
    if role != Role.ADMIN:
        _keep_an_admin(member)
    before, member.role = member.role, role
    member.save(update_fields=["role"])
    audit.record(
        workspace=member.workspace_id,
        member=by,
        action="member.role_changed",
        target=member,
        before=before,
        after=role,
    )
    return member


@transaction.atomic
def end_membership(*, member: Member, by: Member | None) -> Member:
    """End a person's access at once: pages, API tokens and open sockets; what they did stays.

    The last admin cannot be removed (ValidationError). Ending twice is nothing new.
    """
    member = _lock(member)
    if member.ended_at is not None:
        return member
    _keep_an_admin(member)
    member.ended_at = timezone.now()
    member.save(update_fields=["ended_at"])
    member.tokens.filter(revoked_at=None).update(revoked_at=member.ended_at)
    audit.record(workspace=member.workspace_id, member=by, action="member.ended", target=member)
    notices.revoke_access([member.pk])
    notices.tell_member_ended(member)
    return member


def _check_role(role: str) -> None:
    if role not in Role.values:
        raise ValidationError({"role": _("“%(role)s” is not a role.") % {"role": role[:40]}})


def _lock(member: Member) -> Member:
    # One lock a workspace: two admins who remove each other at the same moment must not both win.
    Workspace.objects.select_for_update(no_key=True).get(pk=member.workspace_id)
    return Member.objects.select_related("user").get(pk=member.pk)


def _keep_an_admin(member: Member) -> None:
    others = Member.objects.filter(
        workspace=member.workspace_id, role=Role.ADMIN, ended_at=None, user__is_active=True
    ).exclude(pk=member.pk)
    if member.role == Role.ADMIN and not others.exists():
        raise ValidationError(
            {"role": _("A workspace needs an admin; make somebody else one first.")}
        )


# --- The person's own settings -------------------------------------------------------------------


def update_profile(*, user: User, name: str | None = None, language: str | None = None) -> User:
    """Change a person's own name or language; None stays. Raises ValidationError by field."""
    if name is not None:
        user.name = name.strip()
    if language is not None:
        user.language = language
    user.full_clean(exclude=["password", "email"], validate_constraints=False)
    user.save(update_fields=["name", "language"])
    return user


def set_password(*, user: User, password: str) -> None:
    """Set a checked password. Other sessions end with it, and open sockets are closed."""
    user.set_password(password)
    with transaction.atomic():
        user.save()
        members = list(Member.objects.filter(user_id=user.pk, ended_at=None))
        for member in members:
            audit.record(
                workspace=member.workspace_id,
                member=member,
                action="user.password_changed",
                target=user,
            )
        notices.revoke_access([member.pk for member in members])


# --- API tokens ----------------------------------------------------------------------------------


def digest(plaintext: str) -> str:
    """What is kept of a token: SHA-256 in hex. Tokens are random, so no stretching is needed."""
    return hashlib.sha256(plaintext.encode()).hexdigest()


@transaction.atomic
def create_token(*, member: Member, name: str, by: Member | None) -> tuple[ApiToken, str]:
    """A new token of a member and its plaintext, which nobody can see again."""
    plaintext = TOKEN_START + secrets.token_urlsafe(32)
    token = ApiToken(
        workspace_id=member.workspace_id,
        member=member,
        name=name.strip(),
        prefix=plaintext[:PREFIX_LENGTH],
        digest=digest(plaintext),
    )
    token.full_clean(exclude=["last_used_at", "revoked_at"])
    token.save()
    audit.record(
        workspace=token.workspace_id,
        member=by,
        action="token.created",
        target=token,
        prefix=token.prefix,
        of=member.pk,
    )
    return token, plaintext


@transaction.atomic
def revoke_token(*, token: ApiToken, by: Member | None) -> ApiToken:
    """Make a token useless at once; revoking twice is nothing new."""
    token = ApiToken.objects.select_for_update().get(pk=token.pk)
    if token.revoked_at is None:
        token.revoked_at = timezone.now()
        token.save(update_fields=["revoked_at"])
        audit.record(
            workspace=token.workspace_id,
            member=by,
            action="token.revoked",
            target=token,
            prefix=token.prefix,
        )
    return token


# --- Teams ---------------------------------------------------------------------------------------


@transaction.atomic
def create_team(
    *, workspace: Workspace, name: str, by: Member | None, members: Sequence[Member] = ()
) -> Team:
    """A new team; its name is unique in the workspace (ValidationError by field)."""
    team = _save_team(Team(workspace=workspace), name, members)
    audit.record(workspace=workspace, member=by, action="team.created", target=team, name=team.name)
    return team


@transaction.atomic
def update_team(
    *,
    team: Team,
    by: Member | None,
    name: str | None = None,
    members: Sequence[Member] | None = None,
) -> Team:
    """Rename a team or replace its members; what is None stays."""
    team = Team.objects.select_for_update().get(pk=team.pk)
    team = _save_team(team, team.name if name is None else name, members)
    audit.record(
        workspace=team.workspace_id, member=by, action="team.changed", target=team, name=team.name
    )
    return team


@transaction.atomic
def delete_team(*, team: Team, by: Member | None) -> None:
    """Remove a team; its members and conversations stay."""
    audit.record(
        workspace=team.workspace_id, member=by, action="team.deleted", target=team, name=team.name
    )
    team.delete()


def _save_team(team: Team, name: str, members: Sequence[Member] | None) -> Team:
    team.name = name.strip()
    twins = Team.objects.filter(workspace=team.workspace_id, name__iexact=team.name)
    if twins.exclude(pk=team.pk).exists():
        raise ValidationError({"name": _("There is already a team with this name.")})
    team.full_clean(validate_constraints=False)
    for member in members or ():
        if member.workspace_id != team.workspace_id:
            raise ValidationError(
                {"members": _("Only members of this workspace can be in a team.")}
            )
    team.save()
    if members is not None:
        team.members.set(members)
    return team
