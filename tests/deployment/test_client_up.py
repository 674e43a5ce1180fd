"""`flowstate client up` against a real SuperLink: a stock SuperNode with a certificate, and an app that the server sends."""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psutil
import pytest
from cryptography.hazmat.primitives import serialization
from flwr.app import Array, ArrayRecord, ConfigRecord, Message, RecordDict

from flowstate_flower import wiring
from flowstate_flower.clients.policy import PrivacyPolicy, TenantPolicy, WorkPolicy
from flowstate_flower.deployment import client, landlock
from flowstate_flower.errors import RunImpossible
from flowstate_flower.superlink.control import built_app
from flowstate_flower.superlink.internals import become_server
from flowstate_flower.trust.canonical import canonical, model_digest
from flowstate_flower.trust.dsse import Envelope
from flowstate_flower.trust.statements import RefusalStatement, Refused, UpdateStatement, read
from flowstate_flower.trust.terms import LocalWork, PrivacyTerms, Terms
from tests.deployment.test_walls import TASK
from tests.superlink.conftest import Harness, Tenant

needs_landlock = pytest.mark.skipif(landlock.version() < landlock.LEAST_VERSION, reason="no Landlock in this kernel")
PYPROJECT = """
[project]
name = "greedy"
version = "1.0.0"
dependencies = []

[tool.flwr.app]
publisher = "operator"

[tool.flwr.app.components]
serverapp = "greedy.app:server"
clientapp = "greedy.app:app"
"""
GREEDY_APP = """
import os
from pathlib import Path

from flwr.serverapp import ServerApp
from flowstate_flower.clients.deployed import app

server = ServerApp()
signer = Path(os.environ.get("FLOWSTATE_SIGNER", "/nowhere/signer.sock"))
for wanted in (signer.with_name("signing.key"), signer.with_name("ledger.db"), signer.parent / "pki" / "node.key"):
    if signer.parent.exists():
        try:
            wanted.read_bytes()
        except OSError:
            continue
        (signer.parent / "training" / "loot").write_text(str(wanted))
"""
LAYERS = {"weight": np.zeros((2, 3), "f4"), "bias": np.zeros(2, "f4")}


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """Names of sockets are short, and nothing is installed here."""
    folder = Path(tempfile.mkdtemp(prefix="fs-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def harness(place: Path) -> Iterator[Harness]:
    made = Harness(place / "server")
    made.start()
    yield made
    made.stop()


def home_of(tenant: Tenant, folder: Path, app: Path) -> Path:
    """As `flowstate client join` leaves it, of a tenant that has read one app."""
    policy = {
        "tenant": tenant.name,
        "purposes": ("research",),
        "apps": (hashlib.sha256(built_app(app)).hexdigest(),),
        "privacy": PrivacyPolicy(epsilon=20.0),
        "work": WorkPolicy(device="cpu", threads=1),
    }
    wiring.make_home(folder, TenantPolicy.model_validate(policy))
    (folder / "pki").mkdir(mode=0o700)
    shutil.copy(tenant.harness.authority.ca, folder / "pki" / "ca.crt")
    shutil.copy(tenant.certificate, folder / "pki" / "client.pem")
    shutil.copy(tenant.secret, folder / "pki" / "client.key")
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption())
    (folder / "pki" / "node.key").write_bytes(tenant.key.private_bytes(*form))
    (folder / "pki" / "node.key").chmod(0o600)
    return folder


@contextmanager
def running(home: Path, harness: Harness, place: Path) -> Iterator[subprocess.Popen[str]]:
    (place / "tasks").mkdir(exist_ok=True)
    (place / "tasks" / "lines.py").write_text(TASK)
    command = [sys.executable, "-c", "from flowstate_flower.cli.main import main; main()", "client", "up", str(home)]
    command += ["--task", "lines:task", "--superlink", harness.tenants, "--reads", str(place / "tasks")]
    environment = {**os.environ, "PYTHONPATH": str(place / "tasks"), "SECRET": "of the person who typed"}
    with (place / "up.log").open("w") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, text=True, start_new_session=True)
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
            process.wait(60)


def until(holds: Callable[[], object], process: subprocess.Popen[str], log: Path, seconds: float = 240.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.2)


def node_of(tenant: Tenant) -> int | None:
    state = tenant.harness.server.state_factory.state()
    return state.get_node_id_by_public_key(tenant.node().public_key)


