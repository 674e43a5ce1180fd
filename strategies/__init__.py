"""The server's side of Flower: selection, decoding, and the one strategy that serves every rule."""

from flowstate_flower.strategies.guarded_grid import GuardedGrid
from flowstate_flower.strategies.run_terms import RunTerms
from flowstate_flower.strategies.selection import Candidate, Node, Roster
from flowstate_flower.strategies.server_noise import ServerNoise
from flowstate_flower.strategies.spec import RunSpec
from flowstate_flower.strategies.spool import Spool
from flowstate_flower.strategies.tenant_strategy import TenantStrategy

__all__ = ["Candidate", "GuardedGrid", "Node", "Roster", "RunSpec", "RunTerms", "ServerNoise", "Spool", "TenantStrategy"]
