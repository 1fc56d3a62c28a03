"""WhatsApp by Meta's Cloud API: one business number."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from multidict import MultiMapping
from pydantic_core import from_json

from bot.channel import meta_errors, meta_parse, meta_render
from bot.channel.http import Answer, HttpClient, Origin, head, origin_of
from bot.channel.meta_content import is_id
from bot.errors import ConfigError, Malformed, OutcomeUnknown, Rejected, Unreachable
from bot.model import Address, Item, Json

SIGNATURE = "X-Hub-Signature-256"
SEND_TIMEOUT = 15.0
MEDIA_TIMEOUT = 60.0
MEDIA_LIMIT = 25 * 1024 * 1024

#: Where Meta keeps files. The access token goes nowhere else, whatever a delivery says.
MEDIA_HOSTS = frozenset({Origin("https", "lookaside.fbsbx.com", 443),
                         Origin("https", "graph.facebook.com", 443)})

_SIGNATURE = re.compile(r"sha256=[0-9a-f]{64}")
_MEDIA_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,199}")
_MIME_TYPE = re.compile(r"[a-z]+/[\w.+-]{1,100}(; ?[\w-]+=[\w.+-]+)*", re.ASCII)
_AGENT = {"User-Agent": "frontdesk-bot"}  # Meta turns away some clients' usual names


class Meta:
    """One business number at Meta; implements `bot.channel.base.Channel`."""

    def __init__(self, *, name: str, phone_number_id: str, graph_url: str,
                 app_secrets: Sequence[str], access_token: str, verify_token: str,
                 http: HttpClient, business_account_id: str | None = None,
                 timeout: float = SEND_TIMEOUT, media_limit: int = MEDIA_LIMIT) -> None:
        if not app_secrets or not all(app_secrets):
            raise ConfigError(f"channel {name} needs an app_secret: without it anybody could "
                              "write messages in the name of customers")
        if not access_token or not verify_token or not phone_number_id:
            raise ConfigError(
                f"channel {name} needs phone_number_id, access_token and verify_token")
        self.name = name
        self.phone_number_id = phone_number_id
        self.app_secrets = tuple(app_secrets)
        self._keys = tuple(secret.encode() for secret in app_secrets)
        self._verify_token = verify_token.encode()
        self._account = business_account_id or ""
        self._http = http
        self._timeout = timeout
        self._media_limit = media_limit
        self._graph_url = graph_url.rstrip("/") + "/"
        self._authorization = {"Authorization": f"Bearer {access_token}", **_AGENT}
        try:
            self._origin, target = origin_of(
                f"{self._graph_url}{quote(phone_number_id, safe='')}/messages")
        except ValueError as error:
            raise ConfigError(f"channel {name}: graph_url: {error}") from None
        self._head = head("POST", self._origin, target,
                          {**self._authorization, "Content-Type": "application/json"})
        self._media_hosts = MEDIA_HOSTS | {self._origin}

    def verify(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Whether exactly one signature came, and one of the app's secrets made it."""
        if isinstance(headers, MultiMapping):
            given = headers.getall(SIGNATURE, [])
        else:
            given = [value for key, value in headers.items() if key.lower() == SIGNATURE.lower()]
        if len(given) != 1 or not _SIGNATURE.fullmatch(given[0]):
            return False
        valid = False
        for key in self._keys:
            wanted = hmac.digest(key, body, "sha256").hex()
            valid |= hmac.compare_digest(given[0][7:], wanted)
        return valid

    def challenge(self, query: Mapping[str, str]) -> str | None:
        """The challenge as it came, or None when mode or token are not as agreed."""
        try:
            mode, token = query["hub.mode"], query["hub.verify_token"]
            challenge = query["hub.challenge"]
        except KeyError as missing:
            raise Malformed(f"the handshake has no {missing.args[0]}") from None
        same = hmac.compare_digest(token.encode("utf-8", "surrogatepass"), self._verify_token)
        return challenge if same and mode == "subscribe" else None

    def parse(self, body: bytes, numbers: Mapping[str, str], received_at: int) -> list[Item]:
        """Everything in the delivery; see `bot.channel.base.Channel.parse`."""
        return meta_parse.parse(body, channel=self.name, account=self._account, numbers=numbers,
                                received_at=received_at)

    async def send(self, to: tuple[Address, ...], content: Json, tag: str) -> str:
        """Send one message and return Meta's id of it. Raises `ChannelError`."""
        answer = await self._post(meta_render.message(to, content, tag))
        try:
            message_id = from_json(answer.body)["messages"][0]["id"]
        except (ValueError, LookupError, TypeError):
            message_id = None
        if not isinstance(message_id, str) or not is_id(message_id):
            raise OutcomeUnknown(f"Meta answered {answer.status} without the id of a message")
        return message_id

    async def mark_read(self, external_id: str, *, typing: bool) -> None:
        """Show the customer that the message was read, and optionally that we are typing."""
        await self._post(meta_render.read_mark(external_id, typing=typing))

    async def media(self, media_id: str) -> tuple[str, bytes]:
        """Fetch what a customer sent: (mime type, bytes). Raises `ChannelError`."""
        if not _MEDIA_ID.fullmatch(media_id):
            raise Rejected("this is no id of a file at Meta")
        number = quote(self.phone_number_id, safe="")
        answer = await self._get(
            f"{self._graph_url}{media_id}?phone_number_id={number}", 64 * 1024)
        try:
            about = from_json(answer.body)
            url, mime_type = about["url"], about.get("mime_type")
            size, digest = about.get("file_size"), about.get("sha256")
        except (ValueError, LookupError, TypeError, AttributeError):
            raise Unreachable("Meta's answer about the file can't be read") from None
        if isinstance(size, (int, str)) and str(size).isdecimal() and int(size) > self._media_limit:
            raise Rejected(f"the file has {size} bytes, more than the {self._media_limit} allowed")
        data = (await self._get(url, self._media_limit)).body
        if isinstance(digest, str) and not _same(digest, data):
            raise Unreachable("the file arrived damaged")
        if not isinstance(mime_type, str) or not _MIME_TYPE.fullmatch(mime_type):
            mime_type = "application/octet-stream"
        return mime_type, data

    async def _post(self, body: bytes) -> Answer:
        """The one place where messages leave."""
        data = b"%bContent-Length: %d\r\n\r\n%b" % (self._head, len(body), body)
        answer = await self._http.request(self._origin, data, within=self._timeout)
        if not 200 <= answer.status < 300:
            raise meta_errors.failure(answer.status, answer.body, answer.header("Retry-After"))
        return answer

    async def _get(self, url: object, limit: int) -> Answer:
        """Fetch from Meta's own hosts only, and follow no redirect: the token goes along."""
        try:
            origin, target = origin_of(str(url))
        except ValueError:
            raise Rejected("the file has no address that can be fetched") from None
        if origin not in self._media_hosts:
            raise Rejected(f"the file's address names {origin.host}, which is none of Meta's")
        request = head("GET", origin, target, self._authorization) + b"\r\n"
        try:
            answer = await self._http.request(origin, request, within=MEDIA_TIMEOUT,
                                              limit=limit)
        except OutcomeUnknown as error:
            raise Unreachable(str(error)) from None  # reading twice does no harm
        if answer.status != 200:
            raise meta_errors.failure(answer.status, answer.body, answer.header("Retry-After"))
        return answer


def _same(digest: str, data: bytes) -> bool:
    """Whether Meta's sum of a file is right; it is written in hex or in base64."""
    found = hashlib.sha256(data)
    return digest.lower() == found.hexdigest() or (
        digest == base64.b64encode(found.digest()).decode())
