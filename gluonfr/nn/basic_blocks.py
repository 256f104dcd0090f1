"""Blocks that face networks are built of. Names and signatures are those of gluonfr 1.0."""
from typing import Optional

import mxnet as mx
from mxnet.gluon import HybridBlock, ParameterDict, nn
from mxnet.initializer import Initializer

from ..utils.check import check_int
from .forms import DeviceForms, plain_operators
from .prelu import PReLU

__all__ = ['Dropout', 'EmbeddingNorm', 'NormDense', 'SELayer', 'FrBase']


class NormDense(HybridBlock):
    r"""Class scores :math:`W x` without bias, with either side L2-normalised on request.

    Both normalised give cosines, which the margin losses take (NormFace, 1704.06369).

    Parameters
    ----------
    classes : int
        Number of classes C, >= 2.
    weight_norm, feature_norm : bool
        Normalise the rows of W, the rows of x.
    dtype : str
        Type of the weight.
    weight_initializer : Initializer or None
        None takes the network's.
    in_units : int
        Embedding size D; 0 leaves it to the first batch, which ``weight_norm`` does not allow.

    Inputs:
        - **x**: (B, D)

    Outputs:
        - **pred**: (B, C)
    """

    def __init__(self, classes: int, weight_norm: bool = False, feature_norm: bool = False, dtype: str = 'float32',
                 weight_initializer: Optional[Initializer] = None, in_units: int = 0, prefix: Optional[str] = None,
                 params: Optional[ParameterDict] = None) -> None:
        super().__init__(prefix=prefix, params=params)
        self._classes = check_int('NormDense', 'classes', classes, 2)
        self._weight_norm, self._feature_norm = weight_norm, feature_norm
        if weight_norm and in_units < 1:
            raise ValueError('NormDense: in_units must be >= 1 with weight_norm=True (a normalised weight\'s shape '
                             'cannot be inferred), got {}.'.format(in_units))
        with self.name_scope():
            self.weight = self.params.get('weight', shape=(classes, check_int('NormDense', 'in_units', in_units, 0)),
                                          init=weight_initializer, dtype=dtype, allow_deferred_init=True)

    def hybrid_forward(self, F, x, weight):
        """Scores of ``x``."""
        if self._weight_norm:
            weight = F.L2Normalization(weight, mode='instance')
        if self._feature_norm:
            x = F.L2Normalization(x, mode='instance')
        return F.FullyConnected(x, weight, no_bias=True, num_hidden=self._classes)

    def __repr__(self):
        return 'NormDense({} -> {}, weight_norm={}, feature_norm={})'.format(
            self.weight.shape[1] or None, self._classes, self._weight_norm, self._feature_norm)


class SELayer(HybridBlock):
    """Squeeze-and-excitation (1709.01507): scales each channel by a gate computed from all channels' means.

    Parameters
    ----------
    channel : int
        Channels of the output gate, equal to those of the input.
    in_channel : int
        Channels of the input.
    reduction : int
        The hidden layer has channel // reduction units.

    Inputs:
        - **x**: (B, C, H, W)

    Outputs:
        - **out**: (B, C, H, W)
    """

    def __init__(self, channel: int, in_channel: int, reduction: int = 16, prefix: Optional[str] = None,
                 params: Optional[ParameterDict] = None) -> None:
        super().__init__(prefix=prefix, params=params)
        hidden = check_int('SELayer', 'channel', channel, 1) // check_int('SELayer', 'reduction', reduction, 1)
        if hidden < 1:
            raise ValueError('SELayer: channel // reduction must be >= 1, got {} // {}.'.format(channel, reduction))
        with self.name_scope():
            self.avg_pool = nn.GlobalAvgPool2D()
            self.fc = nn.HybridSequential()
            with self.fc.name_scope():
                self.fc.add(nn.Conv2D(hidden, kernel_size=1, in_channels=in_channel),
                            PReLU(1, in_channels=hidden),
                            nn.Conv2D(channel, kernel_size=1, in_channels=hidden),
                            nn.Activation('sigmoid'))

    def hybrid_forward(self, F, x):
        """``x``, each channel scaled by its gate."""
        return F.broadcast_mul(x, self.fc(self.avg_pool(x)))


class Dropout(nn.Dropout):
    """Gluon's Dropout, with masks that follow from the seed on a GPU, too.

    cuDNN's dropout is seeded once for each graph: it would not follow ``mx.random.seed``, and a resumed training would
    begin with the masks of the first step. MXNet's own costs four small launches more.

    Parameters
    ----------
    rate : float
        Share of the values that become 0, in [0, 1).
    axes : tuple of int
        Axes that share a mask.

    Inputs and outputs are of one shape.
    """

    def hybrid_forward(self, F, x):
        """``x``, with some values 0 in training."""
        if self._rate == 0:
            return super().hybrid_forward(F, x)
        return F.Dropout(x, p=self._rate, axes=self._axes, name='fwd', cudnn_off=True)


