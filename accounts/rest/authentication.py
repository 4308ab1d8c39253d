"""Who calls the API: ``Authorization: Token …``; ``request.user`` is the token's Member."""

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.models import ApiToken, Member
from accounts.services import digest

KEYWORD = b"token"
LONGEST = 256
# A busy client must not rewrite its token's row on every call.
USED_EVERY = timedelta(minutes=1)


class TokenAuthentication(BaseAuthentication):
    """Finds the token by its digest, so the comparison takes as long for a wrong one."""

    def authenticate(self, request: Request) -> tuple[Member, ApiToken] | None:
        """The member (user and workspace loaded) and the token; None without a header."""
        words = get_authorization_header(request).split()
        if not words or words[0].lower() != KEYWORD:
            return None
        if len(words) != 2 or len(words[1]) > LONGEST:
            raise AuthenticationFailed(_("The header must read “Authorization: Token …”."))
        token = self._find(words[1].decode("latin-1"))
        self._note_use(token)
        self._speak(request, token.member)
        return token.member, token

    def authenticate_header(self, request: Request) -> str:
        """Makes the answer 401 and tells how to log in."""
        return 'Token realm="api"'

    def _find(self, plaintext: str) -> ApiToken:
        token = (
            ApiToken.objects.select_related("member__user", "member__workspace")
            .filter(
                digest=digest(plaintext),
                revoked_at=None,
                member__ended_at=None,
                member__user__is_active=True,
            )
            .first()
        )
        if token is None:
            raise AuthenticationFailed(_("This token is unknown, revoked, or its member has left."))
        return token

    def _note_use(self, token: ApiToken) -> None:
        now = timezone.now()
        if token.last_used_at is None or token.last_used_at < now - USED_EVERY:
            long_ago = Q(last_used_at=None) | Q(last_used_at__lt=now - USED_EVERY)
            ApiToken.objects.filter(long_ago, pk=token.pk).update(last_used_at=now)

    def _speak(self, request: Request, member: Member) -> None:
        # Accept-Language has been followed by LocaleMiddleware; without one the person's counts.
        if not request.headers.get("Accept-Language"):
            translation.activate(member.user.language or member.workspace.language)
