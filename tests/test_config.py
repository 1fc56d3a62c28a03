from __future__ import annotations

import ast
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot import settings as settings_module
from bot.clock import HOUR
from bot.config import Settings, find, keys, load
from bot.errors import ConfigError

CHANNEL = """
channels:
  main:
    provider: meta
    phone_number_id: "106540352242922"
    app_secret: ${SECRET}
    access_token: ${TOKEN}
    verify_token: ${VERIFY}
"""
ENVIRONMENT = {"SECRET": "s", "TOKEN": "t", "VERIFY": "v"}


def project(folder: Path, text: str) -> Path:
    (folder / "flows").mkdir(exist_ok=True)
    path = folder / "config.yaml"
    path.write_text(text, "utf-8")
    return path


def settings(folder: Path, text: str, **environ: str) -> Settings:
    return load(project(folder, text), {**ENVIRONMENT, **environ})


def mistakes(folder: Path, text: str, **environ: str) -> list[str]:
    """Each mistake as `line:column level message`."""
    path = project(folder, text)
    with pytest.raises(ConfigError) as caught:
        load(path, {**ENVIRONMENT, **environ})
    lines = str(caught.value).splitlines()
    assert len(lines) == len(caught.value.findings)
    assert all(line.startswith(f"{path}:") for line in lines)
    return [line.removeprefix(f"{path}:") for line in lines]


def test_what_is_not_written_has_a_default(tmp_path: Path) -> None:
    got = settings(tmp_path, CHANNEL)
    assert (got.server.host, got.server.port) == ("127.0.0.1", 8080)
    assert got.server.public_url == "http://127.0.0.1:8080"
    assert got.store == f"sqlite:///{tmp_path}/data/bot.db"
    assert got.flows == tmp_path / "flows"
    assert got.reminders.after_ms == 23 * HOUR
    assert got.outbox.unknown_after_ms == 60_000
    assert got.fallback == ("rephrase", "menu", "handoff")
    assert list(got.handoff.queues) == [got.handoff.default] == ["support"]


def test_everything_is_parsed_once_into_its_own_type(tmp_path: Path) -> None:
    got = settings(tmp_path, CHANNEL + """
    limits: {per_second: off, per_pair: off, per_day: 250, flood: 30}
    receipts: {read: off, typing: on}
timezone: Europe/Berlin
idle: 1d 12h
public: {shop_name: Trail & Co, days: 30, code: "007", free: true, note: yes}
handoff:
  default: front
  queues: {front: {hours: "Mon-Fri 09:00-18:00", holidays: [2026-12-25, 2026-12-26]}}
""")
    channel = got.channels["main"]
    assert channel.limits.per_second is None
    assert (channel.limits.per_pair, channel.limits.per_day) == (False, 250)
    assert (channel.receipts.read, channel.receipts.typing) == (False, True)
    assert got.timezone == ZoneInfo("Europe/Berlin")
    assert got.idle_ms == 36 * HOUR
    assert got.public == {"shop_name": "Trail & Co", "days": 30, "code": "007", "free": True,
                          "note": "yes"}
    queue = got.handoff.queues["front"]
    assert queue.hours is not None
    assert queue.holidays == (date(2026, 12, 25), date(2026, 12, 26))


def test_a_backend_says_how_its_operations_are_called(tmp_path: Path) -> None:
    got = settings(tmp_path, CHANNEL + """
backends:
  orders:
    base_url: ${ORDERS_URL}/
    headers: {Authorization: "Bearer ${ORDERS_TOKEN}"}
    idempotent: true
    operations:
      find: {get: "/orders/{number}", timeout: 3s, retries: 1, missing: [404, 410]}
      create_return: {post: returns, json: {order: "{number}", count: 1}}
      drop: {delete: "/returns/{id}", idempotent: false}
""", ORDERS_URL="http://shop.test/api", ORDERS_TOKEN="abc")
    orders = got.backends["orders"]
    assert orders.base_url == "http://shop.test/api"
    assert orders.headers == {"Authorization": "Bearer abc"}
    found, create, drop = orders.operations.values()
    assert (found.method, found.path, found.timeout_ms, found.retries) == (
        "GET", "/orders/{number}", 3000, 1)
    assert found.missing == (404, 410)
    assert (create.method, create.path) == ("POST", "/returns")
    assert create.body == {"order": "{number}", "count": 1}
    assert create.idempotent
    assert not drop.idempotent


