"""The admin's pages about channels."""

from django.urls import path
from django.views.generic import RedirectView

from gateway.pages import (
    branding,
    channels,
    fallback,
    inbound,
    log,
    prices,
    public,
    quiet,
    templates,
    trying,
)

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="settings-channels"), name="settings"),
    path("channels/", channels.channel_list, name="settings-channels"),
    path("channels/new/", channels.choose_kind, name="settings-channel-new"),
    path("channels/new/<slug:kind>/", channels.add_channel, name="settings-channel-add"),
    path("channels/<uuid:channel_id>/", channels.channel_page, name="settings-channel"),
    path(
        "channels/<uuid:channel_id>/connect/",
        channels.connect_channel,
        name="settings-channel-connect",
    ),
    path("channels/<uuid:channel_id>/edit/", channels.edit_channel, name="settings-channel-edit"),
    path(
        "channels/<uuid:channel_id>/fallback/",
        fallback.change_fallback,
        name="settings-channel-fallback",
    ),
    path(
        "channels/<uuid:channel_id>/approval/",
        public.change_approval,
        name="settings-channel-approval",
    ),
    path(
        "channels/<uuid:channel_id>/register/",
        public.register_again,
        name="settings-channel-register",
    ),
    path(
        "channels/<uuid:channel_id>/branding/",
        branding.change_branding,
        name="settings-channel-branding",
    ),
    path(
        "channels/<uuid:channel_id>/prices/", prices.change_prices, name="settings-channel-prices"
    ),
    path(
        "channels/<uuid:channel_id>/templates/",
        templates.template_list,
        name="settings-channel-templates",
    ),
    path(
        "channels/<uuid:channel_id>/templates/fetch/",
        templates.fetch,
        name="settings-channel-templates-fetch",
    ),
    path(
        "channels/<uuid:channel_id>/templates/new/",
        templates.add_template,
        name="settings-channel-template-add",
    ),
    path(
        "channels/<uuid:channel_id>/templates/preview/",
        templates.preview_template,
        name="settings-channel-template-preview",
    ),
    path(
        "channels/<uuid:channel_id>/templates/<int:template_id>/delete/",
        templates.remove_template,
        name="settings-channel-template-delete",
    ),
    path("channels/<uuid:channel_id>/test/", trying.test_message, name="settings-channel-test"),
    path(
        "channels/<uuid:channel_id>/test/<uuid:delivery_uid>/",
        trying.test_status,
        name="settings-channel-test-status",
    ),
    path(
        "channels/<uuid:channel_id>/first-inbound/",
        trying.first_inbound,
        name="settings-channel-first-inbound",
    ),
    path(
        "channels/<uuid:channel_id>/do/<slug:action>/",
        channels.change_state,
        name="settings-channel-state",
    ),
    path("quiet-hours/", quiet.quiet_hours, name="settings-quiet-hours"),
    path("log/", log.log_list, name="settings-log"),
    path("log/<int:entry_id>/", log.log_entry, name="settings-log-entry"),
    path("inbound/", inbound.trouble_list, name="settings-inbound"),
    path("inbound/replay/", inbound.replay_all, name="settings-inbound-replay-all"),
    path("inbound/<int:request_id>/", inbound.trouble_entry, name="settings-inbound-entry"),
    path("inbound/<int:request_id>/replay/", inbound.replay_one, name="settings-inbound-replay"),
]
