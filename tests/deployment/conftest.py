"""An operator with an authority, an enrolment listener over TLS on loopback, and tenants that want in."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import uvicorn

from flowstate_flower.deployment import admitting, certification, enrolment, issuing, joining
from flowstate_flower.deployment.exchange import Invitation
from flowstate_flower.registry import Registry


@pytest.fixture
def operator(tmp_path: Path) -> Registry:
    """A registry with an authority and a certificate for the server."""
    registry = Registry.create(tmp_path / "operator")
    certification.make_authority(registry, "example.org")
    issuing.issue(registry, issuing.Order("superlink"), actor="operator")
    return registry


@contextmanager
def serving(app: object, folder: Path) -> Iterator[str]:
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=0,
        log_config=None,
        ws="none",
        ssl_certfile=folder / "server.pem",
        ssl_keyfile=folder / "server.key",
        timeout_graceful_shutdown=2,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    try:
        yield f"127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)


@pytest.fixture
def listen(operator: Registry, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    """`listen()`: the address of the enrolment listener; `listen(folder)` with another certificate."""
    monkeypatch.setattr(enrolment, "FLUSH_SECONDS", 0.0)
    with ExitStack() as stack:

        def start(folder: Path | None = None, **options: object) -> str:
            app = enrolment.Enrolment(operator, **options).app()
            return stack.enter_context(serving(app, folder or operator.path.parent / "superlink"))

        yield start


@pytest.fixture
def invited(operator: Registry) -> Callable[..., Invitation]:
    """`invited(name, address)`: an invitation, good for an hour."""

    def make(name: str, address: str | None, lasts: timedelta = timedelta(hours=1)) -> Invitation:
        return admitting.invite(operator, name, admitting.Whereabouts("127.0.0.1:9092", address), lasts, actor="operator")

    return make


@pytest.fixture
def joined(listen: Callable[..., str], invited: Callable[..., Invitation], tmp_path: Path) -> Path:
    """The home of hospital-a, which has joined."""
    wishes = joining.Wishes(("tumours",), (8.0, 1e-5), "Jane Roe")
    joining.join(tmp_path / "a", invited("hospital-a", listen()), wishes)
    return tmp_path / "a"
