"""Pages of routing."""

from django.urls import path

from routing.views import own_presence

urlpatterns = [path("status/", own_presence, name="own-presence")]
