"""What happens beside the training, one file for each callback."""
from .base import Callback
from .checkpoint import Checkpoint
from .csv_log import CSVLog
from .doctor import Doctor
from .evaluate import Evaluate
from .log_line import LogLine
from .plot_curves import PlotCurves
from .plot_embeddings import PlotEmbeddings
from .profile import Profile
from .progress import ProgressBar
from .run_log import RunLog
from .save_on_signal import SaveOnSignal
from .step_csv import StepCSV
from .stop_after import StopAfter
from .tensorboard import TensorBoard
from .verify import Verify

__all__ = ['CSVLog', 'Callback', 'Checkpoint', 'Doctor', 'Evaluate', 'LogLine', 'PlotCurves', 'PlotEmbeddings',
           'Profile', 'ProgressBar', 'RunLog', 'SaveOnSignal', 'StepCSV', 'StopAfter', 'TensorBoard', 'Verify']
