"""Reports: result files of `gluonfr evaluate` -> one HTML file that opens from disk.

It works without MXNet, and reads results only (`gluonfr.evaluation.result`).
"""

__all__ = []
