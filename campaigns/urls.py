"""URLs of campaigns."""

from django.urls import path, re_path

from campaigns.pages import editor, previews, results

urlpatterns = [
    path("campaigns/", results.campaign_list, name="campaigns"),
    path("campaigns/new/", editor.add_campaign, name="campaign-add"),
    path("campaigns/<int:campaign_id>/", results.campaign_page, name="campaign"),
    path("campaigns/<int:campaign_id>/live/", results.campaign_live, name="campaign-live"),
    path("campaigns/<int:campaign_id>/cost/", results.campaign_cost, name="campaign-cost"),
    path("campaigns/<int:campaign_id>/export/", results.export_ledger, name="campaign-export"),
    path("campaigns/<int:campaign_id>/launch/", results.launch_campaign, name="campaign-launch"),
    path("campaigns/<int:campaign_id>/delete/", results.delete_campaign, name="campaign-delete"),
    re_path(
        r"^campaigns/(?P<campaign_id>[0-9]{1,18})/(?P<action>pause|resume|cancel)/$",
        results.move_campaign,
        name="campaign-move",
    ),
    path("campaigns/<int:campaign_id>/preview/", previews.preview, name="campaign-preview"),
    path("campaigns/<int:campaign_id>/people/", previews.people, name="campaign-people"),
    path("campaigns/<int:campaign_id>/files/", previews.upload, name="campaign-files"),
    path("campaigns/<int:campaign_id>/audience/", editor.audience, name="campaign-audience"),
    path("campaigns/<int:campaign_id>/template/", editor.template_fields, name="campaign-template"),
    path("campaigns/<int:campaign_id>/test/", editor.test_send, name="campaign-test"),
    re_path(
        r"^campaigns/(?P<campaign_id>[0-9]{1,18})/(?P<step>who|what|where|check)/$",
        editor.edit_step,
        name="campaign-step",
    ),
]
