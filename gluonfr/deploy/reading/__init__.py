"""Graphs of other programs, MXNet symbols and ONNX, in one form."""