def test_a_variable_is_re_read_as_the_type_of_its_field(tmp_path: Path) -> None:
    text = CHANNEL + "server: {port: \"${PORT:-8081}\"}\nidle: ${IDLE:-2h}\n"
    assert settings(tmp_path, text).server.port == 8081
    assert settings(tmp_path, text, PORT="9000").server.port == 9000
    assert settings(tmp_path, text, IDLE="1d").idle_ms == 24 * HOUR
    assert mistakes(tmp_path, text, PORT="many") == [
        f"{line_of(text, 'port')}:16 error `port`: needs a whole number, not “many”"]


def line_of(text: str, word: str) -> int:
    return next(number for number, line in enumerate(text.split("\n"), 1) if word in line)


def test_a_list_of_secrets_is_kept_in_its_order(tmp_path: Path) -> None:
    text = CHANNEL.replace("${SECRET}", "[\"${NEW}\", \"${SECRET}\"]")
    assert settings(tmp_path, text, NEW="n").channels["main"].app_secret == ("n", "s")
    assert settings(tmp_path, CHANNEL).channels["main"].app_secret == ("s",)


def test_variables_that_are_not_set_are_all_named_with_what_each_is_for(tmp_path: Path) -> None:
    path = project(tmp_path, CHANNEL)
    with pytest.raises(ConfigError) as caught:
        load(path, {})
    lines = str(caught.value).splitlines()
    assert len(lines) == 3
    for line, name in zip(lines, ENVIRONMENT, strict=True):
        assert f"{name} is not set in the environment - channels.main." in line
    assert "which signs deliveries" in lines[0]


def test_an_empty_secret_counts_as_missing(tmp_path: Path) -> None:
    (line,) = mistakes(tmp_path, CHANNEL, SECRET="")
    assert "SECRET is not set" in line


@pytest.mark.parametrize("key", ["app_secret", "access_token", "verify_token"])
def test_a_secret_in_the_file_is_refused(tmp_path: Path, key: str) -> None:
    text = "\n".join(f"    {key}: hunter2" if key in line else line
                     for line in CHANNEL.split("\n"))
    (line,) = mistakes(tmp_path, text)
    assert f"`{key}` is a secret and stands in the file" in line
    assert "hunter2" not in line


@pytest.mark.parametrize("token", ["hunter2", "[hunter2]"])
def test_the_api_s_token_in_the_file_is_refused(tmp_path: Path, token: str) -> None:
    (line,) = mistakes(tmp_path, f"{CHANNEL}\napi: {{token: {token}}}\n")
    assert "`token` is a secret and stands in the file" in line
    assert "hunter2" not in line
    assert settings(tmp_path, CHANNEL).api.token == ()


def test_a_secret_header_in_the_file_is_refused(tmp_path: Path) -> None:
    (line,) = mistakes(tmp_path, CHANNEL + """
backends:
  shop: {base_url: "https://shop.test", headers: {X-Api-Key: abc}, operations: {a: {get: /a}}}
""")
    assert "`X-Api-Key` is a secret" in line


def test_a_default_in_the_file_serves_a_secret_of_a_test_project(tmp_path: Path) -> None:
    text = CHANNEL.replace("${SECRET}", "${OTHER:-bench-app-secret}")
    assert settings(tmp_path, text).channels["main"].app_secret == ("bench-app-secret",)


def test_checking_needs_no_secrets(tmp_path: Path) -> None:
    text = CHANNEL + """
server: {port: "${PORT}"}
timezone: ${ZONE}
backends: {orders: {base_url: "${ORDERS_URL}", operations: {find: {get: /o}}}}
"""
    got = load(project(tmp_path, text), {}, secrets=False)
    assert got.channels["main"].access_token == "${TOKEN}"
    assert got.backends["orders"].base_url == "${ORDERS_URL}"
    assert got.server.port == 8080
    assert got.timezone == ZoneInfo("UTC")


