"""URLs of hashtag chats."""

from django.urls import path, re_path

from hashtags.pages import editor, live, moderating

ANSWER = r"^hashtag-chats/(?P<chat_id>[0-9]{1,18})/answers/(?P<answer_id>[0-9]{1,18})"

urlpatterns = [
    path("hashtag-chats/", live.chat_list, name="hashtag-chats"),
    path("hashtag-chats/new/", editor.add_chat, name="hashtag-chat-add"),
    path("hashtag-chats/weigh/", editor.weigh_question, name="hashtag-chat-weigh"),
    path("hashtag-chats/<int:chat_id>/", live.chat_page, name="hashtag-chat"),
    path("hashtag-chats/<int:chat_id>/live/", live.chat_live, name="hashtag-chat-live"),
    path("hashtag-chats/<int:chat_id>/export/", live.export_answers, name="hashtag-chat-export"),
    path("hashtag-chats/<int:chat_id>/edit/", editor.edit_chat, name="hashtag-chat-edit"),
    path("hashtag-chats/<int:chat_id>/cancel/", editor.cancel_chat, name="hashtag-chat-cancel"),
    path("hashtag-chats/<int:chat_id>/delete/", editor.delete_chat, name="hashtag-chat-delete"),
    path(
        "hashtag-chats/<int:chat_id>/questions/<int:question_id>/ask/",
        moderating.ask_question,
        name="hashtag-question-ask",
    ),
    re_path(
        ANSWER + r"/(?P<action>star|unstar|hide|show)/$",
        moderating.mark_answer,
        name="hashtag-answer-mark",
    ),
    re_path(ANSWER + r"/move/$", moderating.move_answer, name="hashtag-answer-move"),
    re_path(ANSWER + r"/open/$", moderating.open_answer, name="hashtag-answer-open"),
]
