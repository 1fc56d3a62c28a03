from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

ROOT = Path(__file__).parent.parent
PASSWORD = "correct horse battery"

CONFIG = """
server: {{port: {port}}}
channels:
  main:
    provider: meta
    phone_number_id: "100200300"
    graph_url: http://127.0.0.1:1/v23.0
    app_secret: ${{SECRET}}
    access_token: ${{TOKEN}}
    verify_token: ${{VERIFY}}
"""
FLOW = """
flow: greet
title: Greeting
triggers: {keywords: [good day]}
steps:
  greet: {say: Good day to you., end: greeted}
"""
ENVIRON = {"SECRET": "s", "TOKEN": "t", "VERIFY": "v"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "greet.yaml").write_text(FLOW, "utf-8")
    (tmp_path / "config.yaml").write_text(CONFIG.format(port=port), "utf-8")
    return tmp_path


def environment(**more: str) -> dict[str, str]:
    keep = {name: value for name, value in os.environ.items() if not name.startswith("META_")}
    return {**keep, "PYTHONPATH": str(ROOT), **more}


def bot(*words: str, at: Path, given: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "bot", *words], cwd=at, input=given, check=False,
                          env=environment(**environ), capture_output=True, text=True, timeout=50)


@contextlib.contextmanager
def running(project: Path) -> Iterator[subprocess.Popen[str]]:
    """`bot run` once it serves."""
    with subprocess.Popen([sys.executable, "-m", "bot", "run"], cwd=project, text=True,
                          env=environment(**ENVIRON), stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        try:
            lines = []
            for line in process.stderr:
                lines.append(line)
                if line.startswith("{") and json.loads(line)["event"] == "serving":
                    break
            else:
                pytest.fail("".join(lines))
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
            process.stderr.read()


def test_help_is_quick_because_it_imports_nothing_heavy(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import sys, bot.__main__\n"
         "print([name for name in ('aiohttp', 'pydantic', 'jinja2', 'yaml', 'babel')"
         " if name in sys.modules])"],
        cwd=tmp_path, env=environment(), check=True, capture_output=True, text=True)
    assert done.stdout == "[]\n"
    done = bot("--help", at=tmp_path)
    assert done.returncode == 0
    for command in ("demo", "run", "check", "emulator", "doctor", "agents", "db"):
        assert f"  {command} " in done.stdout


@pytest.mark.parametrize("words", [
    ("chek",), ("check", "--jsn"), ("run", "--port", "x"), ("agents", "remove"),
    ("check", "nowhere"), ("run", "--log", "loud"), ("db", "events", "--limit", "0"),
])
def test_misuse_ends_with_2(project: Path, words: tuple[str, ...]) -> None:
    done = bot(*words, at=project, **ENVIRON)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr
    assert "Traceback" not in done.stderr


def test_without_a_configuration_it_says_where_it_looked(tmp_path: Path) -> None:
    for words in (("run",), ("check",), ("agents", "list"), ("emulator",)):
        done = bot(*words, at=tmp_path)
        assert done.returncode == 2
        assert str(tmp_path) in done.stderr
        assert "--config" in done.stderr


def test_run_names_every_variable_that_is_missing(project: Path) -> None:
    done = bot("run", at=project)
    assert done.returncode == 1
    assert [name for name in ENVIRON if f"{name} is not set" not in done.stderr] == []
    assert "Traceback" not in done.stderr


def test_check_needs_no_secrets_and_finds_nothing_in_the_shipped_project() -> None:
    done = bot("check", at=ROOT)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("0 errors, 0 warnings in ")


def test_check_finds_nothing_in_the_project_of_the_load_test() -> None:
    done = bot("check", "--config", "tests/bench/load/config.yaml", at=ROOT)
    assert (done.returncode, done.stderr) == (0, "")


def test_check_shows_each_mistake_with_its_place(project: Path) -> None:
    (project / "flows" / "greet.yaml").write_text(FLOW.replace("say:", "sya:"), "utf-8")
    done = bot("check", at=project)
    assert done.returncode == 1
    *findings, summary = done.stdout.splitlines()
    assert findings[0].startswith("flows/greet.yaml:6:11 error ")
    assert "`say`" in findings[0]
    assert "1 error" in summary


def test_check_tells_programs_in_json(project: Path) -> None:
    (project / "flows" / "greet.yaml").write_text(FLOW.replace("say:", "sya:"), "utf-8")
    done = bot("check", "--json", at=project)
    assert done.returncode == 1
    report = json.loads(done.stdout)
    assert report["errors"] >= 1
    assert set(report["findings"][0]) == {"file", "line", "column", "level", "message"}


def test_check_annotates_lines_for_a_platform(project: Path) -> None:
    (project / "flows" / "greet.yaml").write_text(FLOW.replace("say:", "sya:"), "utf-8")
    done = bot("check", "--annotations", at=project)
    assert done.returncode == 1
    found, summary = done.stdout.splitlines()
    assert found == ("::error file=flows/greet.yaml,line=6,col=11::a step has no word `sya` - did "
                     "you mean `say`?")
    assert summary.startswith("1 error, 0 warnings in ")
    assert bot("check", "--annotations", "--json", at=project).returncode == 2


