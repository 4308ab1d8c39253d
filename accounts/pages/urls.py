"""The admin's pages about teams, API tokens and the audit log."""

from django.urls import path

from accounts.pages import audit_log, teams, tokens

urlpatterns = [
    path("teams/", teams.team_list, name="settings-teams"),
    path("teams/new/", teams.add_team, name="settings-team-add"),
    path("teams/<int:team_id>/", teams.edit_team, name="settings-team"),
    path("teams/<int:team_id>/delete/", teams.delete_team, name="settings-team-delete"),
    path("tokens/", tokens.token_list, name="settings-tokens"),
    path("tokens/<int:token_id>/revoke/", tokens.revoke_token, name="settings-token-revoke"),
    path("audit/", audit_log.audit_list, name="settings-audit"),
]
