"""Nets as ONNX files with layers in 8 bits, which any runtime computes; nothing of MXNet is needed."""
from .export import to_int8

__all__ = ['to_int8']
