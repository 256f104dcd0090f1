"""The network that a fine-tuning begins with: whatever embeds, as a network of the model zoo that trains."""
import os
import shutil
from collections import namedtuple
from typing import Any, Dict

from mxnet.gluon import HybridBlock

from ..convert import convert
from ..deploy.net_files import TORCH_SUFFIXES, find_net
from ..model_zoo.card_file import CARD_NAME, ONNX, SYMBOL, CardError, read_card
from ..model_zoo.making import net_from_card
from ..utils.files import file_sha256
from ..utils.types import PathLike

__all__ = ['Start', 'open_start']

CONVERTED = '-symbol.json', '.onnx', *TORCH_SUFFIXES
ABOUT_WEIGHTS = 'source', 'licence', 'licence_url', 'statistics', 'data'  # what a card says that a copy must say, too


class Start(namedtuple('Start', 'name model arguments params spec facts')):
    """A network of the zoo with trained weights.

    Parameters
    ----------
    name : str
        What the user called it.
    model, arguments : str, dict
        For `get_model`.
    params : str
        Its weights.
    spec : InputSpec
    facts : dict
        What its card says of the weights: source, licence, ...
    """
    __slots__ = ()

    @property
    def sha256(self) -> str:
        """Of its weights."""
        return file_sha256(self.params)

    def net(self) -> HybridBlock:
        """A new block with its weights: images (B, C, H, W) -> embedding (B, D)."""
        card: Dict[str, Any] = {'model': self.model, 'arguments': self.arguments}
        return net_from_card(card, self.params, self.spec, need_cls_layer=False)


def open_start(source: PathLike, folder: PathLike, overwrite: bool = False) -> Start:
    """Find a network, and convert it where it is not one of the model zoo yet.

    Parameters
    ----------
    source : str or Path
        What `load_net` takes, and weights of PyTorch.
    folder : str or Path
        Where a converted network is written, and found again the next time.
    overwrite : bool
        Whether a network that was converted from another file may be replaced there.

    Returns
    -------
    Start

    Raises
    ------
    ValueError, FileNotFoundError
        There is no such network, it is a graph that no network of the zoo is equal to, and does not train, or `folder`
        holds something else than what it was converted to.

    Examples
    --------
    >>> from gluonfr.finetune import open_start
    >>> start = open_start('lenetplus_softmax', 'outputs/start')  # comes with gluonfr
    >>> start.model, start.net().input_spec.size
    ('lenetplus', (28, 28))
    """
    source, folder = os.path.expanduser(os.fspath(source)), os.fspath(folder)
    place = source
    if source.endswith(CONVERTED):
        if not os.path.isfile(source):
            raise FileNotFoundError('start: there is no file {}.'.format(source))
        place = folder
        before, now = _source_of(folder), file_sha256(source)
        if before is not None and before != now and overwrite:
            shutil.rmtree(folder)
        if before != now:
            convert(source, folder)  # which takes a new or empty folder alone
    files = find_net(place)
    if files.kind != 'zoo':
        raise ValueError('start: a network must train to be fine-tuned, got {}, a graph that is no network of the '
                         'model zoo and was taken as it is ({}). It can be a --teacher.'.format(
                             source, {'onnx': ONNX, 'symbol': SYMBOL}[files.kind]))
    card = read_card(files.card)[0]
    return Start(source, files.model, files.arguments, files.params, files.spec,
                 {name: card[name] for name in ABOUT_WEIGHTS if name in card})


def _source_of(folder):
    """SHA-256 of the file that the network in a folder was converted from; None where there is none."""
    card = os.path.join(folder, CARD_NAME)
    try:
        said = read_card(card)[0].get('source') if os.path.isfile(card) else None
    except CardError:
        return None
    return said.get('sha256') if isinstance(said, dict) else None
