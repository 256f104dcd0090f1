"""What a network wants as input, so that data, training and evaluation need not be told."""
from collections import namedtuple
from typing import Optional, Sequence, Tuple

__all__ = ['InputSpec', 'describe_spec']


class InputSpec(namedtuple('InputSpec', 'size mean std colour embedding_size')):
    """Image a network takes and embedding it gives: x = (pixel - mean) / std, channel by channel.

    Parameters
    ----------
    size : (int, int)
        Height and width in pixels.
    mean, std : tuple of float, one for each channel
        In grey levels, 0 to 255.
    colour : {'rgb', 'bgr', 'grey'}
        Order of the channels.
    embedding_size : int or None
        D, None where it is not known yet.

    Examples
    --------
    >>> from gluonfr.model_zoo import InputSpec
    >>> spec = InputSpec(size=(28, 28), mean=(0,), std=(255,), colour='grey')
    >>> spec.shape, spec.std
    ((1, 28, 28), (255.0,))
    """
    __slots__ = ()

    def __new__(cls, size: Sequence[int] = (112, 112), mean: Sequence[float] = (127.5, 127.5, 127.5),
                std: Sequence[float] = (127.5, 127.5, 127.5), colour: str = 'rgb',
                embedding_size: Optional[int] = None) -> 'InputSpec':
        return super().__new__(cls, tuple(size), tuple(map(float, mean)), tuple(map(float, std)), colour,
                               embedding_size)

    @property
    def shape(self) -> Tuple[int, int, int]:
        """Channels, height and width of one image, as a network takes it."""
        return (len(self.mean),) + self.size


def describe_spec(spec: InputSpec) -> str:
    """How a network is given images, in words: 'RGB as (pixel - 127.5) / 127.5'."""
    mean, std = ('{:g}'.format(values[0]) if len(set(values)) == 1 else '({})'.format(
        ', '.join('{:g}'.format(value) for value in values)) for values in (spec.mean, spec.std))
    if (mean, std) == ('0', '1'):
        return 'grey levels, 0 to 255' if spec.colour == 'grey' else spec.colour.upper() + ' grey levels, 0 to 255'
    colour = 'grey' if spec.colour == 'grey' else spec.colour.upper()
    return '{} as {} / {}'.format(colour, 'pixel' if mean == '0' else '(pixel - {})'.format(mean), std)
