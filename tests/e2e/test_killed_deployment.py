"""A deployment whose processes are killed in the middle of a run ends like the undisturbed one, and everybody has paid once."""

from contextlib import closing
from pathlib import Path

import pytest

from flowstate_flower.cli.bench.cutting import (
    EPSILON,
    NODES,
    OBJECT_BYTES,
    SERVER,
    SERVER_APPS,
    TENANTS,
    Deployment,
    carried,
    charged,
)
from flowstate_flower.cli.bench.founding import founded
from flowstate_flower.cli.bench.ours import PURPOSE, doors
from flowstate_flower.registry import Registry, audit

INTO_THE_RUN_SECONDS = 8.0


@pytest.mark.deployment
def test_whichever_process_is_killed_the_model_is_the_same_and_every_round_is_paid_for_once(tmp_path: Path) -> None:
    made = founded(tmp_path, TENANTS, PURPOSE, epsilon=EPSILON)
    found = Deployment(made, doors(tmp_path, made, OBJECT_BYTES), tmp_path)
    try:
        with closing(Registry.open(made.operator, to_write=True)) as registry:
            undisturbed = carried(found, registry, "undisturbed", None, 0.0)
            assert undisturbed
            for what in (NODES, SERVER, SERVER_APPS):
                assert carried(found, registry, what.lower(), what, INTO_THE_RUN_SECONDS) == undisturbed, what
                assert not charged(made, what.lower())
            assert audit.verify(registry.with_keys(), registry.operator).verified
    finally:
        found.tear_down()
