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

What comes by itself takes the same path from the store on: timers (what is due), calls (results of
the business's APIs), the desk and the API in web/. Around it: app puts a process together, workers
keeps several of them, hints is what they tell each other, serving follows what is published;
runaway, disk and readiness keep one turn, a full disk and a store that is away from harming the
rest; upkeep ends what was kept long enough; verify and witness hold the store against
docs/guarantee.md.
"""

__version__ = "0.1.0"
