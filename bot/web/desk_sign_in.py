"""Signing in and out of the desk."""

from __future__ import annotations

import asyncio
import secrets

from aiohttp import web

from bot.clock import MINUTE, SECOND
from bot.web import auth
from bot.web.desk_pages import DESK, client_address, page, signed_in, still_signed_in

PASSWORDS = web.AppKey("desk_passwords", auth.Passwords)
TRIES = web.AppKey("desk_tries", auth.Tries)
FORM = "signin"  #: the cookie that ties the sign-in form to this browser


async def show(request: web.Request) -> web.Response:
    """The form; who is signed in already goes on."""
    wanted = auth.next_page(request.query.get("next", "/desk"))
    if await still_signed_in(request) is not None:
        raise web.HTTPSeeOther(wanted)
    return _form(request, wanted=wanted)


async def sign_in(request: web.Request) -> web.Response:
    desk, tries = request.app[DESK], request.app[TRIES]
    if not auth.is_servable(request, desk.public_url):
        return _form(request, status=403)
    form = await auth.read_form(request)
    wanted = auth.next_page(form.get("next", ""))
    login, password = form.get("login", "").strip().lower(), form.get("password", "")
    ours = (auth.from_our_pages(request, desk.public_url)
            and auth.same(form.get("csrf", ""),
                          request.cookies.get(auth.cookie_name(request, FORM), "")))
    if not ours:
        return _form(request, status=403, login=login, wanted=wanted,
                     problem="This form was too old. Please sign in again.")
    address = client_address(request)
    wait = tries.begin(login, address)
    if wait:
        response = _form(request, status=429, login=login, wanted=wanted,
                         problem="Too many tries. Wait "
                                 f"{max(1, -(-wait // MINUTE))} min and try again.")
        response.headers["Retry-After"] = str(-(-wait // SECOND))
        return response
    agent = await desk.store.desk.agent(login) if login else None
    if not await request.app[PASSWORDS].check(agent, password) or agent is None:
        await desk.store.desk.audit("", "sign_in_failed", "")
        await asyncio.sleep(tries.delay(login, address) / SECOND)
        return _form(request, status=401, login=login, wanted=wanted,
                     problem="This login and password don't go together.")
    tries.succeed(login, address)
    if auth.outdated(agent.password_hash):
        await desk.store.desk.set_agent(
            login, password_hash=await asyncio.to_thread(auth.hash_password, password))
    if old := auth.token_of(request):
        await desk.store.desk.sign_out(auth.token_hash(old))
    token = await auth.sign_in(desk.store, agent, desk.real.now())
    await desk.store.desk.audit(f"agent:{agent.id}", "sign_in", "")
    response = web.HTTPSeeOther(wanted)
    auth.set_cookie(request, response, token)
    auth.drop_cookie(request, response, FORM)
    raise response


async def sign_out(request: web.Request) -> web.Response:
    desk, agent = request.app[DESK], signed_in(request).agent
    await desk.store.desk.sign_out(auth.token_hash(auth.token_of(request)))
    await desk.store.desk.audit(f"agent:{agent.id}", "sign_out", "")
    response = web.HTTPSeeOther("/desk/sign-in")
    auth.drop_cookie(request, response)
    raise response


def _form(request: web.Request, *, status: int = 200, login: str = "", wanted: str = "/desk",
          problem: str = "") -> web.Response:
    servable = auth.is_servable(request, request.app[DESK].public_url)
    form = secrets.token_urlsafe(32)
    response = page(request, "sign_in.html", status=status if servable else 403, login=login,
                    wanted=wanted, problem=problem, form=form, servable=servable)
    auth.set_cookie(request, response, form, FORM)
    return response
