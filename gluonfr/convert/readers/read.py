"""What a reader gives."""
from collections import namedtuple

__all__ = ['Read']


class Read(namedtuple('Read', 'path weights spec unused params program prefix given epsilon',
                      defaults=(None, (), None, None, '', {}, None))):
    """What lies in a file.

    Attributes
    ----------
    path : str
    weights : Source or dict of str to array
        Of a symbol or an ONNX model its layers, of other files the arrays by their names.
    spec : InputSpec or None
        What the network takes, None where only its kind says it: of weights without a graph.
    unused : list of str
        Names in the file that no embedding depends on.
    params : str or None
        The file of the weights, if it is another one.
    program : (Graph, dict of str to array), onnx.ModelProto or None
        What computes the embedding.
    prefix : str
        What stood before all names of a state dict.
    given : dict
        What the caller says of the input, as of `given_fields`; ``spec`` has it already.
    epsilon : float or None
        What the caller says of the BatchNorms.
    """
    __slots__ = ()
