"""Turning LLVM IR into machine code with llvmlite, once for each processor: the object code is kept on disk.

Nothing is compiled at installation and no compiler is needed. The cache is under the user's cache folder, or where
`FLOWSTATE_CACHE` says; a cache that cannot be written is done without. `FLOWSTATE_KERNELS=numpy` forbids machine code.
"""

import ctypes
import hashlib
import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

KERNEL = "kernel"
"""The name of the function that an IR defines."""
WIDEST_LANES = 16
LINE_BYTES, FLOAT_BYTES = 64, 4
Kernel = Callable[[Any, int, int, int, int], int]  # addresses, an address, start, end, an address
_SIGNATURE = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64, ctypes.c_void_p)
_ENGINES: list[Any] = []  # machine code lives as long as its engine


def is_at_hand() -> bool:
    """Whether `compiled` can be called, and nobody forbids it. Some processors have no llvmlite."""
    if os.environ.get("FLOWSTATE_KERNELS") == "numpy":
        return False
    try:
        _llvm()
    except ImportError:
        return False
    return True


@cache
def lanes() -> int:
    """How many float32 a register holds. AVX-512 also has twice the registers."""
    return WIDEST_LANES if _llvm().get_host_cpu_features().get("avx512f") else 8


class Code:
    """Lines of IR that work on so many numbers at once."""

    def __init__(self, lanes: int) -> None:
        self.lanes = lanes
        self.int, self.float, self.bool = f"<{lanes} x i32>", f"<{lanes} x float>", f"<{lanes} x i1>"
        self.lines: list[str] = []
        self._names = 0

    def emit(self, expression: str) -> str:
        """Append an instruction and return its result's name."""
        self._names += 1
        name = f"%v{self._names}"
        self.lines.append(f"  {name} = {expression}")
        return name

    def splat(self, kind: str, value: str) -> str:
        """A vector of one constant."""
        return "<" + ", ".join([f"{kind} {value}"] * self.lanes) + ">"

    def constant(self, value: float) -> str:
        """A float32 constant, written as LLVM wants it: the bits of the double that it equals."""
        return self.splat("float", f"0x{np.float64(np.float32(value)).view(np.uint64):016X}")


def compiled(ir: str) -> Kernel:
    """The function `i64 kernel(ptr, ptr, i64, i64, ptr)` of this IR. It releases the interpreter while it runs."""
    llvm = _llvm()
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    cpu, features = llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()
    machine = llvm.Target.from_default_triple().create_target_machine(cpu=cpu, features=features, opt=2)
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
    about = "\n".join([ir, cpu, features, import_module("llvmlite").__version__])
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


def address_of(kernel: Kernel) -> int:
    """Where its machine code begins."""
    return ctypes.cast(kernel, ctypes.c_void_p).value or 0  # type: ignore[arg-type]


def cache_folder() -> Path:
    """Where compiled kernels are kept."""
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(os.environ.get("FLOWSTATE_CACHE") or Path(home) / "flowstate" / "kernels")


def _llvm() -> Any:
    """Loaded where something is compiled: most commands compile nothing."""
    return import_module("llvmlite.binding")


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
