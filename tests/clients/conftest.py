"""A tenant with a real home on disk, and a server that may ask it anything."""

import json
import os
import shutil
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from flwr.app import Array, ArrayRecord, ConfigRecord, Context, Message, RecordDict
from flwr.clientapp import ClientApp
from torch import Tensor, nn

from flowstate_flower import wiring
from flowstate_flower.clients import Examples, TenantHome, TenantPolicy, build_client_app
from flowstate_flower.clients.fingerprint import fingerprint
from flowstate_flower.clients.policy import PrivacyPolicy, RandomnessPolicy, WorkPolicy
from flowstate_flower.clients.signer import RemoteHome
from flowstate_flower.clients.signer.server import bound
from flowstate_flower.privacy import Account
from flowstate_flower.superlink import internals
from flowstate_flower.trust.canonical import canonical, model_digest
from flowstate_flower.trust.dsse import Envelope
from flowstate_flower.trust.keys import PublicKey
from flowstate_flower.trust.statements import RefusalStatement, UpdateStatement, read
from flowstate_flower.trust.terms import LocalWork, PrivacyTerms, Terms

NODE = 77


class Line:
    """Three features, two classes, forty examples."""

    def __init__(self) -> None:
        self.asked_for_data = 0

    def model(self) -> nn.Module:
        return nn.Linear(3, 2)

    def data(self, tenant: str) -> Examples:
        self.asked_for_data += 1
        generator = torch.Generator().manual_seed(1)
        features = torch.randn(40, 3, generator=generator)
        return Examples(features, (features.sum(dim=1) > 0).long())

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return nn.functional.cross_entropy(outputs, targets, reduction="none")

    def metrics(self, outputs: Tensor, targets: Tensor) -> dict[str, float]:
        return {"accuracy": (outputs.argmax(1) == targets).double().mean().item()}


@dataclass
class Site:
    """The tenant's side, and `ask`, the server's."""

    folder: Path
    task: Line
    key: PublicKey
    app: ClientApp | None = None

    def home(self, _: Context) -> TenantHome:
        return wiring.open_home(self.folder)

    def ask(
        self,
        arrays: dict[str, np.ndarray] | None = None,
        raw: bytes | None = None,
        tamper: Callable[[RecordDict], object] = lambda _: None,
        **changes: Any,
    ) -> Message:
        layers = arrays or {"weight": np.zeros((2, 3), "f4"), "bias": np.zeros(2, "f4")}
        terms = {
            "run": "run-1",
            "round": 1,
            "tenant": "clinic",
            "purpose": "research",
            "base": model_digest(layers.items()),
            "nonce": "0" * 32,
            "work": LocalWork(steps=5, batch_size=10, learning_rate=0.5).model_dump(),
            "privacy": PrivacyTerms(noise_multiplier=1.0, clip_norm=1.0).model_dump(),
        } | changes
        data = canonical(Terms.model_validate(terms).model_dump()) if raw is None else raw
        content = RecordDict(
            {
                "arrays": ArrayRecord({n: Array(np.asarray(a)) for n, a in layers.items()}),
                "terms": ConfigRecord({"terms": data}),
            }
        )
        tamper(content)
        message = Message(content, NODE, "train")
        internals.stamped(message)
        context = internals.client_context(1, NODE, {}, {})
        app = self.app or build_client_app(self.task, self.home)
        return app(message, context)

    def refusal(self, reply: Message) -> RefusalStatement:
        """What the tenant signed instead of training. Nothing else may be in the reply."""
        assert list(reply.content) == ["statement"]
        return read(RefusalStatement, self.verified(reply))

    def update(self, reply: Message) -> UpdateStatement:
        return read(UpdateStatement, self.verified(reply))

    def verified(self, reply: Message) -> Envelope:
        envelope = Envelope.parse(reply.content["statement"]["envelope"])
        assert envelope.is_signed_by(self.key)
        return envelope

    def spent(self) -> float:
        data_set = fingerprint(Line().data("clinic"))
        return wiring.open_home(self.folder).ledger.spent(Account("clinic", data_set, "example", 1e-5))

    def recorded(self) -> list[str]:
        """The reasons in the tenant's own record of refusals."""
        file = self.folder / "refusals.jsonl"
        return [json.loads(line)["reason"] for line in file.read_text().splitlines()] if file.exists() else []


@pytest.fixture
def site(tmp_path: Path) -> Callable[..., Site]:
    """Makes a tenant called clinic that agrees to research; keywords change its policy."""
    internals.become_server(1)

    def make(folder_name: str = "clinic", **changes: Any) -> Site:
        policy = TenantPolicy.model_validate(
            {
                "tenant": "clinic",
                "purposes": ("research",),
                "privacy": PrivacyPolicy(epsilon=20.0),
                "work": WorkPolicy(most_steps=50, device="cpu", threads=1),
                "randomness": RandomnessPolicy(source="os"),
            }
            | changes
        )
        folder = tmp_path / folder_name
        return Site(folder, Line(), wiring.make_home(folder, policy))

    return make


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder whose sockets have names that the system takes."""
    folder = Path(tempfile.mkdtemp(prefix="fs-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def served(short: Path):
    """Serves a site's home at a socket, and lets the site's app go through it."""
    listeners = []

    def serve(clinic, *, users=None, **believes: bool):
        path = short / "signer.sock"
        listener = bound(path)
        listeners.append(listener)
        ready, allowed = threading.Event(), {os.geteuid()} if users is None else users
        thread = threading.Thread(
            target=wiring.serve_home,
            args=(clinic.folder, listener, allowed),
            kwargs={**believes, "ready": ready.set},
            daemon=True,
        )
        thread.start()
        assert ready.wait(60)
        clinic.home = lambda _: RemoteHome.open(path)
        clinic.socket = path
        return clinic

    yield serve
    for listener in listeners:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
