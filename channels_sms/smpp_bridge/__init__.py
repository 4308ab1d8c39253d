"""A process that keeps a bind at the SMSC of every SMPP channel: HTTP on one side, SMPP on the other.

web (what the outbox calls) · board (the channels) · line (one channel's bind, kept up) · session
(one bind from its beginning to its end) · sending, hearing (messages out and in) · journal (what
must not be forgotten) · pdus, receipts, numbers (the protocol) · reach (which hosts may be called).
"""
