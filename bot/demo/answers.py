"""How the demo's APIs answer: JSON errors, a language, and one answer for one idempotency key."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

Texts = dict[str, str]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_KEPT_KEYS = 10_000


def problem(status: int, code: str, message: str) -> web.Response:
    """An error in the one shape that both APIs use."""
    return web.json_response({"error": {"code": code, "message": message}}, status=status)


@web.middleware
async def json_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Errors of the server itself (no such path, a wrong method) in the APIs' own shape."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        code = error.reason.lower().replace(" ", "_")
        return problem(error.status, code, error.reason)


def language_of(request: web.Request, body: dict[str, Any] | None = None) -> str:
    """`zh` for every kind of Chinese asked for, else English."""
    asked = (body or {}).get("language") or request.query.get("language") or ""
    return "zh" if str(asked).lower().startswith("zh") else "en"


async def json_object(request: web.Request) -> dict[str, Any] | None:
    """The body, or None when it is no JSON object."""
    try:
        body = await request.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def digits(phone: str) -> str:
    """A phone number as digits with its country code."""
    kept = "".join(each for each in phone if each.isascii() and each.isdigit())
    return kept[2:] if kept.startswith("00") else kept


class Remembered:
    """Answers by Idempotency-Key: the same request again gets the same answer again."""

    def __init__(self) -> None:
        self._answers: dict[str, tuple[str, int, str]] = {}

    async def once(self, request: web.Request, answer: Callable[
            [web.Request, dict[str, Any]], web.Response]) -> web.Response:
        """What `answer` makes of the request's body, or what it made of it before."""
        body = await json_object(request)
        if body is None:
            return problem(400, "not_json", "Send a JSON object.")
        before = self._find(request, body)
        return self._keep(request, body, answer(request, body)) if before is None else before

    def _find(self, request: web.Request, body: dict[str, Any]) -> web.Response | None:
        """The answer given before under this key, or a refusal when the request was another."""
        key = request.headers.get("Idempotency-Key")
        known = self._answers.get(key) if key else None
        if known is None:
            return None
        fingerprint, status, text = known
        if fingerprint != _fingerprint(request, body):
            return problem(422, "key_reused", "This Idempotency-Key was used for another request.")
        return web.Response(text=text, status=status, content_type="application/json",
                            headers={"Idempotent-Replayed": "true"})

    def _keep(self, request: web.Request, body: dict[str, Any],
              response: web.Response) -> web.Response:
        """Remember what a request that changed something was answered."""
        key = request.headers.get("Idempotency-Key")
        if key:
            while len(self._answers) >= _KEPT_KEYS:
                del self._answers[next(iter(self._answers))]
            self._answers[key] = (_fingerprint(request, body), response.status,
                                  response.text or "")
        return response


def _fingerprint(request: web.Request, body: dict[str, Any]) -> str:
    said = json.dumps([request.method, request.path, body], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()
