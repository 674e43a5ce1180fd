"""The tenant's side: a Flower ClientApp that asks the tenant's own policy first, trains privately, and signs.

Names are loaded when they are first used: who reads a policy or signs a consent need not wait for torch and Opacus.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flowstate_flower.clients.app import build_client_app
    from flowstate_flower.clients.home import TenantHome
    from flowstate_flower.clients.policy import TenantPolicy
    from flowstate_flower.clients.task import Examples, TorchTask
    from flowstate_flower.clients.training import LocalJob, Trainer, train

__all__ = ["Examples", "LocalJob", "TenantHome", "TenantPolicy", "TorchTask", "Trainer", "build_client_app", "train"]

_FOUND_IN = {
    "build_client_app": "app",
    "TenantHome": "home",
    "TenantPolicy": "policy",
    "Examples": "task",
    "TorchTask": "task",
    "LocalJob": "training",
    "Trainer": "training",
    "train": "training",
}


def __getattr__(name: str) -> Any:
    if name not in _FOUND_IN:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_FOUND_IN[name]}"), name)
