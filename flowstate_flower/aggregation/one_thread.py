"""Small matrices on one BLAS thread. Where there are more, OpenBLAS keeps them spinning for a while after each call, in case of
another: on cores that the passes over updates need. Asking for it takes longer than some passes, so only those rules do that
have products of matrices.
"""

from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import Any

from threadpoolctl import ThreadpoolController

FEWEST_SHARED = 24
"""Rows from which BLAS shares a matrix among threads at all."""


def one_blas_thread(n: int) -> AbstractContextManager[object]:
    """Until the end of the block matrices of about n rows are not shared among threads, in the whole process.

    It is for the first thread that asks: while that lives, threadpoolctl takes no limit from others.
    """
    return nullcontext() if n < FEWEST_SHARED else _blas().limit(limits=1)


@cache
def _blas() -> Any:
    return ThreadpoolController().select(user_api="blas")
