"""A class layer with several centres for each class."""
from typing import Optional

from mxnet.gluon import HybridBlock, ParameterDict
from mxnet.initializer import Initializer

from ..utils.check import check_int

__all__ = ['SubCenterDense']


class SubCenterDense(HybridBlock):
    r"""Cosines with the nearest of K centres of each class, "Sub-center ArcFace: Boosting Face Recognition by
    Large-scale Noisy Web Faces" (ECCV 2020).

    .. math::
        \cos\theta_j = \max_{k \le K} \frac{W_{jk} \cdot x}{\lVert W_{jk}\rVert \lVert x\rVert}

    An image only has to be near one centre of its class. So wrong labels gather at a centre of their own instead of
    pulling at the others: `gluonfr.photos.subcenter_angles` finds them.

    Parameters
    ----------
    classes : int
        Number of classes C, >= 2.
    in_units : int
        Embedding size D, >= 1.
    subcenters : int
        Centres a class K, >= 1. The paper's is 3; 1 is `NormDense` with both sides normalised.
    dtype : str
        Type of the weight.
    weight_initializer : Initializer or None
        None takes the network's.

    Inputs:
        - **x**: (B, D)

    Outputs:
        - **pred**: (B, C) cosines

    Examples
    --------
    >>> from mxnet import nd
    >>> from gluonfr.nn import SubCenterDense
    >>> head = SubCenterDense(classes=2, in_units=2, subcenters=2)
    >>> head.initialize()
    >>> head.weight.set_data(nd.array([[1, 0], [0, 1], [-1, 0], [0, -1]]))  # rows of a class follow each other
    >>> print(head(nd.array([[3, 4]])).asnumpy())
    [[ 0.8 -0.6]]
    """

    def __init__(self, classes: int, in_units: int, subcenters: int = 3, dtype: str = 'float32',
                 weight_initializer: Optional[Initializer] = None, prefix: Optional[str] = None,
                 params: Optional[ParameterDict] = None) -> None:
        super().__init__(prefix=prefix, params=params)
        self._classes = check_int('SubCenterDense', 'classes', classes, 2)
        self._subcenters = check_int('SubCenterDense', 'subcenters', subcenters, 1)
        check_int('SubCenterDense', 'in_units', in_units, 1)
        with self.name_scope():
            self.weight = self.params.get('weight', shape=(classes * subcenters, in_units), init=weight_initializer,
                                          dtype=dtype)

    def hybrid_forward(self, F, x, weight):
        """Cosines (B, C)."""
        x, weight = F.L2Normalization(x, mode='instance'), F.L2Normalization(weight, mode='instance')
        cos = F.FullyConnected(x, weight, no_bias=True, num_hidden=self._classes * self._subcenters)
        return F.max(F.reshape(cos, (0, self._classes, self._subcenters)), axis=2)

    def __repr__(self):
        return 'SubCenterDense({} -> {} x {})'.format(self.weight.shape[1], self._classes, self._subcenters)
