"""Turning kernels into machine code with llvmlite, once for each processor: the object code is kept on disk.

Nothing is compiled at installation and no compiler is needed. The cache is under the user's cache folder, or where
`FLOWSTATE_CACHE` says; a cache that cannot be written is done without.
"""

import ctypes
import hashlib
import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import llvmlite
import llvmlite.binding as llvm

from flowstate_flower.aggregation.engine.differences import FAR, NEAR, differences_ir
from flowstate_flower.aggregation.engine.emit import KERNEL, mean_around_ir, rank_mean_ir

WIDEST_LANES = 16
Kernel = Callable[[Any, int, int, int, int], int]  # rows, base, start, end, out; rows is the address of the rows' addresses
_SIGNATURE = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64, ctypes.c_void_p)
_ENGINES: list[Any] = []  # machine code lives as long as its engine


@cache
def rank_mean_kernel(n: int, first: int, stop: int) -> Kernel:
    """See `emit.rank_mean_ir`."""
    return _compile(rank_mean_ir(n, first, stop, _lanes()))


@cache
def mean_around_kernel(n: int, keep: int, centre: tuple[int, int]) -> Kernel:
    """See `emit.mean_around_ir`."""
    return _compile(mean_around_ir(n, keep, centre, _lanes()))


class PairKernels(NamedTuple):
    """Addresses of two kernels of `differences_ir`, and how many columns they take at a time."""

    near: int
    far: int
    lanes: int


@cache
def pair_kernels(lanes: int | None = None) -> PairKernels:
    """Of `NEAR` and of `FAR` pairs; with as many lanes as a register holds, unless told."""
    wide = lanes or _lanes()
    near, far = (address_of(_compile(differences_ir(pairs, wide))) for pairs in (NEAR, FAR))
    return PairKernels(near, far, wide)


def address_of(kernel: Kernel) -> int:
    """Where its machine code begins."""
    return ctypes.cast(kernel, ctypes.c_void_p).value or 0  # type: ignore[arg-type]


def cache_folder() -> Path:
    """Where compiled kernels are kept."""
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(os.environ.get("FLOWSTATE_CACHE") or Path(home) / "flowstate" / "kernels")


@cache
def _lanes() -> int:
    """Columns at a time: as many as a register holds. AVX-512 also has twice the registers, which is what large n needs."""
    return WIDEST_LANES if llvm.get_host_cpu_features().get("avx512f") else 8


def _compile(ir: str) -> Kernel:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    cpu, features = llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()
    machine = llvm.Target.from_default_triple().create_target_machine(cpu=cpu, features=features, opt=2)
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
    about = "\n".join([ir, cpu, features, llvmlite.__version__])
    path = cache_folder() / f"{hashlib.sha256(about.encode()).hexdigest()}.o"
    try:
        code = llvm.ObjectFileRef.from_data(_checked(path.read_bytes()))
    except (OSError, ValueError):
        module = llvm.parse_assembly(ir)
        module.verify()
        data = machine.emit_object(module)
        _keep(path, data)
        code = llvm.ObjectFileRef.from_data(data)
    engine.add_object_file(code)
    engine.finalize_object()
    _ENGINES.append(engine)
    return _SIGNATURE(engine.get_function_address(KERNEL))


def _keep(path: Path, data: bytes) -> None:
    """Store object code behind its own digest, so that half a file is never run."""
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, temporary = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(hashlib.sha256(data).digest() + data)
        Path(temporary).replace(path)


def _checked(stored: bytes) -> bytes:
    digest, data = stored[:32], stored[32:]
    if hashlib.sha256(data).digest() != digest:
        raise ValueError("not what was stored")
    return data
