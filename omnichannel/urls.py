"""All URLs of the product."""

from django.urls import include, path

urlpatterns = [
    path("", include("gateway.urls")),
    path("", include("routing.urls")),
    path("", include("conversations.urls")),
    path("", include("contacts.urls")),
    path("", include("campaigns.urls")),
    path("", include("hashtags.urls")),
    path("accounts/", include("accounts.urls")),
    path("settings/", include("gateway.pages.urls")),
    path("settings/", include("routing.pages.urls")),
    path("settings/", include("accounts.pages.urls")),
    path("settings/", include("operations.pages.urls")),
    path("api/v1/", include("omnichannel.api_urls")),
]

handler500 = "accounts.rest.problems.server_error"
