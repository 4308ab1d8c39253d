"""The admin's pages about members."""

from django.urls import path

from routing.pages import members

urlpatterns = [
    path("members/", members.member_list, name="settings-members"),
    path("members/new/", members.add_member, name="settings-member-add"),
    path("members/<int:member_id>/", members.edit_member, name="settings-member"),
    path("members/<int:member_id>/invite/", members.invite_again, name="settings-member-invite"),
    path("members/<int:member_id>/end/", members.end_membership, name="settings-member-end"),
]
