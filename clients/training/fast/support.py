"""Which models the closed forms are exact for, said before anything is spent."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.instancenorm import _InstanceNorm

from flowstate_flower.clients.training.fast.convolutions import convolution
from flowstate_flower.clients.training.fast.embedding import embedding
from flowstate_flower.clients.training.fast.linear import linear
from flowstate_flower.clients.training.fast.norms import group_norm, layer_norm, rms_norm
from flowstate_flower.clients.training.fast.shares import Rule
from flowstate_flower.errors import BadInput

ELSEWHERE = "freeze it, or train with the engine opacus"

# A subclass may compute something else, so these are the very types.
RULES: Mapping[type[nn.Module], Rule] = {
    nn.Linear: linear,
    nn.Conv1d: convolution,
    nn.Conv2d: convolution,
    nn.Embedding: embedding,
    nn.LayerNorm: layer_norm,
    nn.RMSNorm: rms_norm,
    nn.GroupNorm: group_norm,
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """The first layer that cannot be taken exactly, why, and what to do."""

    layer: str
    reason: str
    hint: str

    def __str__(self) -> str:
        return f"'{self.layer}' {self.reason}"

    def error(self) -> "CannotTrain":
        """The same as an error."""
        return CannotTrain(self)


class CannotTrain(BadInput):
    """The fast engine is not exact for this model."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(f"the fast engine cannot train this model: {refusal}", hint=refusal.hint)
        self.refusal = refusal


def refusal(model: nn.Module) -> Refusal | None:
    """What is wrong with the model as it is built; a forward pass may show more (`FastEngine.rehearse`)."""
    owners: dict[nn.Parameter, str] = {}
    for name, module in model.named_modules():
        label = f"{name} ({type(module).__name__})" if name else type(module).__name__
        for wrong, reason, hint in _faults(module):
            if wrong(module):
                return Refusal(label, reason, hint)
        for parameter_name, parameter in module.named_parameters(recurse=False, remove_duplicate=False):
            if parameter.requires_grad and (other := owners.get(parameter)) is not None:
                return Refusal(label, f"shares its {parameter_name} with '{other}'", "a weight of its own for each layer")
            owners[parameter] = label
    return None


Fault = tuple[Callable[[nn.Module], bool], str, str]


def _faults(module: nn.Module) -> Iterator[Fault]:
    """What can be wrong with such a module, in order: each may rely on those before it."""
    yield from ROWS_MIXED
    if any(parameter.requires_grad for parameter in module.parameters(recurse=False)):
        yield from UNKNOWN
        yield from OPTIONS.get(type(module), ())


def _raw(module: nn.Module) -> bool:
    return not type(module).__module__.startswith("torch.")


def _hooked(module: nn.Module) -> bool:
    hooks = (module._forward_hooks, module._forward_pre_hooks, module._backward_hooks, module._backward_pre_hooks)
    return any(hooks) or "forward" in vars(module)


def _other_names(module: nn.Module) -> bool:
    return not {name for name, _ in module.named_parameters(recurse=False)} <= {"weight", "bias"}


ROWS_MIXED: tuple[Fault, ...] = (
    (lambda m: isinstance(m, _BatchNorm), "mixes the rows of a batch", "GroupNorm instead"),
    (
        lambda m: isinstance(m, _InstanceNorm) and m.track_running_stats,
        "keeps statistics of the data without noise",
        "track_running_stats=False",
    ),
)
UNKNOWN: tuple[Fault, ...] = (
    (lambda m: type(m) not in RULES and _raw(m), "has parameters of its own, whose use is not known", ELSEWHERE),
    (lambda m: type(m) not in RULES, "is not a layer with a closed form", ELSEWHERE),
    (_hooked, "has hooks or a forward of its own", "remove them, or train with the engine opacus"),
    (_other_names, "computes its weight from other parameters", "remove the parametrisation, or train with the engine opacus"),
)
OPTIONS: Mapping[type[nn.Module], tuple[Fault, ...]] = {
    nn.Embedding: (
        (lambda m: m.max_norm is not None, "changes its weight in the forward pass", "max_norm=None"),
        (lambda m: bool(m.scale_grad_by_freq), "weighs tokens by the whole batch", "scale_grad_by_freq=False"),
        (lambda m: bool(m.sparse), "gives sparse gradients", "sparse=False"),
    ),
    nn.Conv1d: ((lambda m: m.padding_mode != "zeros", "pads with more than zeros", "padding_mode='zeros'"),),
    nn.Conv2d: ((lambda m: m.padding_mode != "zeros", "pads with more than zeros", "padding_mode='zeros'"),),
}
