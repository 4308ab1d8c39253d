"""A process that speaks to mail servers: HTTP to us, SMTP and IMAP to them.

web (what the outbox and the settings page call) · composing, smtp, posting (mail out) · checking
(log-ins tried) · board (the channels) · keeper, imap, taking (mail in over IMAP) · mx (mail in over
SMTP) · owner (the gateway's door) · reach (which hosts may be called).
"""
