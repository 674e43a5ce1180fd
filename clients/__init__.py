"""The tenant's side: a Flower ClientApp that asks the tenant's own policy first, trains privately, and signs."""

from flowstate_flower.clients.app import build_client_app
from flowstate_flower.clients.home import TenantHome
from flowstate_flower.clients.policy import TenantPolicy
from flowstate_flower.clients.task import Examples, TorchTask
from flowstate_flower.clients.training import LocalJob, Trainer, train

__all__ = ["Examples", "LocalJob", "TenantHome", "TenantPolicy", "TorchTask", "Trainer", "build_client_app", "train"]
