"""A server believes the list of revoked certificates, or nobody."""

import os
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from flowstate_flower.pki import Authority, Revocations, Revoked, UnreadableList, serial_of
from flowstate_flower.pki.files import pem, read_key


@pytest.fixture
def clock(now: datetime) -> list[datetime]:
    return [now]


@pytest.fixture
def list_of(authority: Authority, clock: list[datetime]) -> Revocations:
    return Revocations(authority.folder / "crl.pem", authority.root, lambda: clock[0])


def test_a_revoked_certificate_is_on_the_list_and_others_are_not(authority: Authority, issued, list_of, now) -> None:
    gone, here = issued("tenant/a"), issued("tenant/b")
    assert not list_of.is_revoked(gone.serial_number)
    authority.publish(lambda: [Revoked(serial_of(gone), now)], now + timedelta(seconds=1))
    assert list_of.is_revoked(gone.serial_number)
    assert not list_of.is_revoked(here.serial_number)


def test_a_list_is_read_again_only_where_it_has_changed(authority: Authority, list_of, monkeypatch) -> None:
    assert not list_of.is_revoked(1)
    monkeypatch.setattr(Path, "open", lambda *_: 1 / 0)
    assert not list_of.is_revoked(1)


def test_a_list_of_a_new_issuer_is_believed_and_one_of_an_old_issuer_goes_on_to_be(authority: Authority, list_of, now) -> None:
    assert not list_of.is_revoked(1)
    rotated = Authority.rotate(authority.folder, read_key(authority.folder / "root.key"), now)
    assert not list_of.is_revoked(1)
    rotated.publish(lambda: [Revoked("1", now)], now + timedelta(seconds=1))
    assert list_of.is_revoked(1)


def garbled(path: Path, authority: Authority) -> None:
    path.write_bytes(b"nothing")


def cut(path: Path, authority: Authority) -> None:
    path.write_bytes(path.read_bytes()[:100])


def gone(path: Path, authority: Authority) -> None:
    path.unlink()


def a_folder(path: Path, authority: Authority) -> None:
    path.unlink()
    path.mkdir()


def flipped(path: Path, authority: Authority) -> None:
    lines = path.read_text().split("\n")
    lines[3] = lines[3][:-1] + ("A" if lines[3][-1] != "A" else "B")
    path.write_text("\n".join(lines))


def without_issuer(path: Path, authority: Authority) -> None:
    path.write_bytes(path.read_bytes().split(b"-----BEGIN CERTIFICATE")[0])


def of_a_leaf(path: Path, authority: Authority) -> None:
    crl = path.read_bytes().split(b"-----BEGIN CERTIFICATE")[0]
    path.write_bytes(crl + pem([authority.root]))


@pytest.mark.parametrize("harm", [garbled, cut, gone, a_folder, flipped, without_issuer, of_a_leaf])
def test_a_list_in_doubt_lets_nobody_in(authority: Authority, list_of, harm: Callable[..., None]) -> None:
    assert not list_of.is_revoked(1)
    harm(authority.folder / "crl.pem", authority)
    for _ in range(2):
        with pytest.raises(UnreadableList):
            list_of.is_revoked(1)


def test_a_list_of_another_authority_is_not_believed(authority: Authority, list_of, tmp_path: Path, now) -> None:
    other = Authority.create(tmp_path / "other", "example.org", now)
    (other.folder / "crl.pem").rename(authority.folder / "crl.pem")
    with pytest.raises(UnreadableList, match="was not issued by"):
        list_of.is_revoked(1)


def test_a_list_that_ended_is_not_believed_and_one_that_is_written_anew_is(authority: Authority, list_of, clock, now) -> None:
    assert not list_of.is_revoked(1)
    clock[0] = now + timedelta(days=8)
    with pytest.raises(UnreadableList, match="ended at"):
        list_of.is_revoked(1)
    authority.publish(tuple, clock[0])
    assert not list_of.is_revoked(1)
    clock[0] = now - timedelta(days=1)
    fresh = Revocations(authority.folder / "crl.pem", authority.root, lambda: clock[0])
    with pytest.raises(UnreadableList, match=r"holds from|not of this time"):
        fresh.is_revoked(1)


def test_an_older_list_that_somebody_puts_back_is_not_believed(authority: Authority, list_of, now) -> None:
    path = authority.folder / "crl.pem"
    before = path.read_bytes()
    authority.publish(lambda: [Revoked("1", now)], now + timedelta(seconds=1))
    assert list_of.is_revoked(1)
    path.write_bytes(before)
    os.utime(path, ns=(1, 1))
    with pytest.raises(UnreadableList, match="older than what was read before"):
        list_of.is_revoked(1)


def test_a_long_list_is_read_whole(authority: Authority, list_of, now) -> None:
    authority.publish(lambda: [Revoked(format(serial, "x"), now) for serial in range(1, 2001)], now + timedelta(seconds=1))
    assert all(list_of.is_revoked(serial) for serial in range(1, 2001))
    assert not list_of.is_revoked(2001)
