"""A process that records rounds is killed with SIGKILL: the registry holds whole rounds, or nothing of them."""

from pathlib import Path

import pytest

from flowstate_flower.cli.bench.kills import TENANTS, keep, survived, what_is_wrong
from flowstate_flower.cli.bench.registry import closed_round, enrolled
from flowstate_flower.registry import rounds


@pytest.mark.slow
def test_a_kill_leaves_whole_rounds() -> None:
    assert survived(5) == 5


def test_the_check_after_a_kill_can_fail(tmp_path: Path) -> None:
    registry, keys = enrolled(tmp_path / "registry", TENANTS)
    keep(keys, tmp_path)
    rounds.record_round(registry, closed_round(1, keys))
    assert what_is_wrong(tmp_path / "registry", keys) == ""
    leftover = tmp_path / "registry" / "models" / "x.part"
    leftover.touch()
    leftover.chmod(0o644)  # whatever umask a test before has left
    assert what_is_wrong(tmp_path / "registry", keys) == "x.part can be read by others"
    leftover.unlink()
    with registry.engine.execution_options(writes=True).begin() as connection:
        connection.exec_driver_sql("delete from invitation where round = 1 and tenant = 'tenant-003'")
    assert what_is_wrong(tmp_path / "registry", keys) == "a part of a round was recorded"
    (tmp_path / "registry" / "operator.key").chmod(0o640)
    assert what_is_wrong(tmp_path / "registry", keys) == "operator.key can be read by others"
