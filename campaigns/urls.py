"""URLs of campaigns."""

from django.urls import path, re_path

from campaigns.pages import editor, mail_links, mail_templates, previews, results

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
    path("campaigns/<int:campaign_id>/mail/", previews.mail_frame, name="campaign-mail"),
    path("campaigns/<int:campaign_id>/mail/text/", previews.mail_text, name="campaign-mail-text"),
    path("campaigns/<int:campaign_id>/clicks/", results.campaign_clicks, name="campaign-clicks"),
    path("campaigns/mail-templates/", mail_templates.template_list, name="mail-templates"),
    path("campaigns/mail-templates/new/", mail_templates.add_template, name="mail-template-add"),
    path("campaigns/mail-settings/", mail_templates.change_settings, name="mail-settings"),
    path(
        "campaigns/mail-templates/<int:mail_template_id>/",
        mail_templates.edit_template,
        name="mail-template",
    ),
    path("campaigns/mail-templates/begin/", mail_templates.begin, name="mail-template-begin"),
    path("campaigns/mail-templates/look/", mail_templates.look, name="mail-template-look"),
    path("campaigns/mail-templates/text/", mail_templates.as_text, name="mail-template-text"),
    path(
        "campaigns/mail-templates/mail/", mail_templates.template_frame, name="mail-template-frame"
    ),
    re_path(
        r"^campaigns/mail-templates/(?P<mail_template_id>[0-9]{1,18})/"
        r"(?P<act>duplicate|archive|restore)/$",
        mail_templates.move_template,
        name="mail-template-move",
    ),
    # Short, because they stand in every mail.
    path("u/<str:token>/", mail_links.unsubscribe, name="mail-unsubscribe"),
    path("c/<str:token>/<int:link>/", mail_links.click, name="mail-click"),
    path("o/<str:token>/", mail_links.opened, name="mail-open"),
    re_path(
        r"^campaigns/(?P<campaign_id>[0-9]{1,18})/(?P<step>who|what|where|check)/$",
        editor.edit_step,
        name="campaign-step",
    ),
]
