"""Who contributed what: pure maths on the updates of a round and what the rule made of them."""

from flowstate_flower.attribution.cosine import NONE, Share, cosine_shares

__all__ = ["NONE", "Share", "cosine_shares"]
