"""The same passes on torch tensors, where they lie: imported only once there are tensors, as torch itself is.

Tensors on the host are numpy arrays by another name and take the kernels of the host. On an accelerator a pass is the same
network of comparators on blocks of columns, one kernel where `torch.compile` can fuse it; distances are a Gram matrix in
float64, centred on the sent model, and direct differences where two rows are so near that it would lose digits.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from flowstate_flower.aggregation import engine
from flowstate_flower.aggregation.engine import fusion
from flowstate_flower.aggregation.engine.fusion import Column
from flowstate_flower.aggregation.updates import BFLOAT16, Matrix, Updates, Vector

TILE_NUMBERS = 1 << 24  # in a block of all rows
ALIGNED_COLUMNS = 1024
NEAR = 1e-8  # squared distances below this fraction of the rows' squared lengths are taken directly


@dataclass(frozen=True, slots=True)
class Block:
    """Columns of one floating layer: a tensor for each row, the base, and the first column's place."""

    place: int
    base: Tensor
    rows: tuple[Tensor, ...]

    def gaps(self) -> Tensor:
        """(n, k) float64 differences of the rows to the base."""
        gaps = torch.empty((len(self.rows), len(self.base)), dtype=torch.float64, device=self.base.device)
        for gap, row in zip(gaps, self.rows, strict=True):
            gap.copy_(row)
        return gaps.sub_(self.base)


def rank_mean(updates: Updates, first: int, stop: int) -> Tensor:
    """See `engine.rank_mean`."""
    if (views := _on_host(updates)) is not None:
        return torch.from_numpy(engine.rank_mean(views, first, stop))
    return _decided(updates, fusion.rank_mean(updates.n, first, stop))


def mean_around(updates: Updates, keep: int, centre: tuple[int, int]) -> Tensor:
    """See `engine.mean_around`."""
    if (views := _on_host(updates)) is not None:
        return torch.from_numpy(engine.mean_around(views, keep, centre))
    return _decided(updates, fusion.mean_around(updates.n, keep, centre))


def voted_mean(updates: Updates, threshold: float | None) -> Tensor:
    """See `engine.voted_mean`, and `engine.sign_vote` where `threshold` is None."""
    if (views := _on_host(updates)) is not None:
        return torch.from_numpy(engine.sign_vote(views) if threshold is None else engine.voted_mean(views, threshold))
    return _decided(updates, fusion.vote(threshold))


def sign_counts(updates: Updates) -> NDArray[np.int64]:
    """See `engine.sign_counts`."""
    if (views := _on_host(updates)) is not None:
        return engine.sign_counts(views)
    total = torch.zeros((updates.n, 3), dtype=torch.int64, device=_device(updates))
    for block in _mixed_blocks(updates):
        for i, row in enumerate(block.rows):
            total[i] += torch.stack([torch.lt(row, block.base).sum(), (row == block.base).sum(), (row > block.base).sum()])
    counts: NDArray[np.int64] = total.cpu().numpy()
    return counts


def weighted_sum(updates: Updates, weights: Vector) -> Tensor:
    """See `engine.weighted_sum`; `weights` are those of the rows before any mixing."""
    if (views := _on_host(updates)) is not None:
        return torch.from_numpy(engine.weighted_sum(replace(views, mixing=None), weights))
    kept = np.flatnonzero(weights).tolist()
    if not kept:
        return torch.zeros(updates.layout.dimension, dtype=_working(updates), device=_device(updates))
    some = replace(updates, rows=tuple(updates.rows[i] for i in kept), mixing=None)
    return _decided(some, fusion.weighted_sum(tuple(weights[kept].tolist())), kept, len(updates.rows))


def squared_distances(updates: Updates) -> Matrix:
    """See `engine.squared_distances`. Each entry of the Gram matrix comes from two rows alone, so no row spoils another's."""
    if (views := _on_host(updates)) is not None:
        return engine.squared_distances(views)
    gram = torch.zeros((updates.n, updates.n), dtype=torch.float64, device=_device(updates))
    for block in _blocks(updates, 2 * updates.n):
        gaps = block.gaps()
        gram += gaps @ gaps.T
    squares = gram.diagonal()
    distances = squares[:, None] + squares[None, :] - 2 * gram
    near = torch.triu(distances < NEAR * (squares[:, None] + squares[None, :]), 1)
    pairs = [tuple(pair) for pair in near.nonzero().tolist()]
    result: Matrix = distances.clamp(min=0).fill_diagonal_(0.0).cpu().numpy()
    for (i, j), square in zip(pairs, _directly(updates, pairs), strict=True):
        result[i, j] = result[j, i] = square
    strange = ~np.isfinite(squares.cpu().numpy())
    result[strange, strange] = np.nan
    return result


