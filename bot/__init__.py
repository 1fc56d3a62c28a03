"""Frontdesk: a front desk for a business on WhatsApp.

The path of a message, in the order in which the files are met::

    web/webhook    verify the signature on the raw bytes, parse the whole batch
    store          insert the events; a provider id seen before changes nothing
    inbox          the oldest event of a conversation nobody holds
    router         agent has it? tap? command? the waiting step? a trigger? fallback?
    flow/          the machine moves the Turn; effects are collected; nothing outside is touched
    engine         conversation, outbox, timers, calls, ticket, transcript, event done: one commit
    outbox         window open? consent? pace? -> send -> settle
    channel        the provider's API; its receipts come back by the webhook, the same door
"""

__version__ = "0.1.0"
