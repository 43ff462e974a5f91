"""Products with sparse couplings, on several threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.linalg import LinearOperator

if TYPE_CHECKING:
    from scipy.sparse import sparray


class SparseProducts(LinearOperator):
    """A sparse matrix for products with vectors, and with its transposed as fast.

    Rows are shared among threads, each sum being done by one: the same bits on any number.

    Parameters
    ----------
    matrix : scipy.sparse array, shape (N, M)
        Kept in rows and in columns, which takes twice its memory.
    threads : int

    Examples
    --------
    >>> J = SparseProducts(csr_array([[0.0, 2.0], [3.0, 0.0]]), threads=2)
    >>> (J @ np.ones(2)).tolist(), (J.T @ np.ones(2)).tolist()
    ([2.0, 3.0], [3.0, 2.0])
    """

    def __init__(self, matrix: sparray, threads: int = 1) -> None:
        rows, columns = csr_array(matrix), csr_array(matrix.T)
        super().__init__(rows.dtype, rows.shape)
        pool = ThreadPoolExecutor(threads) if threads > 1 else None
        self._rows = _Rows(rows, threads, pool)
        self._transposed = SparseProducts.__new__(SparseProducts)
        LinearOperator.__init__(self._transposed, columns.dtype, columns.shape)
        self._transposed._rows = _Rows(columns, threads, pool)
        self._transposed._transposed = self

    def _matvec(self, x: np.ndarray) -> np.ndarray:
        return self._rows.multiply(np.ravel(x))

    def _matmat(self, X: np.ndarray) -> np.ndarray:
        return self._rows.multiply(X)

    def _transpose(self) -> SparseProducts:
        return self._transposed

    _adjoint = _transpose


class _Rows:
    """A matrix cut into blocks of rows with nearly equal numbers of elements."""

    def __init__(self, matrix: csr_array, blocks: int, pool: ThreadPoolExecutor | None) -> None:
        shares = np.linspace(0, matrix.nnz, blocks + 1)
        edges = np.searchsorted(matrix.indptr, shares).clip(0, matrix.shape[0])
        edges[0], edges[-1] = 0, matrix.shape[0]
        self._slices = [slice(*pair) for pair in pairwise(edges)]
        self._blocks = [matrix[part] for part in self._slices] if blocks > 1 else [matrix]
        self._pool = pool

    def multiply(self, x: np.ndarray) -> np.ndarray:
        if self._pool is None:
            return self._blocks[0] @ x
        product = np.empty((self._slices[-1].stop, *x.shape[1:]))

        def fill(k: int) -> None:
            product[self._slices[k]] = self._blocks[k] @ x

        others = [self._pool.submit(fill, k) for k in range(1, len(self._blocks))]
        fill(0)
        for other in others:
            other.result()
        return product
