"""The training loop, its callbacks, checkpoints and evaluation."""
from ..utils.files import atomic_path
from ..utils.gpu import parse_gpus
from .batches import seed_step
from .callbacks import (
    Callback,
    Checkpoint,
    CSVLog,
    Doctor,
    Evaluate,
    LogLine,
    PlotCurves,
    PlotEmbeddings,
    Profile,
    ProgressBar,
    RunLog,
    SaveOnSignal,
    StepCSV,
    StopAfter,
    TensorBoard,
    Verify,
)
from .checkpoint import CheckpointError, DamagedCheckpoint, load_weights, save_parameters_atomic
from .distill import teacher_of
from .evaluate import accuracy, class_means, classify, embed, nearest_mean
from .freeze import freeze, unfreeze
from .loop import fit
from .optimizer import make_optimizer
from .rates import layer_decay
from .state import NonFiniteLoss, TrainState

__all__ = [
    'fit', 'freeze', 'unfreeze', 'layer_decay', 'teacher_of', 'TrainState', 'NonFiniteLoss', 'make_optimizer',
    'parse_gpus', 'seed_step',
    'Callback', 'CSVLog', 'Checkpoint', 'Doctor', 'Evaluate', 'LogLine', 'PlotCurves', 'PlotEmbeddings', 'Profile',
    'ProgressBar', 'RunLog', 'SaveOnSignal', 'StepCSV', 'StopAfter', 'TensorBoard', 'Verify',
    'CheckpointError', 'DamagedCheckpoint', 'atomic_path', 'load_weights', 'save_parameters_atomic',
    'accuracy', 'class_means', 'classify', 'embed', 'nearest_mean',
]
