"""The recipes for services: no engine runs them here, so their parts are read, and their commands looked up."""

import configparser
import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import click
import pytest
import typer.main

from flowstate_flower.cli.main import application

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "how-to" / "run-as-services.md").read_text()
HARDENED = {
    "NoNewPrivileges": "yes",
    "CapabilityBoundingSet": "",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "UMask": "0077",
    "User": "flowstate",
}
LANDLOCK = {"landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self"}


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def unit(text: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(text)
    return parser


UNITS = [unit(text) for text in blocks("ini")]
SERVICES = [found for found in UNITS if "Service" in found]


def exists(words: list[str]) -> None:
    """The command is one of ours, its options too."""
    command: click.Command = typer.main.get_command(application())
    rest = list(words)
    while isinstance(command, click.Group) and (rest[:1] or [""])[0] in command.commands:
        command = command.commands[rest.pop(0)]
    assert not isinstance(command, click.Group) or command.invoke_without_command, words
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word.partition("=")[0] for word in rest if word.startswith("--")} <= known, words


def instructions() -> list[tuple[str, str]]:
    (text,) = blocks("dockerfile")
    return [(line.partition(" ")[0], line.partition(" ")[2]) for line in text.splitlines()]


@pytest.mark.parametrize("found", SERVICES, ids=lambda found: found["Service"]["ExecStart"].split(" ", 1)[1])
def test_every_service_is_hardened_and_starts_a_command_that_exists(found: configparser.ConfigParser) -> None:
    service = found["Service"]
    assert {key: service.get(key) for key in HARDENED} == HARDENED
    program, *words = shlex.split(service["ExecStart"])
    assert program == "/opt/flowstate/bin/flowstate"
    exists(words)
    assert "@system-service" in service["SystemCallFilter"]


def test_there_are_services_for_both_sides_and_only_the_client_needs_landlock() -> None:
    needs = {s["Service"]["ExecStart"].split()[1:3][0]: s["Service"]["SystemCallFilter"].split() for s in SERVICES[:2]}
    assert set(needs) == {"superlink", "client"}
    assert set(needs["client"]) >= LANDLOCK
    assert all(s["Service"].get("Restart") == "on-failure" and s["Install"]["WantedBy"] for s in SERVICES[:2])
    assert any("Timer" in found for found in UNITS)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemd_knows_every_key(tmp_path: Path) -> None:
    names = ["flowstate-superlink.service", "flowstate-client.service", "flowstate-renew.timer", "flowstate-renew.service"]
    for name, text in zip(names, blocks("ini"), strict=True):
        (tmp_path / name).write_text(text.replace("/opt/flowstate/bin/flowstate", "/bin/true"))
    done = subprocess.run(
        ["systemd-analyze", "verify", *(str(tmp_path / name) for name in names)], capture_output=True, text=True, check=False
    )
    ours = [line for line in done.stderr.splitlines() if "flowstate-" in line]
    assert not [line for line in ours if re.search(r"Unknown|Invalid|Failed to parse|unsafe", line)], ours


def test_the_container_holds_no_key_and_runs_as_nobody_special() -> None:
    found = instructions()
    names = [name for name, _ in found]
    assert names[0] == "FROM"
    assert {"USER", "VOLUME", "HEALTHCHECK", "ENTRYPOINT", "CMD"} <= set(names)
    said = dict(found)
    assert said["USER"] == "10001:10001"
    assert names.index("USER") < names.index("ENTRYPOINT")
    entry, command = json.loads(said["ENTRYPOINT"]), json.loads(said["CMD"])
    assert entry == ["flowstate"]
    exists(command)
    exists(json.loads(said["HEALTHCHECK"].partition("CMD ")[2])[1:])
    assert not re.search(r"\.key|token|--privileged", "".join(blocks("dockerfile")))


def test_containers_are_run_without_rights() -> None:
    runs = [line for block in blocks("console") for line in block.splitlines() if line.startswith("$ docker run")]
    assert len(runs) == 2
    for line in runs:
        assert all(flag in line for flag in ("--read-only", "--cap-drop ALL", "--security-opt no-new-privileges", "--memory"))
        words = shlex.split(line)
        inside = words[words.index("flowstate") + 1 :]
        if inside:
            exists(inside)
    assert "9093" not in "".join(runs)
