"""URLs of the inbox."""

from django.urls import path, re_path

from conversations.views import (
    actions,
    fragments,
    life,
    looking,
    mails,
    pages,
    reaching,
    reacting,
    same,
    templates,
    voice,
    ways,
)

urlpatterns = [
    path("", pages.inbox, name="inbox"),
    re_path(r"^inbox/(?P<tab>mine|unassigned|all)/$", pages.inbox, name="inbox-tab"),
    path("inbox/rows/", fragments.rows, name="inbox-rows"),
    path("inbox/search/", fragments.search, name="inbox-search"),
    path("conversations/<int:pk>/", pages.conversation, name="conversation"),
    path("conversations/<int:pk>/messages/", fragments.messages, name="conversation-messages"),
    path("conversations/<int:pk>/header/", fragments.head, name="conversation-header"),
    path("conversations/<int:pk>/panel/", fragments.panel, name="conversation-panel"),
    re_path(
        r"^conversations/(?P<pk>[0-9]{1,19})/menu/(?P<name>assign|snooze|labels|more)/$",
        fragments.menu,
        name="conversation-menu",
    ),
    path("conversations/<int:pk>/reach/", reaching.ask_reach, name="conversation-reach"),
    path("conversations/<int:pk>/send/", actions.send, name="conversation-send"),
    path(
        "conversations/<int:pk>/messages/<int:message_pk>/retry/",
        actions.retry,
        name="message-retry",
    ),
    path(
        "conversations/<int:pk>/messages/<int:message_pk>/refetch/",
        actions.refetch,
        name="message-refetch",
    ),
    path(
        "conversations/<int:pk>/messages/<int:message_pk>/life/",
        life.message_life,
        name="message-life",
    ),
    path(
        "conversations/<int:pk>/messages/<int:message_pk>/mail/",
        mails.mail,
        name="message-mail",
    ),
    path(
        "conversations/<int:pk>/messages/<int:message_pk>/reaction/",
        reacting.reaction,
        name="message-reaction",
    ),
    path("conversations/<int:pk>/files/", actions.upload, name="conversation-files"),
    path("conversations/<int:pk>/preview/", looking.preview, name="conversation-preview"),
    path("conversations/<int:pk>/voice/", voice.voice, name="conversation-voice"),
    path(
        "conversations/<int:pk>/messages/<int:message_pk>/decide/",
        voice.decide,
        name="message-decide",
    ),
    path("conversations/<int:pk>/same-person/", same.same_person, name="conversation-same"),
    path("conversations/<int:pk>/ways/", ways.ways, name="conversation-ways"),
    path("conversations/<int:pk>/better-way/", ways.better_way, name="conversation-better-way"),
    path("conversations/<int:pk>/answer-on/", ways.answer_on, name="conversation-answer-on"),
    path("conversations/<int:pk>/window/", templates.window, name="conversation-window"),
    path(
        "conversations/<int:pk>/templates/",
        templates.template_choices,
        name="conversation-templates",
    ),
    path(
        "conversations/<int:pk>/templates/<int:template_id>/",
        templates.template_form,
        name="conversation-template",
    ),
    path("conversations/<int:pk>/draft/", actions.draft, name="conversation-draft"),
    path("conversations/<int:pk>/read/", actions.read, name="conversation-read"),
    path("conversations/<int:pk>/assign/", actions.assign, name="conversation-assign"),
    path("conversations/<int:pk>/status/", actions.status, name="conversation-status"),
    path("conversations/<int:pk>/labels/", actions.labels, name="conversation-labels"),
    path("conversations/<int:pk>/priority/", actions.priority, name="conversation-priority"),
    path("conversations/<int:pk>/team/", actions.team, name="conversation-team"),
]