def test_checking_without_secrets_still_finds_mistakes(tmp_path: Path) -> None:
    path = project(tmp_path, CHANNEL + "old_taps: jmp\n")
    with pytest.raises(ConfigError, match="did you mean jump"):
        load(path, {}, secrets=False)


@pytest.mark.parametrize(("text", "expected"), [
    ("server: {prot: 80}", "10:10 error `prot` is not known - did you mean `port`?"),
    ("server: {port: 99999}", "10:16 error `port` is out of range - at most 65535"),
    ("server: 8080", "10:9 error `server` needs keys below it (key: value) - where it listens"),
    ("curency: EUR", "10:1 error `curency` is not known - did you mean `currency`?"),
    ("currency: Euro", "10:11 error `currency`: “Euro” is no currency - write its code: "
                       "EUR, USD, CNY"),
    ("timezone: Europe/Brelin", "10:11 error `timezone`: “Europe/Brelin” is no time zone - "
                                "did you mean Europe/Berlin?"),
    ("timezone: ../etc", "10:11 error `timezone`: “../etc” is no time zone - "
                         "write it as Europe/Berlin"),
    ("default_language: English", "10:19 error `default_language`: “English” is no language - "
                                  "write its code: en, zh, pt-BR"),
    ("store: postgresql://bot@host", "10:8 error `store`: it names no database - "
                                     "write postgresql://user@host/database"),
    ("store: mysql://bot@host/db", "10:8 error `store`: “mysql://bot@host/db” is no store - write "
                                   "sqlite:///data/bot.db for a file beside this one, "
                                   "sqlite:////var/lib/bot.db for any other, or "
                                   "postgresql://user@host/database"),
    ("idle: 3 weeks", "10:7 error `idle`: “3 weeks” is no length of time; "
                      "write it as 30s, 15m, 2h or 3d"),
    ("reminders: {after: 24h}", "10:20 error `after` is out of range - less than 24h"),
    ("fallback: [rephrase, meun]", "10:22 error `fallback`: “meun” is not known - "
                                   "did you mean menu?"),
    ("old_taps: jmp", "10:11 error `old_taps`: “jmp” is not known - did you mean jump?"),
    ("flows: nowhere", "10:8 error `flows`: there is no folder {folder}/nowhere - make it, or "
                       "name the one that holds your flows"),
    ("handoff: {default: suport, queues: {support: {}}}",
     "10:20 error `default`: “suport” is no queue - did you mean support?"),
    ("handoff: {queues: {support: {hours: \"Mno 09:00-10:00\"}}}",
     "10:37 error `hours`: “Mno” is no day - did you mean Mon?"),
    ("handoff: {queues: {support: {holidays: [2026-13-01]}}}",
     "10:41 error `holidays`: “2026-13-01” is no day - write it as 2026-12-25"),
    ("handoff: {queues: {Support: {}, support: {}}}",
     "10:20 error “Support” can't be a name - use small letters, digits and _, a letter first, "
     "40 at most"),
    ("purposes: own", "10:1 error `purposes` is not known - here may stand server, store, "
                      "default_language, timezone, currency, flows, templates, plugins, channels, "
                      "backends, reminders, outbox, keep, fallback, idle, old_taps, public, api, "
                      "handoff"),
    ("public: {a: \"${1x}\"}", "10:13 error “${1x}” is no variable - write ${NAME} or "
                               "${NAME:-what holds without it}"),
    ("currency: EUR\ncurrency: USD", "11:1 error `currency` stands here twice (first in line 10)"),
])
def test_a_mistake_is_shown_with_its_place_and_what_would_be_right(
        tmp_path: Path, text: str, expected: str) -> None:
    assert mistakes(tmp_path, f"{CHANNEL}\n{text}\n") == [
        expected.replace("{folder}", str(tmp_path))]


