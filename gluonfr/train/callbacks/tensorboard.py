"""Scalars for TensorBoard."""
import os
import socket
import struct
import time
from itertools import count

from .spare import SpareBytes
from .step_means import StepMeans

__all__ = ['TensorBoard']

_numbers = count()  # of files of this process, as there may be several in one second


class TensorBoard(StepMeans):
    """Scalars for TensorBoard: the numbers of each interval, and every metric that other callbacks measure.

    Parameters
    ----------
    folder : str
        Of the event files: ``tensorboard --logdir FOLDER``.
    every : int
        Steps between points, >= 1.
    """

    def __init__(self, folder: str, every: int = 50):
        import tensorboardX  # noqa: F401
        super().__init__(every)
        self._folder, self._file, self._seen = folder, None, {}

    def on_train_begin(self, state):
        super().on_train_begin(state)
        self._seen = dict(state.metrics)
        os.makedirs(self._folder, exist_ok=True)
        # not tensorboardX's writer: its thread dies where the disk is full, and the training would wait for it for ever
        self._file = SpareBytes(os.path.join(self._folder, 'events.out.tfevents.{:010.0f}.{}.{}.{}'.format(
            time.time(), socket.gethostname(), os.getpid(), next(_numbers))))
        self._file.add(_record(file_version='brain.Event:2'))
        if state.step:  # what a killed run wrote beyond its checkpoint is not shown
            from tensorboardX.proto.event_pb2 import SessionLog
            self._file.add(_record(step=state.step + 1, session_log=SessionLog(status=SessionLog.START)))

    def write(self, state, row):
        """Add the numbers of the interval."""
        for name, value in row.items():
            if value is not None and name not in ('step', 'seconds'):
                self._add('train/' + name, value, row['step'])

    def on_step_end(self, state):
        super().on_step_end(state)
        self._metrics(state)

    def on_epoch_end(self, state):
        super().on_epoch_end(state)
        self._metrics(state)

    def on_train_end(self, state):
        self._file.write()

    def _metrics(self, state):
        for name, value in state.metrics.items():
            if self._seen.get(name) != value:
                self._seen[name] = value
                self._add('eval/' + name, value, state.step)

    def _add(self, name, value, step):
        from tensorboardX.summary import scalar
        self._file.add(_record(step=step, summary=scalar(name, value)))


def _record(**contents):
    """An event as event files hold it: its length, a checksum of that, the event and a checksum of it."""
    from tensorboardX.proto.event_pb2 import Event
    from tensorboardX.record_writer import masked_crc32c
    event = Event(wall_time=time.time(), **contents).SerializeToString()
    size = struct.pack('<Q', len(event))
    return b''.join((size, struct.pack('<I', masked_crc32c(size)), event, struct.pack('<I', masked_crc32c(event))))
