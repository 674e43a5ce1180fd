"""Images as processors like them: each pixel's channels beside each other, for which convolutions and pooling are much faster.

The numbers are the same, they only lie in another order. A model that cannot take them so gets them as they came.
"""

import torch
from torch import Tensor, nn

from flowstate_flower.clients.training.trial import trial_weights


def channels_last(images: Tensor) -> Tensor:
    """(R, C, H, W) images with channels last in memory. One channel lies like that already, and only has to say so."""
    if images.shape[1] > 1:
        return images.contiguous(memory_format=torch.channels_last)
    _, _, height, width = images.shape
    return images.contiguous().as_strided(images.shape, (height * width, 1, width, 1))


def likes_channels_last(model: nn.Module, few: Tensor) -> bool:
    """Whether `model` has convolutions for the CPU, and makes the same of a `few` rows either way, in evaluation mode. Where it
    reads its layers' memory in order, as with `view`, torch raises.
    """
    convolves = any(isinstance(module, nn.Conv2d) for module in model.modules())
    if not convolves or few.dim() != 4 or not few.is_floating_point() or few.device.type != "cpu":
        return False
    modes = [(module, module.training) for module in model.modules()]
    try:
        with torch.no_grad(), trial_weights(model):
            model.eval()
            return torch.allclose(model(few), model(channels_last(few)), rtol=1e-3, atol=1e-4, equal_nan=True)
    except RuntimeError:
        return False
    finally:
        for module, training in modes:
            module.training = training
