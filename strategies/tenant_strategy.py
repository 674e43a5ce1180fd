"""The one strategy. It translates between Flower's messages and the pure round; everything it knows of tenants is a
roster, everything it leaves behind goes to `record`.
"""

import logging
import os
import random
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from flwr.app import ArrayRecord, ConfigRecord, Message, MessageType, MetricRecord, RecordDict
from flwr.serverapp import Grid
from flwr.serverapp.strategy import Result, Strategy

from flowstate_flower.admission import Invitation, Reason, Rejection, RoundTerms
from flowstate_flower.aggregation.updates import Arrays, Layout, Vector, applied
from flowstate_flower.errors import RunImpossible
from flowstate_flower.round import ClosedRound, OfTheServer, Outcome, close
from flowstate_flower.strategies.decoding import ARRAYS, arrays_of, decode, size_of
from flowstate_flower.strategies.encoding import Rooms
from flowstate_flower.strategies.guarded_grid import GuardedGrid
from flowstate_flower.strategies.keeping import Carried, State, generator_state, restore_generator
from flowstate_flower.strategies.optimiser import ServerOptimiser
from flowstate_flower.strategies.reported import reported
from flowstate_flower.strategies.run_terms import RunTerms
from flowstate_flower.strategies.selection import Candidate, Roster, chosen, one_per_tenant
from flowstate_flower.strategies.server_noise import ServerNoise, check_server_noise
from flowstate_flower.trust.canonical import canonical, model_digest
from flowstate_flower.trust.terms import Terms

TERMS, CONFIG = "terms", "config"
OVERHEAD_BYTES = 1 << 20
"""What a reply may have beside the model's numbers, for headers, the statement and metrics, before it counts as more."""
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _OpenRound:
    """Between asking and closing."""

    layout: Layout
    base: Arrays
    base_digest: str
    invitations: tuple[Invitation, ...]
    turned_away: tuple[Rejection, ...]
    eligible: int


class _BudgetSpent(Exception):
    """Ends a run that cannot pay for another round."""


