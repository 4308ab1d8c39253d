"""How much content may hold, whatever the channel."""

# What no channel can show more of. What a channel shows less of is adapted.
TEXT, LABEL, PAYLOAD, URL = 20_000, 80, 2_048, 2_048
TITLE, DESCRIPTION, FILE_NAME, CONTENT_TYPE, NAME = 200, 2_000, 255, 100, 512
MEDIA, CARDS, ROWS, SUGGESTIONS = 10, 10, 10, 13
CONTACTS, NUMBERS, PERSON, MAILBOX = 10, 5, 100, 254
# What a template may be given.
VALUES = 50