class EmbeddingNorm(nn.BatchNorm):
    """Gluon's BatchNorm for embeddings, computed on (B, D, 1, 1).

    On (B, D), MXNet 1.9.1 on a CPU ends with a segmentation fault in inference if another BatchNorm with the same eps
    has seen (B, D, 1, 1) before, even in another network: both share one entry in its cache of oneDNN primitives.

    Parameters
    ----------
    epsilon, scale, center, in_channels, ...
        As in `mxnet.gluon.nn.BatchNorm`.

    Inputs:
        - **x**: (B, D)

    Outputs:
        - **out**: (B, D)
    """

    def _alias(self):
        return 'batchnorm'

    def hybrid_forward(self, F, x, gamma, beta, running_mean, running_var):
        """``x``, normalised."""
        x = F.reshape(x, shape=(0, 0, 1, 1))
        return F.flatten(super().hybrid_forward(F, x, gamma, beta, running_mean, running_var))


class FrBase(DeviceForms, HybridBlock):
    """Base of the face networks: ``features`` makes the embedding, ``output`` the class scores.

    A subclass sets ``self.features`` in its own ``__init__``, and ``self.input_spec``
    (`gluonfr.model_zoo.spec.InputSpec`), which says what images the network takes. A batch of another shape is refused;
    a network that takes images of any size says ``any_size = True``. ``default_init`` is what `initialize` fills the
    weights with when it is not told.

    Parameters
    ----------
    classes : int or None
        Number of classes C; only needed with a class layer.
    embedding_size : int
        D.
    weight_norm, feature_norm : bool
        Of the class layer (`NormDense`). Without one, ``feature_norm`` normalises the embedding itself.
    need_cls_layer : bool or None
        Whether the network ends in class scores; None: if ``classes`` is given.

    Inputs:
        - **x**: images (B, C, H, W)

    Outputs:
        - **embedding**: (B, D), and with ``need_cls_layer`` also **pred**: (B, C)
    """

    any_size = False
    default_init = mx.init.Uniform()  # Gluon's

    def __init__(self, classes: Optional[int] = None, embedding_size: int = 512, weight_norm: bool = False,
                 feature_norm: bool = False, need_cls_layer: Optional[bool] = True, prefix: Optional[str] = None,
                 params: Optional[ParameterDict] = None) -> None:
        super().__init__(prefix=prefix, params=params)
        check_int(type(self).__name__, 'embedding_size', embedding_size, 1)
        need_cls_layer = classes is not None if need_cls_layer is None else need_cls_layer
        self.embedding_size = embedding_size
        self.need_cls_layer = need_cls_layer
        self.input_spec = None
        self.feature_norm = feature_norm
        self.features = None
        if need_cls_layer:
            if classes is None:
                raise ValueError('{}: classes must be given with need_cls_layer=True.'.format(type(self).__name__))
            with self.name_scope():
                self.output = NormDense(classes, weight_norm, feature_norm, in_units=embedding_size,
                                        prefix='output_')

    def initialize(self, init=None, ctx=None, verbose=False, force_reinit=False):
        """As Gluon's, with ``init`` None for the network's own ``default_init``."""
        super().initialize(self.default_init if init is None else init, ctx, verbose, force_reinit)

    def forward(self, x, *args):
        """Check the shape of an array, then as Gluon's."""
        if isinstance(x, mx.nd.NDArray):
            self.check_images(x)
        return super().forward(x, *args)

    def check_images(self, x):
        """Raise a ValueError for an array of another shape than ``input_spec`` has."""
        if self.input_spec is not None:
            wanted = self.input_spec.shape
            free = 2 if self.any_size else 4
            if x.ndim != 4 or x.shape[1:free] != wanted[:free - 1]:
                raise ValueError('{}: x must be images (B, {}, {}, {}), got {}.'.format(
                    type(self).__name__, wanted[0], *(('H', 'W') if self.any_size else wanted[1:]), x.shape))

    def export(self, *args, **kwargs):
        """As Gluon's, with the operators that the layers are named after (`plain_operators`)."""
        compiled = self._cached_graph
        try:
            if compiled:  # else Gluon says that the net must have run once
                self._cached_graph = ()
                with plain_operators():
                    self._get_graph(mx.nd.zeros((1,)))
            return super().export(*args, **kwargs)
        finally:
            self._cached_graph = compiled

    def hybrid_forward(self, F, x):
        """The embedding, and the class scores if the network has a class layer."""
        if self.features is None:
            raise NotImplementedError('{} must set self.features.'.format(type(self).__name__))
        embedding = self.features(x)
        if self.need_cls_layer:
            return embedding, self.output(embedding)
        return F.L2Normalization(embedding, mode='instance') if self.feature_norm else embedding
