"""The REST API's addresses under /api/v1/."""

from csp.decorators import csp_update
from django.urls import path, re_path
from django.views.decorators.clickjacking import xframe_options_deny
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.routers import SimpleRouter

from accounts.api.views import MemberViewSet, TeamViewSet
from accounts.rest.views import NoSuchRoute
from campaigns.api.mail import MailTemplateViewSet
from campaigns.api.views import CampaignViewSet
from contacts.api.segments import SegmentViewSet
from contacts.api.suppressions import SuppressionViewSet
from contacts.api.views import AttributeViewSet, ContactViewSet, LabelViewSet
from conversations.api.views import ConversationViewSet, MessageViewSet
from gateway.api.files import FileViewSet
from gateway.api.quiet import QuietHoursViewSet
from gateway.api.views import ChannelViewSet
from hashtags.api.views import HashtagChatViewSet
from routing.api.views import AgentViewSet

router = SimpleRouter(use_regex_path=False)
router.register("agents", AgentViewSet, basename="api-agent")
router.register("attributes", AttributeViewSet, basename="api-attribute")
router.register("campaigns", CampaignViewSet, basename="api-campaign")
router.register("channels", ChannelViewSet, basename="api-channel")
router.register("contacts", ContactViewSet, basename="api-contact")
router.register("conversations", ConversationViewSet, basename="api-conversation")
router.register("files", FileViewSet, basename="api-file")
router.register("hashtag-chats", HashtagChatViewSet, basename="api-hashtag-chat")
router.register("labels", LabelViewSet, basename="api-label")
router.register("mail-templates", MailTemplateViewSet, basename="api-mail-template")
router.register("members", MemberViewSet, basename="api-member")
router.register("messages", MessageViewSet, basename="api-message")
router.register("segments", SegmentViewSet, basename="api-segment")
router.register("suppressions", SuppressionViewSet, basename="api-suppression")
router.register("teams", TeamViewSet, basename="api-team")

# The reader's own pictures and styles; everything else stays as strict as on all pages.
reader = csp_update({"style-src": ["'unsafe-inline'"], "img-src": ["data:"]})(
    SpectacularSwaggerSplitView.as_view(url_name="api-schema")
)

urlpatterns = [
    path("schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("docs/", xframe_options_deny(reader), name="api-docs"),
    path(
        "quiet-hours/",
        QuietHoursViewSet.as_view({"get": "retrieve", "put": "update"}),
        name="api-quiet-hours",
    ),
    *router.urls,
    re_path(r"^(?P<path>.*)$", NoSuchRoute.as_view(), name="api-nothing"),
]
