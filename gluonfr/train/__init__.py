"""The training loop, its callbacks, checkpoints and evaluation."""
from ..utils.files import atomic_path
from .batches import seed_step
from .callbacks import Callback, CSVLog, Evaluate, ProgressBar
from .checkpoint import CheckpointError, DamagedCheckpoint, load_weights, save_parameters_atomic
from .checkpoint_callback import Checkpoint
from .evaluate import accuracy, class_means, classify, embed, nearest_mean
from .freeze import freeze, unfreeze
from .interval import LogLine, StepCSV, TensorBoard
from .loop import fit
from .plots import PlotCurves, PlotEmbeddings
from .profile import Profile
from .setup import make_optimizer, parse_gpus
from .state import NonFiniteLoss, TrainState
from .verify import Verify

__all__ = [
    'fit', 'freeze', 'unfreeze', 'TrainState', 'NonFiniteLoss', 'make_optimizer', 'parse_gpus', 'seed_step',
    'Callback', 'CSVLog', 'Checkpoint', 'Evaluate', 'LogLine', 'PlotCurves', 'PlotEmbeddings', 'Profile', 'ProgressBar',
    'StepCSV', 'TensorBoard', 'Verify',
    'CheckpointError', 'DamagedCheckpoint', 'atomic_path', 'load_weights', 'save_parameters_atomic',
    'accuracy', 'class_means', 'classify', 'embed', 'nearest_mean',
]
