"""Vectors as rows of an array."""
import numpy as np

__all__ = ['unit_rows']


def unit_rows(rows):
    """Rows (N, D) scaled to length 1; one of zeros stays so."""
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
