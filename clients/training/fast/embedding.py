"""Embeddings: an item's gradient has one row for each different token of it, which are made and then added in their places."""

from dataclasses import dataclass

import torch
from torch import Tensor

from flowstate_flower.clients.training.fast.shares import Layer, Shares, by_item, squared_rows


@dataclass(frozen=True, slots=True)
class Tokens:
    """Rows of the table's gradient. Entries of one item have different tokens; unused entries at the end are zero."""

    rows: Tensor  # (n, d)
    tokens: Tensor  # (n,)
    owners: Tensor  # (n,) the item of each
    items: int

    def squared(self) -> Tensor:
        """Sums over the item's rows."""
        return self.rows.new_zeros(self.items).index_add_(0, self.owners, squared_rows(self.rows))

    def add(self, factors: Tensor, view: Tensor) -> None:
        """Each row in its token's place."""
        view.index_add_(0, self.tokens, self.rows * factors[self.owners][:, None])


def embedding(layer: Layer) -> Shares:
    """Of an `nn.Embedding` on (R, …) tokens."""
    module = layer.module
    rows = layer.gradient.reshape(-1, module.embedding_dim)
    tokens = by_item(layer.inputs, layer.items, ()).long()
    owners = torch.arange(layer.items, device=tokens.device)[:, None].expand_as(tokens)
    if module.padding_idx is not None:
        rows = rows * (tokens.reshape(-1, 1) != module.padding_idx)
    if tokens.shape[1] == 1:
        return {"weight": Tokens(rows, tokens.flatten(), owners.flatten(), layer.items)}
    return {"weight": _merged(rows, (owners * module.num_embeddings + tokens).flatten(), module.num_embeddings, layer.items)}


def _merged(rows: Tensor, keys: Tensor, size: int, items: int) -> Tokens:
    """Rows of the same key added up. There are at most as many keys as rows, so shapes do not depend on the data."""
    keys, order = keys.sort()
    first = torch.ones_like(keys, dtype=torch.bool)
    first[1:] = keys[1:] != keys[:-1]
    place = first.cumsum(0) - 1
    merged = torch.zeros_like(rows).index_add_(0, torch.empty_like(place).index_copy_(0, order, place), rows)
    key = torch.zeros_like(keys).index_copy_(0, place, keys)  # the same key each time that a place is written
    return Tokens(merged, key % size, key // size, items)
