"""Trained networks in use: load one, embed images with it, into memory or into a gallery that is searched."""
from typing import TYPE_CHECKING

from ..model_zoo.card_file import CardError, read_card, write_card
from ..utils.first_use import on_first_use
from .gallery import Gallery, gallery_of, read_gallery, search_gallery

if TYPE_CHECKING:
    from .embed_set import embed_to_file
    from .embedder import Embedder
    from .load import load_net
    from .symbol_net import load_symbol

__all__ = ['CardError', 'Embedder', 'Gallery', 'embed_to_file', 'gallery_of', 'load_net', 'load_symbol', 'read_card',
           'read_gallery', 'search_gallery', 'write_card']

__getattr__, __dir__ = on_first_use(__name__, embed_set=['embed_to_file'], embedder=['Embedder'], load=['load_net'],
                                    symbol_net=['load_symbol'])
