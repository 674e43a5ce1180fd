"""Code that trains tries to get at the tenant's key, with the rights that `client up` gives it, and then takes part."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from flowstate_flower import wiring
from flowstate_flower.clients.policy import PrivacyPolicy, TenantPolicy, WorkPolicy
from flowstate_flower.clients.signer import RemoteHome
from flowstate_flower.deployment import landlock, walls
from flowstate_flower.deployment.confined import Confinement
from flowstate_flower.deployment.processes import child, free_ports
from flowstate_flower.errors import BadInput, FlowstateError, RunImpossible
from flowstate_flower.trust.dsse import Envelope
from flowstate_flower.trust.statements import UpdateStatement, read

needs_landlock = pytest.mark.skipif(landlock.version() < landlock.LEAST_VERSION, reason="no Landlock in this kernel")

# What is run behind the wall: a ClientApp of the server's choice, which sees the data.
HOSTILE = """
import ctypes, json, os, socket, sys
from pathlib import Path

home, signer, port = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
libc = ctypes.CDLL(None, use_errno=True)


def traced():
    if libc.ptrace(16, signer, 0, 0) < 0:
        raise OSError(ctypes.get_errno(), "ptrace")


def peeked():
    buffer = ctypes.create_string_buffer(8)
    vector = (ctypes.c_void_p * 2)(ctypes.addressof(buffer), 8)
    if libc.process_vm_readv(signer, vector, 1, vector, 1, 0) < 0:
        raise OSError(ctypes.get_errno(), "process_vm_readv")


def asked(line):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(os.environ["FLOWSTATE_SIGNER"])
        connection.sendall(line + b"\\n")
        reply = json.loads(connection.makefile("rb").read())
    if reply["envelope"] is None:
        raise PermissionError(reply["failed"] or reply["detail"])


ATTACKS = {
    "read the key": lambda: (home / "signing.key").read_bytes(),
    "read the ledger": lambda: (home / "ledger.db").read_bytes(),
    "change the policy": lambda: (home / "policy.toml").open("a"),
    "replace the policy": lambda: os.replace(home / "training" / "policy.toml", home / "policy.toml"),
    "remove the key": lambda: (home / "signing.key").unlink(),
    "remove the ledger": lambda: (home / "ledger.db").unlink(),
    "link the key": lambda: os.link(home / "signing.key", home / "training" / "key"),
    "forget a refusal": lambda: os.truncate(home / "refusals.jsonl", 0),
    "read the node's key": lambda: (home / "pki" / "node.key").read_bytes(),
    "read the client's key": lambda: (home / "pki" / "client.key").read_bytes(),
    "read the signer's memory": lambda: open(f"/proc/{signer}/mem", "rb"),
    "read the signer's surroundings": lambda: open(f"/proc/{signer}/environ", "rb").read(),
    "trace the signer": traced,
    "peek into the signer": peeked,
    "end the signer": lambda: os.kill(signer, 9),
    "take the signer's socket": lambda: (home / "signer.sock").unlink(),
    "carry data away": lambda: socket.create_connection(("127.0.0.1", port), 5),
    "leave something behind": lambda: Path("/tmp/left-by-training").write_text(""),
    "sign a budget": lambda: asked(b'{"do":"sign-budget","account":"","epsilon":100}'),
    "sign anything": lambda: asked(b'{"do":"sign","payload":"aGVsbG8="}'),
}

(home / "training" / "policy.toml").write_text("")
outcomes = {}
for name, attack in ATTACKS.items():
    try:
        attack()
        outcomes[name] = "done"
    except Exception as error:
        outcomes[name] = type(error).__name__

import numpy as np
from flwr.app import Array, ArrayRecord, ConfigRecord, Message, RecordDict
from flowstate_flower.clients.deployed import app
from flowstate_flower.superlink import internals
from flowstate_flower.trust.canonical import canonical, model_digest
from flowstate_flower.trust.terms import LocalWork, PrivacyTerms, Terms

internals.become_server(1)
layers = {"weight": np.zeros((2, 3), "f4"), "bias": np.zeros(2, "f4")}
terms = Terms(run="run-1", round=1, tenant="clinic", purpose="research", base=model_digest(layers.items()), nonce="0" * 32,
              work=LocalWork(steps=2, batch_size=10, learning_rate=0.5),
              privacy=PrivacyTerms(noise_multiplier=1.0, clip_norm=1.0))
content = RecordDict({"arrays": ArrayRecord({n: Array(a) for n, a in layers.items()}),
                      "terms": ConfigRecord({"terms": canonical(terms.model_dump())})})
message = Message(content, 1, "train")
internals.stamped(message)
reply = app(message, internals.client_context(1, 1, {}, {}))
print(json.dumps([outcomes, reply.content["statement"]["envelope"].decode()]))
"""

TASK = """
import torch
from torch import nn
from flowstate_flower.clients import Examples


