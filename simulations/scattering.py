"""A wavelet scattering transform: features of images that are computed, not learned, so that they cost no privacy
(Bruna and Mallat 2013, arXiv:1203.1513).

A linear model on them does better under differential privacy than networks that have to learn their features from noisy
gradients (Tramèr and Boneh 2021, arXiv:2011.11660). Orders 0, 1 and 2 with Morlet wavelets of two scales and eight angles are
81 channels of a quarter of the image's width. Each image is normalised by itself: nothing of others is in its features.
"""

import math
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional

ANGLES, MARGIN = 8, 4
CHANNELS = 1 + 2 * ANGLES + ANGLES * ANGLES
GROUPS = 27
WIDTH, FREQUENCY, SLANT = 0.8, 3 * math.pi / 4, 4 / ANGLES  # of the finest wavelet
AT_ONCE = 50  # so that what is in between stays in the cache


def feature_count(size: int) -> int:
    """How many features an image of `size` × `size` pixels has."""
    return CHANNELS * (size // MARGIN) ** 2


def scattered(images: Tensor) -> Tensor:
    """(N, F) float16 features of (N, S, S) images of bytes; S is a multiple of 4."""
    parts = [_normalised(_orders(part.float() / 255)) for part in images.split(AT_ONCE)]  # type: ignore[no-untyped-call]
    return torch.cat([part.half() for part in parts])


def _normalised(features: Tensor) -> Tensor:
    """Group normalisation of each image's own channels."""
    return functional.group_norm(features, GROUPS).flatten(1)


def _orders(images: Tensor) -> Tensor:
    """(B, 81, S/4, S/4): the blurred image, the blurred moduli of its wavelets, and those of the fine moduli's coarse ones."""
    size = images.shape[-1]
    whole = size + 2 * MARGIN
    fine, coarse = _wavelets(whole, 0), _wavelets(whole, 1)
    padded = functional.pad(images[:, None], (MARGIN,) * 4, mode="reflect")
    spectrum = torch.fft.fft2(padded)
    edges = torch.fft.ifft2(spectrum * fine).abs()
    broad = torch.fft.ifft2(_halved(spectrum * coarse)).abs()
    spectra = torch.fft.fft2(edges)[:, :, None]
    corners = torch.fft.ifft2(_halved(spectra * coarse)).abs().flatten(1, 2)
    half = torch.cat([broad, corners], dim=1)
    return torch.cat([_blurred(padded, size), _blurred(edges, size), _blurred(half, size)], dim=1)


def _halved(spectrum: Tensor) -> Tensor:
    """The spectrum of every second pixel of every second row."""
    half = spectrum.shape[-1] // 2
    return spectrum.reshape(*spectrum.shape[:-2], 2, half, 2, half).mean((-4, -2))


def _blurred(channels: Tensor, size: int) -> Tensor:
    """Averaged by a Gaussian around every fourth pixel of the image, without its margin."""
    rows = _blur(channels.shape[-1], size)
    return rows @ channels @ rows.T


@lru_cache(maxsize=8)
def _blur(resolution: int, size: int) -> Tensor:
    """(S/4, resolution): a Gaussian on each row, for signals of the image with its margin at this resolution."""
    step = (size + 2 * MARGIN) / resolution
    places = torch.arange(resolution, dtype=torch.float64) * step - MARGIN
    centres = torch.arange(0, size, MARGIN, dtype=torch.float64)
    weights = torch.exp(-0.5 * ((places - centres[:, None]) / (2 * WIDTH)) ** 2)
    return (weights / weights.sum(dim=1, keepdim=True)).float()


@lru_cache(maxsize=8)
def _wavelets(size: int, scale: int) -> Tensor:
    """(8, size, size): the spectra of Morlet wavelets, real since each wavelet is the conjugate of its mirror image."""
    line = torch.arange(size, dtype=torch.float64)
    line = line - size * (line >= size / 2)
    y, x = torch.meshgrid(line, line, indexing="ij")
    width, frequency = WIDTH * 2**scale, FREQUENCY / 2**scale
    spectra = []
    for angle in torch.arange(ANGLES, dtype=torch.float64) * math.pi / ANGLES:
        along, across = x * angle.cos() + y * angle.sin(), y * angle.cos() - x * angle.sin()
        bell = torch.exp(-(along**2 + (SLANT * across) ** 2) / (2 * width**2)) * SLANT / (2 * math.pi * width**2)
        wave = bell * torch.exp(1j * frequency * along)
        wavelet = wave - bell * wave.sum() / bell.sum()  # no answer to a constant
        spectra.append(torch.fft.fft2(wavelet).real)
    return torch.stack(spectra).float()
