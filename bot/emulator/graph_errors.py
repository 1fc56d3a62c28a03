"""Meta's way of saying no."""

from __future__ import annotations

import secrets

from bot.emulator.settings import Json
from bot.errors import BotError

TITLES: dict[int, tuple[str, int]] = {
    4: ("Application request limit reached", 400),
    10: ("Application does not have permission for this action", 403),
    100: ("Invalid parameter", 400),
    190: ("Invalid OAuth access token - Cannot parse access token", 401),
    368: ("Temporarily blocked for policies violations", 403),
    2500: ("Unknown path components", 400),
    130429: ("Rate limit hit", 400),
    131000: ("Something went wrong", 500),
    131008: ("Required parameter is missing", 400),
    131009: ("Parameter value is not valid", 400),
    131016: ("Service unavailable", 503),
    131021: ("Recipient cannot be sender", 400),
    131026: ("Message undeliverable", 400),
    131047: ("Re-engagement message", 400),
    131049: ("This message was not delivered to maintain healthy ecosystem engagement", 400),
    131051: ("Unsupported message type", 400),
    131053: ("Media upload error", 400),
    131056: ("(Business Account, Consumer Account) pair rate limit hit", 400),
    132000: ("Number of parameters does not match the expected number of params", 400),
    132001: ("Template name does not exist in the translation", 404),
    132012: ("Parameter format does not match format in the created template", 400),
}


class GraphError(BotError):
    """The Graph API refuses the request."""

    def __init__(self, code: int, details: str, *, subcode: int | None = None,
                 status: int | None = None) -> None:
        self.title, usual = TITLES.get(code, ("Something went wrong", 400))
        super().__init__(f"(#{code}) {self.title}")
        self.code = code
        self.details = details
        self.subcode = subcode
        self.status = status or usual

    def body(self) -> Json:
        """The answer as Meta writes it."""
        error: Json = {"message": str(self), "type": "OAuthException", "code": self.code}
        if self.subcode is not None:
            error["error_subcode"] = self.subcode
        error["error_data"] = {"messaging_product": "whatsapp", "details": self.details}
        error["fbtrace_id"] = "A" + secrets.token_urlsafe(16)
        return {"error": error}

    def in_receipt(self) -> Json:
        """The same error as a failed receipt carries it."""
        return {"code": self.code, "title": self.title, "message": self.title,
                "error_data": {"details": self.details},
                "href": "https://developers.facebook.com/docs/whatsapp/cloud-api/support/"
                        "error-codes/"}
