"""The trusted server's part in tenant-level privacy: what it refuses to run, when it stops, and noise that is paid first."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from flwr.serverapp import GaussianPrivacyEvent, NeighboringRelation, PrivacyAccountant, SamplingMethod

from flowstate_flower.admission import Limits
from flowstate_flower.aggregation.updates import Vector
from flowstate_flower.errors import RunImpossible
from flowstate_flower.privacy.noise import Normals, SeededNormals
from flowstate_flower.round import Closing
from flowstate_flower.trust.terms import PrivacyTerms

MEAN = "mean"


@dataclass(frozen=True, slots=True)
class ServerNoise:
    """Who keeps account of what is released, as Flower's protocol has it, and where noise comes from."""

    accountant: PrivacyAccountant
    normals: Normals

    def exhausted(self, privacy: PrivacyTerms, agreed: int) -> str:
        """Why no further round is paid for while `agreed` tenants may be asked; empty where one is."""
        config = self.accountant.config
        if agreed > config.population_size:
            return f"{agreed} tenants agree, the budget is for a population of {config.population_size}"
        if not self.accountant.would_exceed(self._event(privacy, config.population_size)):
            return ""
        spent = self.accountant.get_epsilon(config.target_delta)
        return f"the federation's budget is spent: ε = {spent:.3f} of {config.max_epsilon:g} at δ = {config.target_delta:g}"

    def of_round(self, privacy: PrivacyTerms, asked: int) -> Callable[[int], Vector]:
        """Draws for one round. It is charged before any of them is made, so that a crash never leaves one unpaid."""

        def draws(count: int) -> Vector:
            self.accountant.compose(self._event(privacy, asked))
            return self.normals(count)

        return draws

    def state(self) -> Any:
        """Where seeded noise stands, as JSON; None for noise that nobody can draw again."""
        return self.normals.state() if isinstance(self.normals, SeededNormals) else None

    def restore(self, state: Any) -> None:
        """Put seeded noise where `state` found it. Raises `RunImpossible` where the run's was seeded and this is not, or so."""
        if (state is None) == isinstance(self.normals, SeededNormals):
            raise RunImpossible("the server's noise came from another source", hint="resume with the noise it began with")
        if isinstance(self.normals, SeededNormals):
            self.normals.restore(state)

    def _event(self, privacy: PrivacyTerms, asked: int) -> GaussianPrivacyEvent:
        return GaussianPrivacyEvent(privacy.noise_multiplier, asked, self.accountant.config.population_size)


def check_server_noise(
    privacy: PrivacyTerms | None, closing: Closing, limits: Limits, noise: ServerNoise | None, agreed: int
) -> None:
    """Raise `RunImpossible` for what the guarantee is not proven for."""
    if privacy is None or not privacy.noise_at_server:
        if noise is not None:
            raise RunImpossible("noise at the server without terms that ask for it", hint='set the unit "tenant", or no noise')
        return
    if noise is None:
        raise RunImpossible("tenant-level privacy needs the server's noise and its budget", hint="give `server_noise`")
    for problem, hint in (*_of_the_mean(privacy, closing, limits), *_of_the_account(limits, noise, agreed)):
        raise RunImpossible(f"no tenant-level privacy: {problem}", hint=hint)


def _of_the_mean(privacy: PrivacyTerms, closing: Closing, limits: Limits) -> Iterator[tuple[str, str]]:
    if closing.rule.name != MEAN:
        yield f"{closing.rule.name} is not the mean, which alone is accounted for", "use mean: the terms clip every update"
    if closing.weighting != "uniform":
        yield "a weight by examples is a number that the tenant chooses", "weigh uniformly"
    if privacy.clipping != "flat":
        yield f"whole updates are not clipped {privacy.clipping}", "clip flat"
    if limits.largest_update_norm is not None:
        yield "who is turned away would depend on the update", "leave out largest_update_norm: the terms clip every update"


def _of_the_account(limits: Limits, noise: ServerNoise, agreed: int) -> Iterator[tuple[str, str]]:
    config = noise.accountant.config
    if config.sampling_method is not SamplingMethod.NO_AMPLIFICATION:
        yield "it is known who was asked, which amplifies nothing", f"account as {SamplingMethod.NO_AMPLIFICATION.value}"
    if config.neighboring_relation is not NeighboringRelation.ADD_OR_REMOVE_ONE:
        yield "the mean is accounted for one tenant more or less", f"account as {NeighboringRelation.ADD_OR_REMOVE_ONE.value}"
    if config.max_epsilon is None:
        yield "the accountant has no budget", "set max_epsilon"
    if config.target_delta >= 1 / config.population_size:
        yield f"δ = {config.target_delta:g} is not below 1 / {config.population_size} tenants", "choose a smaller δ"
    if noise.normals.source == "seeded" and not limits.accept_seeded_noise:
        yield "seeded noise protects nobody", "draw cryptographic noise; seeded is for simulations"