def test_an_unknown_key_is_found_without_the_secrets_too(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(project(tmp_path, f"{CHANNEL}\ncurency: EUR\n"), {}, secrets=False)
    assert str(caught.value).endswith("`curency` is not known - did you mean `currency`?")


@pytest.mark.parametrize(("provider", "expected"), [
    ("twilio", "“twilio” is not supported by this version - meta is"),
    ("mta", "“mta” is not known - did you mean meta?"),
])
def test_a_provider_that_is_not_there_is_refused(tmp_path: Path, provider: str,
                                                 expected: str) -> None:
    assert mistakes(tmp_path, CHANNEL.replace("meta", provider)) == [
        f"4:15 error `provider`: {expected}"]


def test_an_operation_has_exactly_one_method(tmp_path: Path) -> None:
    lines = mistakes(tmp_path, CHANNEL + """
backends:
  shop:
    base_url: shop.test
    operations:
      one: {timeout: 3s}
      two: {get: /a, post: /b}
      three: {get: /a, timeout: 20m, missing: 500}
      four: {method: GET, path: /a}
""")
    assert [line.split(" error ")[1].split(" - ")[0] for line in lines] == [
        "`base_url`: “shop.test” is no address",
        "`one`: needs exactly one of get, post, put, patch, delete with a path",
        "`two`: needs exactly one of get, post, put, patch, delete with a path",
        "`timeout` is out of range", "`missing` is out of range",
        "`method` is not known", "`path` is not known"]


def test_a_key_that_is_missing_is_named_with_what_it_is_for(tmp_path: Path) -> None:
    assert mistakes(tmp_path, "currency: EUR\n") == [
        "1:1 error `channels` is missing - the business's WhatsApp numbers, by a name of your own"]
    (line,) = mistakes(tmp_path, CHANNEL.replace("    verify_token: ${VERIFY}\n", ""))
    assert line.startswith("3:3 error `verify_token` is missing - ")


def test_two_channels_cannot_share_a_number(tmp_path: Path) -> None:
    second = CHANNEL.replace("\nchannels:\n  main:", "  other:")
    (line,) = mistakes(tmp_path, CHANNEL + second)
    assert "is the number of channel main too" in line


def test_all_mistakes_come_in_one_go_in_the_order_of_the_file(tmp_path: Path) -> None:
    lines = mistakes(tmp_path, "curency: EUR\nold_taps: jmp\n" + CHANNEL, TOKEN="")
    assert [int(line.split(":")[0]) for line in lines] == [1, 2, 9]


@pytest.mark.parametrize(("data", "expected"), [
    (b"", "the file is empty"), (b"- a\n", "needs keys"), (b"a: [\n", "the closing `]` is missing"),
    (b"a: \xff\n", "not UTF-8"),
])
def test_a_file_that_is_no_configuration_says_so(tmp_path: Path, data: bytes,
                                                 expected: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_bytes(data)
    with pytest.raises(ConfigError, match=expected):
        load(path, {})


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"config\.yaml can't be read: No such file"):
        load(tmp_path / "config.yaml", {})


def test_the_configuration_is_looked_for_upwards(tmp_path: Path) -> None:
    path = project(tmp_path, CHANNEL)
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    assert find(deep) == path.resolve()
    with pytest.raises(ConfigError, match="--config"):
        find(Path("/"))


def test_every_key_says_what_it_is_for() -> None:
    methods = {"get", "post", "put", "patch", "delete"}
    assert [key for key, purpose in keys()
            if not purpose and key.rsplit(".", 1)[-1] not in methods] == []


def test_no_key_does_nothing() -> None:
    bot = Path(__file__).parent.parent / "bot"
    read = {node.attr for path in bot.rglob("*.py")
            if path.name not in ("settings.py", "config.py")
            for node in ast.walk(ast.parse(path.read_text("utf-8")))
            if isinstance(node, ast.Attribute)}
    sections = [each for each in vars(settings_module).values()
                if isinstance(each, type) and issubclass(each, settings_module.Section)]
    unread = {f"{section.__name__}.{name}" for section in sections
              for name in section.model_fields if name not in read}
    # There is one provider: another one is refused, and nobody has to ask which it is.
    assert unread == {"ChannelSettings.provider"}