def moments(updates: Updates, direction: Any, width: int, groups: int) -> NDArray[np.float64]:
    """See `engine.moments`; `width` is that of a stretch."""
    if (views := _on_host(updates)) is not None:
        return engine.moments(views, direction.numpy(), groups)
    total = torch.zeros((2, updates.n, groups), dtype=torch.float64, device=_device(updates))
    for block in _blocks(updates, 2 * updates.n + groups):
        places = torch.arange(block.place, block.place + len(block.base), device=direction.device)
        dealt = torch.nn.functional.one_hot(places // width % groups, groups).double()
        gaps = block.gaps()
        total[0] += (gaps * direction[places].double()) @ dealt
        total[1] += (gaps * gaps) @ dealt
    products: NDArray[np.float64] = total.cpu().numpy()
    return products


def lies_on_host(updates: Updates) -> bool:
    """Whether numpy can look at the tensors' memory."""
    return _device(updates).type == "cpu"


def _on_host(updates: Updates) -> Updates | None:
    """The same updates as numpy views on the tensors, where they lie in the host's memory."""
    if not lies_on_host(updates):
        return None
    rows = tuple(tuple(_view(tensor) for tensor in row) for row in updates.rows)
    return replace(updates, base=tuple(_view(tensor) for tensor in updates.base), rows=rows)


def _view(tensor: Any) -> NDArray[Any]:
    still = tensor.detach()
    is_bfloat = still.dtype == torch.bfloat16  # of which torch and numpy have no common word
    array: NDArray[Any] = still.view(torch.int16).numpy().view(BFLOAT16) if is_bfloat else still.numpy()
    return array


def _decided(updates: Updates, column: Column, names: Sequence[int] | None = None, n: int | None = None) -> Tensor:
    """(d,) results of `column`. Where one is not finite, find out which row is to blame; `names` are the rows' numbers among n.

    Raises `NotFiniteRow`.
    """
    out = torch.empty(updates.layout.dimension, dtype=_working(updates), device=_device(updates))
    blocks, work = _mixed_blocks(updates), column
    if updates.mixing is None and fusion.pays(updates.n * len(out), out.device, updates.n):
        blocks, work = _blocks(updates, updates.n, widened=False), fusion.fused(column, out.dtype)
    for block in blocks:
        out[block.place : block.place + len(block.base)] = work(block.rows, block.base)
    if not bool(out.isfinite().all()):
        _name_the_row(updates, names or range(len(updates.rows)), n or len(updates.rows))
    return out


def _name_the_row(updates: Updates, names: Sequence[int], n: int) -> None:
    from flowstate_flower.aggregation.rule import NotFiniteRow

    finite = torch.ones(len(updates.rows), dtype=torch.bool, device=_device(updates))
    for block in _blocks(updates, len(updates.rows)):
        finite &= torch.stack([row.isfinite().all() for row in block.rows])
    if not bool(finite.all()):
        row = names[int(finite.int().argmin())]
        raise NotFiniteRow(f"row {row} of {n} is not finite", hint="admit updates before they are aggregated")


def _mixed_blocks(updates: Updates) -> Iterator[Block]:
    """Blocks of the rows that a rule sees: mixed ones are differences to the base, and their base is 0."""
    if updates.mixing is None:
        yield from _blocks(updates, 3 * len(updates.rows))
        return
    matrix = torch.from_numpy(updates.mixing).to(_device(updates))
    for block in _blocks(updates, 2 * (len(updates.rows) + 2 * updates.n)):
        mixed = (matrix @ block.gaps()).to(block.base.dtype)  # in float64: no setting for lower precision applies
        yield Block(block.place, torch.zeros_like(block.base), mixed.unbind())


def _blocks(updates: Updates, lanes: int, *, widened: bool = True) -> Iterator[Block]:
    """Blocks of which `lanes` copies fit a tile, in the working precision unless they shall stay as they are."""
    offset, kind = 0, _working(updates)
    width = max(1, TILE_NUMBERS // lanes // ALIGNED_COLUMNS) * ALIGNED_COLUMNS
    for index, layer in enumerate(updates.layout.layers):
        if not layer.is_floating or layer.size == 0:
            continue
        held: list[Any] = [model[index] for model in (updates.base, *updates.rows)]
        tensors: list[Tensor] = [tensor.detach() for tensor in held]
        for low in range(0, layer.size, width):
            cut = [_cut(tensor, low, min(low + width, layer.size)) for tensor in tensors]
            base, *rows = (piece.to(kind) for piece in cut) if widened else cut
            yield Block(offset + low, base, tuple(rows))
        offset += layer.size


def _cut(tensor: Tensor, low: int, high: int) -> Tensor:
    """Numbers low…high-1 of the tensor in the order of its rows, without a copy of all where it is not contiguous."""
    if tensor.is_contiguous():
        return tensor.view(-1)[low:high]
    return tensor.take(torch.arange(low, high, device=tensor.device))


def _directly(updates: Updates, pairs: Sequence[tuple[int, int]]) -> list[float]:
    """Squared distances of these pairs of rows from their differences."""
    if not pairs:
        return []
    total = torch.zeros(len(pairs), dtype=torch.float64, device=_device(updates))
    for block in _blocks(updates, 4):
        rows = block.rows
        total += torch.stack([(rows[i].double() - rows[j].double()).square().sum() for i, j in pairs])
    squares: list[float] = total.tolist()
    return squares


def _device(updates: Updates) -> torch.device:
    first: Any = updates.base[0]
    device: torch.device = first.device
    return device


def _working(updates: Updates) -> torch.dtype:
    kind: torch.dtype = getattr(torch, str(updates.layout.working_dtype))
    return kind
