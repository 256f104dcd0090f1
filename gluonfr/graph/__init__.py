"""Graphs of MXNet and ONNX, read into one form."""