def test_check_looks_only_where_it_is_told_to(project: Path) -> None:
    (project / "flows" / "bad.yaml").write_text(FLOW.replace("say:", "sya:"), "utf-8")
    assert bot("check", "flows/bad.yaml", at=project).returncode == 1
    done = bot("check", "--json", "flows/greet.yaml", at=project)
    assert not [finding for finding in json.loads(done.stdout)["findings"]
                if "greet" not in finding["file"]]


def test_check_finds_the_project_of_the_file_that_it_is_given(project: Path,
                                                               tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    done = bot("check", str(project / "flows" / "greet.yaml"), at=elsewhere)
    assert done.returncode == 0, done.stdout


def test_a_mistake_in_the_configuration_is_a_finding(project: Path) -> None:
    with (project / "config.yaml").open("a") as config:
        config.write("old_taps: jmp\n")
    done = bot("check", at=project)
    assert done.returncode == 1
    assert "config.yaml:11:11 error" in done.stdout


def test_agents_are_added_listed_given_passwords_and_disabled(project: Path) -> None:
    assert "bot agents add" in bot("agents", "list", at=project).stdout
    done = bot("agents", "add", "ana", "--name", "Ana", "--password-stdin", at=project,
               given=f"{PASSWORD}\n")
    assert (done.returncode, done.stderr) == (0, "")
    again = bot("agents", "add", "ana", "--password-stdin", at=project, given=f"{PASSWORD}\n")
    assert again.returncode == 1
    assert "ana" in again.stderr
    assert bot("agents", "disable", "ana", at=project).returncode == 0
    listed = json.loads(bot("agents", "list", "--json", at=project).stdout)
    assert listed == [{"login": "ana", "name": "Ana", "disabled": True}]
    assert bot("agents", "password", "ana", "--password-stdin", at=project,
               given=f"{PASSWORD}!\n").returncode == 0
    assert "disabled" not in bot("agents", "list", at=project).stdout
    unknown = bot("agents", "disable", "bob", at=project)
    assert unknown.returncode == 1
    assert "there is ana" in unknown.stderr


@pytest.mark.parametrize(("login", "password", "expected"), [
    ("ana", "short", "at least 12"), ("An a", PASSWORD, "can't be a login"),
])
def test_a_login_or_password_that_will_not_do_is_refused(
        project: Path, login: str, password: str, expected: str) -> None:
    done = bot("agents", "add", login, "--password-stdin", at=project, given=f"{password}\n")
    assert done.returncode == 2
    assert expected in done.stderr


def test_a_running_process_is_asked_for_agents_and_events(project: Path) -> None:
    with running(project):
        done = bot("agents", "add", "ana", "--password-stdin", at=project, given=f"{PASSWORD}\n")
        assert (done.returncode, done.stderr) == (0, "")
        assert json.loads(bot("agents", "list", "--json", at=project).stdout)[0]["login"] == "ana"
        assert json.loads(bot("db", "events", "--json", at=project).stdout) == []
        doctor = json.loads(bot("doctor", "--json", at=project, **ENVIRON).stdout)
        assert {result["level"] for result in doctor} == {"ok"}
        assert "which answers" in doctor[-1]["found"]


def test_a_second_process_on_the_same_store_says_why_it_ends(project: Path) -> None:
    with running(project):
        config = project / "config.yaml"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            config.write_text(CONFIG.format(port=free.getsockname()[1]), "utf-8")
        done = bot("run", at=project, **ENVIRON)
        assert done.returncode == 1
        assert "is open in another process" in done.stderr
        assert "Traceback" not in done.stderr


def test_a_port_that_is_taken_says_so(project: Path) -> None:
    with running(project):
        done = bot("run", at=project, **ENVIRON)
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
        assert "listen" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_it_is_asked_to_stop(project: Path, number: signal.Signals) -> None:
    with running(project) as process:
        port = int((project / "config.yaml").read_text("utf-8").split("port: ")[1].split("}")[0])
        with urlopen(f"http://127.0.0.1:{port}/healthz") as answer:
            assert answer.status == 200
        process.send_signal(number)
        assert process.wait(20) == 0
    assert not (project / "data" / "bot.db.control").exists()


def test_a_demo_of_ones_own_project_writes_to_no_real_number(project: Path) -> None:
    config = (project / "config.yaml").read_text("utf-8")
    (project / "config.yaml").write_text(
        config.replace("    graph_url: http://127.0.0.1:1/v23.0\n", ""), "utf-8")
    with subprocess.Popen(
            [sys.executable, "-m", "bot", "demo", "--port", "0", "--config", "config.yaml"],
            cwd=project, env=environment(**ENVIRON), text=True, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(4)]
        assert [line.split()[0] for line in lines] == ["Phone", "Desk", "API", "Ctrl-C"]
        here = lines[0].split()[1].removesuffix("/emulator")
        with urlopen(f"{here}/emulator") as answer:
            assert answer.status == 200
        with urlopen(f"{here}/readyz") as answer:
            assert answer.status == 200
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    assert not (project / "data").exists()


def test_the_doctor_says_what_is_missing(project: Path) -> None:
    done = bot("doctor", at=project)
    assert done.returncode == 1
    assert "sqlite" in done.stdout
    assert "SECRET is not set" in done.stdout


def test_the_store_is_made_before_anything_runs(project: Path) -> None:
    done = bot("db", "upgrade", at=project)
    assert (done.returncode, done.stderr) == (0, "")
    assert (project / "data" / "bot.db").is_file()
    assert bot("db", "events", at=project).stdout == "Nothing came in yet.\n"
