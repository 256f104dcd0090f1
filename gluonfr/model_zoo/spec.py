"""The input of a face network of the zoo."""
from typing import Tuple, Union

from ..data.input_spec import InputSpec
from ..utils.check import check_choice, check_int, check_number

__all__ = ['InputSpec', 'face_spec']


def face_spec(owner: str, embedding_size: int, input_size: Union[int, Tuple[int, int]] = 112,
              std: float = 127.5, channels: int = 3) -> InputSpec:
    """The `InputSpec` of a face network that halves its input four times.

    Parameters
    ----------
    owner : str
        The network's class, for the message.
    embedding_size : int
        D.
    input_size : int or (int, int)
        Side, or height and width, in pixels: multiples of 16.
    std : float
        Grey levels that make 1, > 0.
    channels : {3, 1}
        Of RGB or of grey images.

    Raises
    ------
    ValueError, TypeError
        A size that is no multiple of 16, std <= 0, or another number of channels.
    """
    check_choice(owner, 'channels', channels, (3, 1))
    pair = input_size if isinstance(input_size, (tuple, list)) else (input_size, input_size)
    if len(pair) != 2:
        raise ValueError('{}: input_size must be a side or (height, width), got {!r}.'.format(owner, input_size))
    size = tuple(check_int(owner, 'input_size', side, 16) for side in pair)
    if any(side % 16 for side in size):
        raise ValueError('{}: input_size must be multiples of 16, got {}.'.format(owner, input_size))
    return InputSpec(size, (127.5,) * channels, (check_number(owner, 'std', std, 0, low_open=True),) * channels,
                     'rgb' if channels == 3 else 'grey', embedding_size)
