"""Opacus's per-example gradients as an engine: the only file that knows it. The reference, and the fallback.

Its hooks are put on the task's own module, so that names stay, and are taken off at the end. Its sampler, its optimiser and its
accountant are not used, so what it remembers between calls cannot reach the next step.
"""

import warnings

import torch
from opacus.grad_sample import GradSampleHooks, GradSampleHooksFastGradientClipping
from opacus.validators import ModuleValidator
from torch import Tensor, nn

from flowstate_flower.clients.training.flat import FlatParameters
from flowstate_flower.clients.training.forward import Forward
from flowstate_flower.clients.training.seam import Batch, Clipping
from flowstate_flower.errors import BadInput

# Inputs are data and need no gradient; Opacus's hooks are made for that, torch warns all the same, once a layer.
warnings.filterwarnings("ignore", message="Full backward hook is firing", category=UserWarning)

GHOST_LAYERS = (nn.Linear, nn.Embedding, nn.LayerNorm)
GHOST_FROM = 32_768
"""The size of a model from which a second backward pass costs less than per-example gradients."""


class OpacusEngine:
    """Per-example gradients by hooks, or `ghost` clipping: norms first, then the gradient of the weighted losses.

    Ghost clipping is for items of one row, and clipping with one factor for all layers.
    """

    def __init__(self, forward: Forward, flat: FlatParameters, *, ghost: bool = False) -> None:
        self.name = "opacus"
        self._forward, self._parameters, self._ghost = forward, flat.parameters, ghost
        kind = GradSampleHooksFastGradientClipping if ghost else GradSampleHooks
        self._hooks = kind(forward.model, batch_first=True, loss_reduction="sum", strict=False)

    def add_clipped(self, batch: Batch, clipping: Clipping, total: Tensor) -> Tensor:
        """See `Engine`. Raises `BadInput` for a parameter that has no gradient for each row."""
        if len(batch) == 0:
            return torch.zeros(len(self._parameters), 0, device=total.device)
        try:
            return self._add_by_ghost(batch, clipping, total) if self._ghost else self._add_by_hooks(batch, clipping, total)
        finally:
            self._forget()

    def close(self) -> None:
        """Take the hooks off, and everything else that Opacus wrote on the model."""
        self._forget()
        self._hooks.cleanup()

    def _add_by_hooks(self, batch: Batch, clipping: Clipping, total: Tensor) -> Tensor:
        self._backward(self._forward.weighted(batch).sum())
        gradients = [self._of_items(parameter, batch) for parameter in self._parameters]
        squared = torch.stack([gradient.square().sum(dim=1) for gradient in gradients])
        total += torch.cat([f @ gradient for f, gradient in zip(clipping.factors(squared), gradients, strict=True)])
        return squared

    def _of_items(self, parameter: nn.Parameter, batch: Batch) -> Tensor:
        """(I, p) float32: the rows' gradients of one parameter, summed over the rows of each item."""
        rows = getattr(parameter, "grad_sample", None)
        if rows is None:  # no part in the outputs
            return torch.zeros(len(batch), parameter.numel(), device=parameter.device)
        self._one_each(parameter, rows, batch)
        summed: Tensor = rows.float().reshape(len(batch), batch.per_item, -1).sum(dim=1)
        return summed

    def _add_by_ghost(self, batch: Batch, clipping: Clipping, total: Tensor) -> Tensor:
        losses = self._forward.weighted(batch)
        self._backward(losses.sum(), again=True)
        squared = torch.stack([self._squared(parameter, batch) for parameter in self._parameters])
        self._hooks.disable_hooks()
        try:
            gradients = self._backward(losses @ clipping.factors(squared)[0])
        finally:
            self._hooks.enable_hooks()
        total += torch.cat([gradient.reshape(-1) for gradient in gradients])
        return squared

    def _squared(self, parameter: nn.Parameter, batch: Batch) -> Tensor:
        norms = getattr(parameter, "_norm_sample", None)
        if norms is None:
            return torch.zeros(len(batch), device=parameter.device)
        self._one_each(parameter, norms, batch)
        squared: Tensor = norms.float().square()
        return squared

    def _backward(self, loss: Tensor, *, again: bool = False) -> tuple[Tensor, ...]:
        """Gradients, which leave `.grad` alone; the hooks see what passes."""
        return torch.autograd.grad(loss, self._parameters, retain_graph=again, allow_unused=True, materialize_grads=True)

    def _one_each(self, parameter: nn.Parameter, rows: Tensor, batch: Batch) -> None:
        if len(rows) == len(batch.features):
            return
        name = next(name for name, known in self._forward.model.named_parameters() if known is parameter)
        raise BadInput(
            f"the model cannot be trained privately: '{name}' sees {len(rows)} rows where the batch has {len(batch.features)}",
            hint="let every layer see the rows of the batch as its first dimension",
        )

    def _forget(self) -> None:
        """Nothing of a batch, even of one that raised half-way, may be left for the next."""
        for parameter in self._parameters:
            parameter.grad_sample, parameter._forward_counter = None, 0  # type: ignore[attr-defined]
            for left in ("_current_grad_sample", "_norm_sample"):
                if hasattr(parameter, left):
                    delattr(parameter, left)
        for module in self._forward.model.modules():
            for left in ("activations", "max_batch_len"):
                if hasattr(module, left):
                    delattr(module, left)


def ghost_pays(model: nn.Module) -> bool:
    """Whether norms without gradients are known for every layer of `model`, and it is large enough for them to pay."""
    own = [module for module in model.modules() if any(p.requires_grad for p in module.parameters(recurse=False))]
    size = sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
    return all(isinstance(module, GHOST_LAYERS) for module in own) and size >= GHOST_FROM


def check_layers(model: nn.Module) -> None:
    """Raises `BadInput` that names the layer for which no per-example gradient exists."""
    for name, module in model.named_modules():
        validator = ModuleValidator.VALIDATORS.get(type(module))
        errors = validator(module) if validator and module.training else []
        if errors:
            why = str(errors[0]).split(". ")[0]
            raise BadInput(
                f"the model cannot be trained privately: layer '{name}' ({type(module).__name__}): {why}",
                hint="GroupNorm instead of BatchNorm; opacus.layers has recurrent and attention layers",
            )
