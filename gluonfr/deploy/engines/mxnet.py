"""MXNet as an engine: nets in memory and their files, on a CPU or a GPU that its wheels have code for."""
import logging

from ...compat import bfloat16_note, bfloat16_problem, installed_mxnet, mxnet_problem
from ...utils.messages import error_sentence
from ..images import first_normalized
from .registry import ENGINES

__all__ = ['MXNetEngine']

MOST_CALIBRATION = 128


@ENGINES.register('mxnet')
class MXNetEngine:
    """A copy of a network that is made for inference, equal to it but for rounding, on all cores of a CPU or a GPU.

    Parameters
    ----------
    net : TrainedNet
        Of a `FrBase` with a class layer only the features run; a float16 network gets float16 images.
    precision : {'float32', 'bfloat16', 'int8'}
        Less than float32 on a CPU only.
    device : Device or None
        None for where the network is.
    calibration : sequence or None
        For 'int8': images as they will come; the first 128 count.
    """

    def __init__(self, net, precision='float32', device=None, calibration=None):
        import mxnet as mx

        from ..inference import Runner
        ctx = None if device is None else mx.gpu(device.number) if device.kind == 'cuda' else mx.cpu()
        block = net.block(ctx)
        self.spec, self.precision = net.spec(), precision
        if precision == 'bfloat16' and bfloat16_note():
            logging.getLogger('gluonfr').warning(bfloat16_note())
        features = block.features if getattr(block, 'need_cls_layer', False) else block
        params = list(features.collect_params().values())
        if any(param._deferred_init for param in params):
            features(mx.nd.zeros((1,) + self.spec.shape, ctx=params[0].list_ctx()[0]))
        images = None if precision != 'int8' else first_normalized(calibration, self.spec, MOST_CALIBRATION)
        try:
            self.runner = Runner(features, self.spec.shape, ctx or net.ctx, precision, images)
        except mx.MXNetError as error:
            raise ValueError('Embedder: {} does not run on images {}: {}'.format(
                type(features).__name__, self.spec.shape, error_sentence(error))) from error

    @staticmethod
    def check(net, precision, device, calibrated):
        """Raise a ValueError or ImportError where it cannot compute this here."""
        MXNetEngine.version()
        if net.is_onnx:
            raise ValueError("Embedder: engine must be 'onnxruntime' or 'openvino' for an ONNX file, got 'mxnet'. "
                             '`gluonfr convert` makes a network for MXNet of it.')
        if precision == 'int8' and not calibrated:
            raise ValueError("Embedder: precision 'int8' needs calibration=, some images as they will come.")
        if precision == 'bfloat16' and bfloat16_problem():
            raise ValueError("Embedder: precision must be 'float32' or 'int8' here, got 'bfloat16': {}.".format(
                bfloat16_problem()))

    @staticmethod
    def version():
        """Of MXNet; an ImportError where it does not work."""
        problem = mxnet_problem()
        if problem:
            raise ImportError("engine='mxnet' needs MXNet. " + problem)
        return ' '.join(installed_mxnet().values()) or 'from source'

    def submit(self, x):
        """Start on images (B, C, H, W); a function that waits for their embeddings (B, D)."""
        return self.runner.submit(x)
