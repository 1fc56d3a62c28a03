"""The bytes of a delivery, as Meta writes and signs them. Pure."""

from __future__ import annotations

import hashlib
import hmac
import json

from bot.emulator.chats import Chat, Message, digits
from bot.emulator.settings import EmulatorSettings, Json


def envelope(settings: EmulatorSettings, value: Json) -> Json:
    """One change of the field `messages` in Meta's envelope."""
    metadata = {"display_phone_number": digits(settings.display_phone_number),
                "phone_number_id": settings.phone_number_id}
    change = {"field": "messages", "value": {"messaging_product": "whatsapp",
                                             "metadata": metadata, **value}}
    return {"object": "whatsapp_business_account",
            "entry": [{"id": settings.business_account_id, "changes": [change]}]}


def message_value(chat: Chat, message: Message) -> Json:
    """What a webhook says of a customer's message."""
    customer = chat.customer
    contact: Json = {"profile": {"name": customer.name}, "user_id": customer.user_id}
    if customer.username:
        contact["profile"]["username"] = customer.username
    said: Json = {"id": message.id, "from_user_id": customer.user_id,
                  "timestamp": str(message.at // 1000), "type": message.type}
    if customer.phone:
        contact["wa_id"] = said["from"] = customer.phone
    if message.context:
        said["context"] = message.context
    said[message.type] = message.body
    return {"contacts": [contact], "messages": [said]}


def status_value(chat: Chat, message: Message, status: str, at: int) -> Json:
    """What a webhook says of the fate of a message of the business."""
    customer = chat.customer
    receipt: Json = {"id": message.id, "status": status, "timestamp": str(at // 1000),
                     "recipient_user_id": customer.user_id}
    contact: Json = {"user_id": customer.user_id}
    if customer.phone:
        contact["wa_id"] = receipt["recipient_id"] = customer.phone
    if message.tag is not None:
        receipt["biz_opaque_callback_data"] = message.tag
    if status == "failed":
        receipt["errors"] = [message.error]
        return {"statuses": [receipt]}
    if status in ("sent", "delivered") and message.type != "reaction":
        receipt["pricing"] = {"billable": True, "pricing_model": "PMP", "type": "regular",
                              "category": message.category}
    return {"contacts": [contact], "statuses": [receipt]}


def encode(body: Json) -> bytes:
    """JSON in the escaped form that Meta signs and sends: `\\u00e4`, `\\/`, `\\u003C`."""
    text = json.dumps(body, separators=(",", ":"))
    # None of these four stands outside of strings in JSON, so replacing them all is safe.
    for plain, escaped in (("/", "\\/"), ("<", "\\u003C"), ("%", "\\u0025"), ("@", "\\u0040")):
        text = text.replace(plain, escaped)
    return text.encode("ascii")


def headers(secret: str, body: bytes) -> dict[str, str]:
    """The headers of a delivery; the SHA-1 one is what Meta still sends beside the real one."""
    key = secret.encode()
    return {"Content-Type": "application/json", "User-Agent": "facebookexternalua",
            "X-Hub-Signature": "sha1=" + hmac.new(key, body, hashlib.sha1).hexdigest(),
            "X-Hub-Signature-256": "sha256=" + hmac.new(key, body, hashlib.sha256).hexdigest()}
