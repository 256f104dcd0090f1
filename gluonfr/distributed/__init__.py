"""Training in several processes, on one machine or more.

`launch` starts and watches the processes of one machine and needs no MXNet. `join_workers` gives a worker the others.
"""
from typing import TYPE_CHECKING

from ..utils.first_use import on_first_use
from .launch import launch
from .roles import Place, place

if TYPE_CHECKING:
    from .class_shards import ShardedDense
    from .sampled_shards import ShardedPartialFC
    from .workers import Alone, Workers, join_workers

__all__ = ['Alone', 'Place', 'ShardedDense', 'ShardedPartialFC', 'Workers', 'join_workers', 'launch', 'place']
__getattr__, __dir__ = on_first_use(__name__, class_shards=['ShardedDense'],
                                      sampled_shards=['ShardedPartialFC'],
                                      workers=['Alone', 'Workers', 'join_workers'])
