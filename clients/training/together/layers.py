"""Sums of items' gradients for each of C clients, where the closed forms know each item's."""

import torch
from torch import Tensor

from flowstate_flower.clients.training.fast.convolutions import Kept
from flowstate_flower.clients.training.fast.embedding import Tokens
from flowstate_flower.clients.training.fast.linear import Outer, Summed
from flowstate_flower.clients.training.fast.shares import Share, Whole


def weighted_sums(share: Share, factors: Tensor, shape: torch.Size) -> Tensor:
    """(C, n) for each client the sum of its items' gradients times `factors` (C, I). `share` is that of the C · I items of all
    clients, one client after the other; `shape` is the parameter's.
    """
    if isinstance(share, Outer | Summed):
        weighted = share.gradient * factors.view(-1, *[1] * (share.gradient.dim() - 1))
        return torch.bmm(_by_client(weighted, factors).mT, _by_client(share.inputs, factors)).flatten(1)
    if isinstance(share, Tokens):
        return _of_tokens(share, factors, shape)
    if isinstance(share, Kept | Whole):
        sums = torch.bmm(factors.unsqueeze(1), share.gradients.view(*factors.shape, -1)).squeeze(1)
        return share.maker.in_order(sums) if isinstance(share, Kept) else sums
    return _one_by_one(share, factors, shape)


def _by_client(rows: Tensor, factors: Tensor) -> Tensor:
    """(C · I, …, n) as (C, I · …, n)."""
    return rows.reshape(len(factors), -1, rows.shape[-1])


def _of_tokens(share: Tokens, factors: Tensor, shape: torch.Size) -> Tensor:
    """One table for each client, all in one."""
    clients, items = factors.shape
    table = share.rows.new_zeros(clients * shape[0], shape[1])
    place = share.owners // items * shape[0] + share.tokens
    return table.index_add_(0, place, share.rows * factors.view(-1)[share.owners][:, None]).view(clients, -1)


def _one_by_one(share: Share, factors: Tensor, shape: torch.Size) -> Tensor:
    """For closed forms that only know the sum over all items: in turn everybody else counts for nothing."""
    sums = factors.new_zeros(len(factors), *shape)
    for client, view in enumerate(sums):
        alone = torch.zeros_like(factors)
        alone[client] = factors[client]
        share.add(alone.view(-1), view)
    return sums.flatten(1)
