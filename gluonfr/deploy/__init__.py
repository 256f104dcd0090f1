"""Trained nets in use: load one, embed images with it."""
from ..model_zoo.card_file import CardError, read_card, write_card
from .embedder import Embedder
from .load import load_net, load_symbol

__all__ = ['CardError', 'Embedder', 'load_net', 'load_symbol', 'read_card', 'write_card']
