"""Replies that lie on disk: the same bytes, no file that anybody sees, and no page that stays."""

import errno
import re
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from flwr.app import Array

from flowstate_flower.aggregation.updates import Layer
from flowstate_flower.errors import RunImpossible
from flowstate_flower.strategies import spool as spools
from flowstate_flower.strategies.decoding import view
from flowstate_flower.strategies.spool import Spool


def resident(folder: Path) -> int:
    """How many kilobytes of files mapped from `folder` are in memory; a reply's file has no name, only where it was made."""
    mine, kilobytes = False, 0
    for line in Path("/proc/self/smaps").read_text().splitlines():
        if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
            mine = str(folder) in line
        elif mine and line.startswith("Rss:"):
            kilobytes += int(line.split()[1])
    return kilobytes


def test_what_is_put_aside_is_read_as_it_was_and_its_file_has_no_name(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    array = Array(rng.normal(size=(300, 400)).astype("f4"))
    kept = Spool(tmp_path).put([array.data[:1000], array.data[1000:]])
    assert (bytes(kept), kept.readonly) == (array.data, True)
    assert list(tmp_path.iterdir()) == []
    aside = Array(array.dtype, array.shape, array.stype, b"")
    aside.__dict__["data"] = kept
    layer = Layer("w", (300, 400), np.dtype("f4"))
    np.testing.assert_array_equal(view(aside, layer), array.numpy())
    assert len(Spool(tmp_path).put([])) == 0


def test_pages_do_not_stay_and_the_sweeper_ends_with_the_last_reply(tmp_path: Path) -> None:
    kept = Spool(tmp_path).put([bytes(range(256)) * 4096] * 16)
    expected = sum(kept[:: 1 << 12])
    until = time.monotonic() + 20
    while resident(tmp_path) and time.monotonic() < until:
        time.sleep(0.01)
    assert resident(tmp_path) == 0
    assert sum(kept[:: 1 << 12]) == expected  # they come back from the file
    del kept
    while any(thread.name == "spool" for thread in threading.enumerate()) and time.monotonic() < until:
        time.sleep(0.01)
    assert not any(thread.name == "spool" for thread in threading.enumerate())


def test_a_disk_without_room_is_the_servers_own_trouble(tmp_path: Path, monkeypatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(spools.mmap, "mmap", full)
    with pytest.raises(RunImpossible, match=r"does not fit into .*: No space left on device"):
        Spool(tmp_path).put([b"abc"])
