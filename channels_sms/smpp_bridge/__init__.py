"""A process that keeps a bind at the SMSC of every SMPP channel: HTTP to us, SMPP to them.

web (what the outbox calls) · board (the channels) · line (one channel's bind, kept up) · session
(one bind from its beginning to its end) · sending (messages out) · hearing, written, reported
(messages and receipts in) · journal (what must not be forgotten) · pdus, receipts, numbers (the
protocol) · reach (which hosts may be called).
"""
