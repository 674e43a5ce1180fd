"""A tenant that takes more than its share: it waits, it is refused, it is counted, and another tenant does not notice."""

import contextlib
import ssl
import threading
import time

import httpx
import numpy as np
import pytest
from flwr.app import Array, ArrayRecord, Message, RecordDict

from flowstate_flower.superlink.events import Kind

PROTOBUF = {"content-type": "application/protobuf"}


def test_a_body_that_is_announced_too_large_is_not_read(harness, tenant) -> None:
    with httpx.Client(verify=tenant.tls()) as client:
        url = f"https://{harness.tenants}/v1/fleet/push-object"
        answer = client.post(url, content=bytes(harness.limits.object_bytes + 5000), headers=PROTOBUF)
    assert answer.status_code == 413
    assert harness.counted(Kind.OVERSIZE_BODY, tenant.name) == 1


def test_a_body_that_is_not_announced_is_counted_as_it_comes(harness, tenant) -> None:
    chunks = (bytes(32 * 1024) for _ in range(1000))
    with httpx.Client(verify=tenant.tls()) as client, contextlib.suppress(httpx.TransportError):
        client.post(f"https://{harness.tenants}/v1/fleet/push-object", content=chunks, headers=PROTOBUF)
    assert harness.counted(Kind.OVERSIZE_BODY, tenant.name) == 1


def test_an_upload_in_drops_is_ended(harness, tenant) -> None:
    with harness.wire(tenant.tls()) as wire:
        wire.sendall(b"POST /v1/fleet/push-object HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n")
        with contextlib.suppress(OSError):
            for _ in range(60):
                wire.sendall(b"x")
                time.sleep(0.1)
    assert harness.counted(Kind.SLOW_UPLOAD, tenant.name) == 1


def test_a_head_that_does_not_end_is_ended(harness, tenant) -> None:
    with harness.wire(tenant.tls()) as slow, harness.wire(tenant.tls()) as long:
        slow.sendall(b"POST / HTTP/1.1\r\n")
        with contextlib.suppress(OSError):
            long.sendall(b"POST / HTTP/1.1\r\nx: " + b"y" * 64 * 1024)
        assert harness.ends(slow)
        assert harness.ends(long)
    assert harness.counted(Kind.SLOW_UPLOAD, tenant.name) == 1
    assert harness.counted(Kind.OVERSIZE_HEADERS, tenant.name) == 1


def test_connections_beyond_a_tenants_share_are_not_read(harness, tenant) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(harness.limits.connections):
            stack.enter_context(harness.wire(tenant.tls()))
        extra = stack.enter_context(harness.wire(tenant.tls()))
        extra.sendall(b"POST / HTTP/1.1\r\nhost: x\r\n\r\n")
        extra.settimeout(0.5)
        with pytest.raises(TimeoutError):
            extra.recv(1)
    assert harness.counted(Kind.TOO_MANY_CONNECTIONS, tenant.name) == 1


@pytest.mark.parametrize("content", [b"\xff" * 100, b""])
def test_a_request_that_is_none_is_refused(harness, tenant, content) -> None:
    with httpx.Client(verify=tenant.tls()) as client:
        url = f"https://{harness.tenants}/v1/fleet/push-messages"
        assert client.post(url, content=content, headers=PROTOBUF).status_code in {400, 401, 403}


def test_an_object_that_is_not_what_it_is_named_after_is_refused(harness, tenant) -> None:
    node = tenant.active()
    run_id = harness.run(tenant)
    harness.ask(run_id, node)
    answer = harness.reply(node.wait(10))
    wanted, session = node.announce(harness.named(answer))
    assert not node.push_object(run_id, session, wanted[0], b"something else")
    harness.until(lambda: harness.counted(Kind.MALFORMED, tenant.name) == 1)
    assert harness.replies(run_id, []) == []


def test_an_object_larger_than_a_chunk_passes(harness, tenant) -> None:
    node = tenant.active()
    run_id = harness.run(tenant)
    ids = harness.ask(run_id, node)
    message = node.wait(10)
    large = ArrayRecord({"w": Array(np.ones(60_000, np.float32))})
    assert node.push(Message(RecordDict({"arrays": large}), reply_to=message)).accepted
    assert len(harness.replies(run_id, ids)) == 1


def test_who_floods_waits_and_nobody_else_does(harness) -> None:
    flooder, other = harness.tenant(), harness.tenant()
    node, over = other.active(), threading.Event()
    threads = [threading.Thread(target=_flood, args=(harness, flooder.tls(), over)) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        harness.until(lambda: harness.counted(Kind.RATE_LIMITED, flooder.name) > 0)
        run_id = harness.run(other)
        ids = harness.ask(run_id, node)
        assert node.push(harness.reply(node.wait(30))).accepted
        assert len(harness.replies(run_id, ids)) == 1
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert harness.counted(Kind.MALFORMED, flooder.name) > 0
    assert harness.counted(Kind.RATE_LIMITED, other.name) == 0


def _flood(harness, tls: ssl.SSLContext, over: threading.Event) -> None:
    with httpx.Client(verify=tls, timeout=20) as client:
        while not over.is_set():
            with contextlib.suppress(httpx.TransportError):
                client.post(f"https://{harness.tenants}/v1/fleet/get-run", content=b"\xff\xff", headers=PROTOBUF)