class Line:
    def model(self):
        return nn.Linear(3, 2)

    def data(self, tenant):
        rows = torch.arange(120.0).reshape(40, 3)
        return Examples(rows, (rows[:, 0] > 50).long())

    def loss(self, outputs, targets):
        return nn.functional.cross_entropy(outputs, targets, reduction="none")

    def metrics(self, outputs, targets):
        return {}


task = Line()
"""


@pytest.fixture
def place() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="fs-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def home(place: Path) -> Path:
    folder = place / "home"
    policy = {
        "tenant": "clinic",
        "purposes": ("research",),
        "privacy": PrivacyPolicy(epsilon=20.0),
        "work": WorkPolicy(device="cpu", threads=1),
    }
    wiring.make_home(folder, TenantPolicy.model_validate(policy))
    (folder / "pki").mkdir(mode=0o700)
    for name in ("node.key", "client.key"):
        (folder / "pki" / name).touch(0o600)
    wiring.open_home(folder)
    (folder / "refusals.jsonl").touch(0o600)
    return folder


def ready(signer: subprocess.Popen[bytes], path: Path) -> None:
    deadline = time.monotonic() + 120
    while True:
        try:
            RemoteHome.open(path)
            return
        except FlowstateError:
            assert signer.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.2)


@needs_landlock
@pytest.mark.slow
def test_code_that_trains_gets_at_nothing_and_is_signed_for_what_it_may(home: Path, place: Path) -> None:
    (place / "tasks").mkdir()
    (place / "tasks" / "lines.py").write_text(TASK)
    (place / "tasks" / "hostile.py").write_text(HOSTILE)
    key = wiring.open_voice(home).key.public
    port, elsewhere = free_ports(2)
    wall = walls.wall(home, port, walls.Wishes(reads=(place / "tasks",)))
    start = [sys.executable, "-c", "from flowstate_flower.cli.main import main; main()", "client", "signer", str(home)]
    start += [] if wall.user is None else ["--for", str(wall.user)]
    environment = {
        **os.environ,
        "FLOWSTATE_SIGNER": str(home / "signer.sock"),
        "FLOWSTATE_TASK": "lines:task",
        "PYTHONPATH": str(place / "tasks"),
        "TMPDIR": str(wall.folder),
        "HOME": str(wall.folder),
    }
    with child(start, os.environ, place / "signer.log") as signer, socket.create_server(("127.0.0.1", elsewhere)):
        ready(signer, home / "signer.sock")
        command = wall.command(sys.executable, str(place / "tasks" / "hostile.py"), str(home), str(signer.pid), str(elsewhere))
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240, check=False)
        assert done.returncode == 0, done.stderr
        outcomes, envelope = json.loads(done.stdout.splitlines()[-1])
        assert {name: outcome for name, outcome in outcomes.items() if outcome == "done"} == {}
        assert set(outcomes.values()) <= {"PermissionError", "OSError"}
        signed = Envelope.parse(envelope.encode())
        assert signed.is_signed_by(key)
        assert read(UpdateStatement, signed).privacy.epsilon > 0
        assert signer.poll() is None
    assert (home / "signing.key").stat().st_mode & 0o777 == 0o600


@needs_landlock
def test_a_home_where_training_reads_is_refused(home: Path) -> None:
    with pytest.raises(BadInput, match="which training reads"):
        walls.wall(home, 1, walls.Wishes(reads=(home.parent,)))


@pytest.mark.parametrize("user", ["root", "nobody-of-this-name"])
def test_training_is_never_root_nor_somebody_unknown(home: Path, user: str) -> None:
    with pytest.raises(BadInput):
        walls.wall(home, 1, walls.Wishes(user=user))


def test_where_no_wall_holds_nothing_is_started(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landlock, "version", lambda: 0)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(RunImpossible, match="nothing keeps training from the key") as caught:
        walls.wall(home, 1, walls.Wishes())
    assert "--same-user" in caught.value.hint
    with pytest.raises(BadInput, match="needs root"):
        walls.wall(home, 1, walls.Wishes(user="nobody"))


def test_a_wall_that_does_not_hold_is_found_out(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(walls, "_allowed", lambda *_: None)
    monkeypatch.setattr(walls, "_candidates", lambda *_: iter([Confinement(home / "training")]))
    with pytest.raises(RunImpossible, match=r"reads .*signing\.key"):
        walls.wall(home, 1, walls.Wishes())


def test_without_a_wall_the_tenant_is_told(home: Path) -> None:
    wall = walls.wall(home, 1, walls.Wishes(same_user=True))
    assert wall == Confinement(home / "training")
    assert "training can read the key" in walls.described(wall)


def test_a_confinement_survives_its_command_line() -> None:
    allowed = landlock.Allowed((Path("/usr"),), (Path("/x y"),), (1, 2))
    for confinement in (Confinement(Path("/a"), 1, 2, allowed), Confinement(Path("/a"))):
        assert Confinement.parse(confinement.command("true")[3]) == confinement
