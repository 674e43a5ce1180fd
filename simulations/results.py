"""What a simulation came to: read from its registries, the same for both engines, ready for JSON and for the report."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from flowstate_flower.registry import Registry, audit, views
from flowstate_flower.registry.federation_ledger import Released, released
from flowstate_flower.simulations.scenario import Scenario
from flowstate_flower.simulations.world import DEFENDED, Variant, World

METRICS_FILE = "metrics.json"


@dataclass(frozen=True, slots=True)
class AuditResult:
    """The verdict on the defended run's registry."""

    verified: bool
    entries: int
    root: str


@dataclass(frozen=True, slots=True)
class Results:
    """One simulation: the scenario as written, and the two runs beside it."""

    scenario: str
    title: str
    engine: str
    seed: int
    rounds: int
    model_digest: str
    final_accuracy: Mapping[Variant, float]
    accuracy_by_round: Mapping[Variant, Mapping[int, float]]
    tenants: tuple[views.Participation, ...]
    behaviours: Mapping[str, str]
    attackers: frozenset[str]
    audit: AuditResult
    rule: str
    epsilon_budget: float | None
    noise_is_seeded: bool
    released: Released | None
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """The content of `metrics.json`; its keys are documented in docs/reference/metrics.md."""
        tenants = []
        for part in self.tenants:
            body = asdict(part)
            body["behaviour"] = self.behaviours.get(part.tenant, "honest")
            body["epsilon_by_round"] = {str(number): epsilon for number, epsilon in part.epsilon_by_round}
            tenants.append(body)
        by_round = {name: list(values.values()) for name, values in self.accuracy_by_round.items()}
        return {
            "scenario": self.scenario,
            "engine": self.engine,
            "seed": self.seed,
            "rounds": self.rounds,
            "rule": self.rule,
            "model_digest": self.model_digest,
            "final_accuracy": dict(self.final_accuracy),
            "accuracy_by_round": by_round,
            "tenants": tenants,
            "audit": asdict(self.audit),
            "noise_is_seeded": self.noise_is_seeded,
            "released": None if self.released is None else asdict(self.released),
            "seconds": round(self.seconds, 2),
        }

    def write(self, folder: Path) -> None:
        """Write `metrics.json`."""
        text = json.dumps(self.to_json(), indent=2, ensure_ascii=False)
        (folder / METRICS_FILE).write_text(text + "\n", encoding="utf-8")


def collect(worlds: Mapping[Variant, World], engine: str, scenario: Scenario, seconds: float) -> Results:
    """Read what the worlds recorded."""
    world = worlds[DEFENDED]
    accuracy = {variant: _accuracies(w) for variant, w in worlds.items()}
    registry = Registry.open(world.folder)
    try:
        verdict = audit.verify(registry, registry.operator)
        view = views.run(registry, world.plan.run)
        parts = tuple(views.participation(registry, world.plan.run))
        spent = released(registry, world.plan.run)
    finally:
        registry.close()
    return Results(
        scenario=world.plan.name,
        title=scenario.title,
        engine=engine,
        seed=world.plan.seed,
        rounds=scenario.rounds,
        model_digest=view.model_digest or "",
        final_accuracy={variant: values[max(values)] for variant, values in accuracy.items()},
        accuracy_by_round=accuracy,
        tenants=parts,
        behaviours=behaviours(scenario),
        attackers=frozenset(attacker.tenant for attacker in scenario.attackers),
        audit=AuditResult(verdict.verified, verdict.entries, verdict.root),
        rule=view.rule,
        epsilon_budget=scenario.privacy.epsilon_budget if scenario.privacy else None,
        noise_is_seeded=scenario.privacy is not None,
        released=spent,
        seconds=seconds,
    )


def behaviours(scenario: Scenario) -> dict[str, str]:
    """What the scenario lets each tenant do, in words; tenants that are not named are honest throughout."""
    said = dict.fromkeys(scenario.not_opted_in, "never opts in")
    said |= {w.tenant: f"withdraws after round {w.after_round}" for w in scenario.withdrawals}
    said |= {a.tenant: f"{a.kind} from round {a.from_round}" for a in scenario.attackers}
    return said


def _accuracies(world: World) -> dict[int, float]:
    registry = Registry.open(world.folder)
    try:
        return views.accuracies(registry, world.plan.run)
    finally:
        registry.close()