class TenantStrategy(Strategy):
    """Selection by opt-in, decoding, admission, a rule, a server optimiser, attribution, recording.

    `stopped` says why a run ended before its last round; it is empty where it did not.
    """

    def __init__(
        self,
        terms: RunTerms,
        *,
        roster: Roster,
        record: Callable[[ClosedRound], None],
        optimiser: Strategy | None = None,
        root: Callable[[int, Arrays], Arrays] | None = None,
        rng: random.Random | None = None,
        server_noise: ServerNoise | None = None,
    ) -> None:
        """`root(round, model)` is what the server makes of the model on its own data, for the rules that trust such an
        update. `server_noise` is for terms with the unit `tenant`.
        """
        self.terms = terms
        self._roster = roster
        self._record = record
        self._optimiser = ServerOptimiser(optimiser)
        self._root = root
        self._memory: Mapping[str, Vector] = {}
        self._rng = rng or random.SystemRandom()
        self._noise = server_noise
        self._open: _OpenRound | None = None
        self._so_far = Result()
        self._initial = ArrayRecord()
        self._done = 0
        self.stopped = ""

    def resume(self, after: int, state: State) -> None:
        """Go on after the round `after`, the last of `num_rounds` that is recorded, from what it carried.

        Raises `RunImpossible` where the optimiser or the source of randomness is another one.
        """
        self._done = after
        if after == 0:
            return
        carried = Carried.unpacked(state)
        self._optimiser.restore(carried)
        self._memory = carried.memory
        if self.terms.cohort is not None:
            restore_generator(self._rng, carried.cohorts)
        if self._noise is not None:
            self._noise.restore(carried.noise)

    def start(
        self,
        grid: Grid,
        initial_arrays: ArrayRecord,
        num_rounds: int = 3,
        timeout: float | None = None,
        train_config: ConfigRecord | None = None,
        evaluate_config: ConfigRecord | None = None,
        evaluate_fn: Callable[[int, ArrayRecord], MetricRecord | None] | None = None,
    ) -> Result:
        """Run the rounds on a guarded grid. Raises `RunImpossible` where too few tenants have agreed to begin with.

        A run that spends the federation's privacy budget ends there: with the model it has, and only its arrays.
        """
        agreed = self._feasible(grid)
        deadline = self.terms.deadline_seconds if timeout is None else timeout
        self._warm(agreed, initial_arrays)
        self._initial = ArrayRecord(dict(initial_arrays))
        del initial_arrays
        guarded, left = GuardedGrid(grid), num_rounds - self._done
        evaluate = None if evaluate_fn is None else lambda number, arrays: evaluate_fn(self._done + number, arrays)
        try:
            return super().start(guarded, self._initial, left, deadline, train_config, evaluate_config, evaluate)
        except _BudgetSpent as spent:
            self.stopped = str(spent)
            log.warning("%s", spent)
            return self._so_far

    def configure_train(self, server_round: int, arrays: ArrayRecord, config: ConfigRecord, grid: Grid) -> Iterable[Message]:
        """Ask the tenants that agree, each under a nonce of its own; nobody where they are too few."""
        server_round += self._done
        if arrays is not self._initial:  # Flower would hold on to it until the end
            self._initial.clear()
        names, base = arrays_of(arrays)
        digest = model_digest(zip(names, base, strict=True))
        candidates = self._candidates(grid)
        self._check_budget(server_round, len(candidates))
        asked, turned_away = self._chosen(candidates, sum(array.nbytes for array in base))
        invitations = tuple(Invitation(c.tenant, c.node, c.key, secrets.token_hex(16)) for c in asked)
        eligible = len(candidates) - len(turned_away)
        self._open = _OpenRound(Layout.of(names, base), base, digest, invitations, tuple(turned_away), eligible)
        self._optimiser.begin(server_round, arrays, config)
        config = ConfigRecord({**config, "server-round": server_round})
        return [self._request(server_round, invitation, arrays, config, digest) for invitation in invitations]

    def aggregate_train(self, server_round: int, replies: Iterable[Message]) -> tuple[ArrayRecord | None, MetricRecord | None]:
        """Close the round. No aggregate leaves the model as it is; either way the round is recorded."""
        if self._open is None:
            raise RuntimeError("aggregate_train before configure_train")
        opened, self._open = self._open, None
        server_round += self._done
        outcome = self._close(server_round, opened, replies)
        model, rooms = opened.base, Rooms()
        if outcome.update is not None:
            self._memory = outcome.memory
            target = applied(opened.layout, opened.base, outcome.update, rooms.room, os.cpu_count() or 1)
            model = self._optimiser.step(server_round, opened.layout, opened.base, target)
        self._record(
            ClosedRound(
                self.terms.run,
                server_round,
                opened.invitations,
                outcome,
                opened.base_digest,
                opened.layout.names,
                model,
                self._carried().packed(),
            )
        )
        if outcome.update is None:
            log.warning("round %d did not happen: %s", server_round, outcome.skipped)
            return None, None
        metrics = MetricRecord({"invited": len(opened.invitations), **reported(outcome.contributions)})
        self._so_far.arrays = rooms.record(opened.layout.names, model)
        return self._so_far.arrays, metrics

    def configure_evaluate(self, server_round: int, arrays: ArrayRecord, config: ConfigRecord, grid: Grid) -> Iterable[Message]:
        """Nobody: a metric that a tenant measures on its data is outside its privacy budget."""
        return []

    def aggregate_evaluate(self, server_round: int, replies: Iterable[Message]) -> MetricRecord | None:
        """Nothing to aggregate."""
        return None

    def summary(self) -> None:
        """Log what this run is."""
        closing = self.terms.closing
        log.info("run %s for %s", self.terms.run, self.terms.purpose)
        log.info("rule %s against %d, optimiser %s", closing.rule.name, closing.byzantine, self._optimiser.name)

    def _feasible(self, grid: Grid) -> int:
        """How many tenants agree. Raises `RunImpossible` where they are too few."""
        closing, agreed = self.terms.closing, len(self._candidates(grid))
        check_server_noise(self.terms.privacy, closing, self.terms.limits, self._noise, agreed)
        if not self._done and (spent := self._spent(agreed)):
            raise RunImpossible(spent, hint="a larger budget is a weaker promise to every tenant")
        if agreed == 0:
            raise RunImpossible(f"no tenant has opted in to '{self.terms.purpose}'", hint="tenants opt in, not operators")
        if closing.rule.rooted and self._root is None:
            raise RunImpossible(f"{closing.rule.name} needs an update of the server's own", hint="give the strategy a `root`")
        if problem := closing.rule.refusal(agreed, closing.byzantine):
            raise RunImpossible(problem, hint="more tenants must opt in, or tolerate fewer hostile ones")
        if self.terms.cohort is not None and self.terms.cohort < self.terms.fewest:
            problem = f"a cohort of {self.terms.cohort} can never close a round, {self.terms.fewest} updates are needed"
            raise RunImpossible(problem, hint="raise the cohort, or lower the quorum or the number of hostile tenants")
        if agreed < closing.quorum:
            raise RunImpossible(f"{agreed} tenants agree, the quorum is {closing.quorum}", hint="lower the quorum")
        return agreed

    def _check_budget(self, server_round: int, agreed: int) -> None:
        if spent := self._spent(agreed):
            raise _BudgetSpent(f"ended before round {server_round}: {spent}")

    def _spent(self, agreed: int) -> str:
        """Why no further round can be paid for; empty where one can, or none costs the federation anything."""
        privacy = self.terms.privacy
        return "" if self._noise is None or privacy is None else self._noise.exhausted(privacy, agreed)

    def _carried(self) -> Carried:
        """What the next round needs of this one beside the model."""
        return replace(
            self._optimiser.carried(),
            memory=self._memory,
            cohorts=None if self.terms.cohort is None else generator_state(self._rng),
            noise=None if self._noise is None else self._noise.state(),
        )

    def _warm(self, agreed: int, arrays: ArrayRecord) -> None:
        """Compile for as many tenants as will be asked: a round that loses some compiles for fewer, once."""
        closing = self.terms.closing
        names, base = arrays_of(arrays)
        closing.rule.warm(min(agreed, self.terms.cohort or agreed), closing.byzantine, Layout.of(names, base).working_dtype)

    def _candidates(self, grid: Grid) -> list[Candidate]:
        return one_per_tenant(self._roster.candidates(list(grid.get_nodes())))

    def _chosen(self, candidates: list[Candidate], model_bytes: int) -> tuple[list[Candidate], list[Rejection]]:
        """Who is asked, and who was turned away on the way; nobody is asked where they are too few."""
        if len(candidates) < self.terms.fewest:
            return [], []
        asked, turned_away = chosen(candidates, self.terms.cohort, self._rng, self._roster, model_bytes)
        return (asked if len(asked) >= self.terms.fewest else []), turned_away

    def _request(
        self, server_round: int, invitation: Invitation, arrays: ArrayRecord, config: ConfigRecord, digest: str
    ) -> Message:
        terms = Terms(
            run=self.terms.run,
            round=server_round,
            tenant=invitation.tenant,
            purpose=self.terms.purpose,
            base=digest,
            nonce=invitation.nonce,
            work=self.terms.work,
            privacy=self.terms.privacy,
        )
        record = ConfigRecord({TERMS: canonical(terms.model_dump(mode="json"))})
        content = RecordDict({ARRAYS: arrays, TERMS: record, CONFIG: config})
        return Message(content, invitation.node, MessageType.TRAIN, group_id=str(server_round))

    def _close(self, number: int, opened: _OpenRound, replies: Iterable[Message]) -> Outcome:
        if not opened.invitations:
            why = f"{opened.eligible} tenants agree, {self.terms.fewest} are needed: nobody was asked"
            return Outcome.nobody_asked(why, opened.turned_away)
        replies = list(replies)
        by_node = {invitation.node: invitation for invitation in opened.invitations}
        terms = RoundTerms(
            run=self.terms.run,
            number=number,
            base_digest=opened.base_digest,
            layout=opened.layout,
            base=opened.base,
            privacy=self.terms.privacy,
            work=self.terms.work,
            limits=self.terms.limits,
            invitations=by_node,
            standing=self._roster.standing(_excess(replies, opened)),
            claimed=self._roster.claimed([invitation.tenant for invitation in opened.invitations]),
        )
        decoded = [decode(message, opened.layout, by_node) for message in replies]
        silent = by_node.keys() - {reply.node for reply in decoded}
        decoded += [Rejection(node, by_node[node].tenant, Reason.NO_REPLY, "no reply") for node in sorted(silent)]
        root = self._root(number, opened.base) if self._root and self.terms.closing.rule.rooted else None
        noise = None if self._noise is None or terms.privacy is None else self._noise.of_round(terms.privacy, len(by_node))
        return close(terms, [*decoded, *opened.turned_away], self.terms.closing, OfTheServer(root, self._memory, noise))


def _excess(replies: Iterable[Message], opened: _OpenRound) -> dict[str, int]:
    """Of everybody who was asked: how many bytes came back beyond those of the model and of what goes with it."""
    expected = sum(array.nbytes for array in opened.base) + OVERHEAD_BYTES
    excess = dict.fromkeys((invitation.tenant for invitation in opened.invitations), 0)
    tenants = {invitation.node: invitation.tenant for invitation in opened.invitations}
    for reply in replies:
        if (tenant := tenants.get(reply.metadata.src_node_id)) is not None:
            excess[tenant] += max(0, size_of(reply) - expected)
    return excess
