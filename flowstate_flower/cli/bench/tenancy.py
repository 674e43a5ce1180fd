"""What tenancy costs: one round of our strategy with registry, gate, signatures and recording, against Flower's FedAvg."""

import time
from contextlib import closing
from pathlib import Path
from statistics import median
from typing import cast

import numpy as np
from flwr.app import Array, ArrayRecord, ConfigRecord, Context, Message, MetricRecord, RecordDict
from flwr.serverapp.strategy import FedAvg, Strategy

from flowstate_flower import wiring
from flowstate_flower.aggregation import rule_named
from flowstate_flower.cli.bench.measures import seconds
from flowstate_flower.clients import TenantPolicy
from flowstate_flower.clients.home import TenantVoice
from flowstate_flower.registry import Registry, consents, rounds
from flowstate_flower.round import Closing
from flowstate_flower.simulations.in_process import FIRST_NODE, InProcessGrid
from flowstate_flower.strategies import RunTerms, TenantStrategy
from flowstate_flower.strategies.decoding import ARRAYS, ENVELOPE, EXAMPLES, METRICS, STATEMENT
from flowstate_flower.strategies.tenant_strategy import TERMS
from flowstate_flower.trust.canonical import model_digest
from flowstate_flower.trust.keys import SigningKey
from flowstate_flower.trust.statements import UpdateStatement, sign
from flowstate_flower.trust.terms import LocalWork, Terms

PURPOSE, DIMENSION, REPEATS, DEADLINE_SECONDS = "tenancy", 10_000, 3, 600.0


def round_seconds(folder: Path, tenants: int, training: float) -> tuple[float, float]:
    """Of whole rounds in turns, the median seconds of FedAvg's and of ours. All train at once, for `training` seconds."""
    registry, names, keys = Registry.create(folder), [f"tenant-{i:03}" for i in range(tenants)], []
    for name in names:
        keys.append(SigningKey.generate())
        policy = TenantPolicy(tenant=name, purposes=(PURPOSE,), allow_without_privacy=True)
        wiring.admit(registry, TenantVoice(policy, keys[-1]).request())
        consents.accept(registry, TenantVoice(policy, keys[-1]).consent(PURPOSE))
    model = np.zeros(DIMENSION, dtype=np.float32)

    def answer(request: Message, context: Context) -> Message:
        """A tenant trains; where the request has terms, it answers with a statement that it signs."""
        time.sleep(training)
        index = int(cast(int, context.node_config["partition-id"]))
        update = model + np.float32(index)
        content = RecordDict({ARRAYS: ArrayRecord({"w": Array(update)}), METRICS: MetricRecord({EXAMPLES: 1})})
        if TERMS in request.content:
            terms = Terms.model_validate_json(cast(bytes, cast(ConfigRecord, request.content[TERMS])[TERMS]))
            envelope = sign(_statement(terms, update), keys[index]).to_bytes()
            content[STATEMENT] = ConfigRecord({ENVELOPE: envelope})
        return Message(content, reply_to=request)

    owners = {FIRST_NODE + index: name for index, name in enumerate(names)}
    flowers, ours = [], []
    with closing(registry), closing(InProcessGrid(answer, tenants, workers=tenants)) as grid:

        def begin(strategy: Strategy) -> float:
            arrays = ArrayRecord({"w": Array(model)})
            return seconds(lambda: strategy.start(grid, arrays, num_rounds=1, timeout=DEADLINE_SECONDS))

        for number in range(REPEATS + 1):  # the first is to warm up
            flowers.append(begin(FedAvg(fraction_train=1.0, fraction_evaluate=0.0, weighted_by_key=EXAMPLES)))
            ours.append(begin(_tenants(registry, owners, f"{PURPOSE}-{number}")))
    return median(flowers[1:]), median(ours[1:])


def _tenants(registry: Registry, owners: dict[int, str], run: str) -> TenantStrategy:
    work = LocalWork(steps=1, batch_size=1, learning_rate=0.1)
    terms = RunTerms(run, PURPOSE, work, None, Closing(rule_named("mean"), 0, len(owners)), deadline_seconds=DEADLINE_SECONDS)
    rounds.start_run(registry, rounds.RunPlan(run, PURPOSE, "mean", 0, 1, "0" * 64))
    roster = wiring.RegistryRoster(registry, terms, lambda _: owners)
    return TenantStrategy(terms, roster=roster, record=lambda closed: rounds.record_round(registry, closed))


def _statement(terms: Terms, update: np.ndarray) -> UpdateStatement:
    return UpdateStatement(
        run=terms.run,
        round=terms.round,
        tenant=terms.tenant,
        base=terms.base,
        nonce=terms.nonce,
        update=model_digest([("w", update)]),
        examples=1,
        privacy=None,
        at="2026-01-01T00:00:00Z",
    )
