"""How much of a mail is looked at, so that none can keep a worker busy or fill its memory."""

# Beyond these a mail is refused (Malformed).
MAX_BYTES = 50 * 2**20
MAX_DEPTH = 200
MAX_PARTS = 10_000
MAX_HEADER_BYTES = 2**20  # of all parts together
# Every level of nesting is searched for its delimiter: bytes in all.
MAX_SEARCHED = 2**30

# Beyond these it is cut; what is cut stays as a file of the message.
MAX_FILES = 200
MAX_HTML = 2 * 2**20  # characters kept
MAX_HTML_READ = 2**19  # characters made into text
MAX_TEXT = 100_000  # characters

# Beyond these the rest is not looked at.
MAX_VALUE = 8_000  # characters of a header with parameters
MAX_MAILBOX_VALUE = 100_000  # characters of a header with mailboxes
MAX_MAILBOXES = 500
MAX_REFERENCES = 100
MAX_NAME = 200  # characters of a file's or a person's name
MAX_SUBJECT = 1_000
