"""One's own photographs: whether a folder of people is clean, groups of faces without names, galleries that live.

It works without MXNet.
"""

__all__ = []