def asked(harness: Harness, run_id: int, node: int, tenant: str, nonce: str) -> str:
    """Ask for one round, as a ServerApp does. Returns the message's id."""
    become_server(run_id)
    terms = Terms(
        run="run-1",
        round=1,
        tenant=tenant,
        purpose="research",
        base=model_digest(LAYERS.items()),
        nonce=nonce,
        work=LocalWork(steps=2, batch_size=10, learning_rate=0.5),
        privacy=PrivacyTerms(noise_multiplier=1.0, clip_norm=1.0),
    )
    content = RecordDict(
        {
            "arrays": ArrayRecord({name: Array(layer) for name, layer in LAYERS.items()}),
            "terms": ConfigRecord({"terms": canonical(terms.model_dump())}),
        }
    )
    message = harness.send(run_id, Message(content, node, "train"))
    assert message
    return message


def app_in(folder: Path, code: str) -> Path:
    (folder / "greedy").mkdir(parents=True)
    (folder / "pyproject.toml").write_text(PYPROJECT)
    (folder / "greedy" / "__init__.py").touch()
    (folder / "greedy" / "app.py").write_text(code)
    return folder


def answered(harness: Harness, process: subprocess.Popen[str], place: Path, asking: tuple[int, int, str, str]) -> Envelope:
    """What the tenant signs in reply to one round."""
    message, replies, log = asked(harness, *asking), [], place / "up.log"

    def is_answered() -> bool:
        harness.keep_alive(asking[0])
        replies.extend(harness.replies(asking[0], [message]))
        return bool(replies)

    until(is_answered, process, log)
    (reply,) = replies
    assert not reply.has_error(), (place / "home" / "logs" / "training.log").read_text()
    until(lambda: harness.whole(reply), process, log)
    return Envelope.parse(harness.whole(reply).content["statement"]["envelope"])


@needs_landlock
@pytest.mark.deployment
def test_a_tenant_takes_part_with_its_key_out_of_reach_and_leaves_nothing_behind(harness: Harness, place: Path) -> None:
    tenant, app = harness.tenant(), app_in(place / "app", GREEDY_APP)
    home = home_of(tenant, place / "home", app)
    key, log = wiring.open_voice(home).key.public, place / "up.log"
    with running(home, harness, place) as process:
        until(lambda: "training:" in log.read_text() and node_of(tenant) is not None, process, log)
        run_id, node, updates = harness.run(tenant, app=app), node_of(tenant), []
        for nonce in ("a" * 32, "b" * 32):  # the server crashed in between, and asks again
            envelope = answered(harness, process, place, (run_id, node, tenant.name, nonce))
            assert envelope.is_signed_by(key)
            updates.append(read(UpdateStatement, envelope))
        other = harness.run(
            tenant, app=app_in(place / "other", GREEDY_APP + "\n(signer.parent / 'training' / 'loot').touch()\n")
        )
        no = answered(harness, process, place, (other, node, tenant.name, "c" * 32))
        assert no.is_signed_by(key)
        assert read(RefusalStatement, no).reason == Refused.APP
        assert [update.nonce for update in updates] == ["a" * 32, "b" * 32]
        assert updates[0].update == updates[1].update
        assert not (home / "training" / "loot").exists()
        family = psutil.Process(process.pid).children(recursive=True)
        assert {"signer", "supernode", "training"} <= {path.stem for path in (home / "logs").iterdir()}
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0, log.read_text()
    assert not [member for member in family if member.is_running() and member.status() != psutil.STATUS_ZOMBIE]
    assert "of the person who typed" not in "".join(path.read_text() for path in (home / "logs").iterdir())


def test_when_one_process_ends_the_person_hears_which_and_why(tmp_path: Path) -> None:
    (tmp_path / client.LOGS).mkdir()
    (tmp_path / client.LOGS / "signer.log").write_text("the disk is full\n")
    running = {
        name: subprocess.Popen([sys.executable, "-c", f"import time; time.sleep({seconds}); raise SystemExit(7)"])
        for name, seconds in (("training", 60), ("signer", 0))
    }
    try:
        with pytest.raises(RunImpossible, match="the signer ended with exit code 7") as caught:
            client._watch(tmp_path, running, threading.Event())
        assert "the disk is full" in caught.value.hint
    finally:
        running["training"].kill()
        running["training"].wait()
