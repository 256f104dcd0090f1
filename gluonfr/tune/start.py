"""The network that a search begins with: one that is given, or a small one trained for each fold of people."""
import os
import shutil
from typing import Any, Dict

import mxnet as mx
import numpy as np
from mxnet.gluon import Block

from ..convert import convert
from ..deploy import Embedder
from ..deploy.load import load_files
from ..deploy.net_files import NetFiles, find_net
from ..deploy.trained_net import TrainedNet
from ..model_zoo import MODELS
from ..model_zoo.card_file import CARD_NAME
from ..model_zoo.parameters import load_parameters
from ..photos import embed_cached
from ..train import ProgressBar, save_parameters_atomic
from ..utils.files import file_sha256
from .training import early_layers, train_start

__all__ = ['GivenNet', 'NewNet']


class GivenNet:
    """A trained network, the same for all folds. One that is a graph of another toolkit is converted, to be trained.

    Parameters
    ----------
    files : NetFiles
        What `find_net` says of it.
    network : str
        What is trained with the winner where the given network does not train.
    out : str
        Folder of the search.

    Attributes
    ----------
    trains : bool
        Whether it can be fine-tuned.
    """

    steps = 0

    def __init__(self, files: NetFiles, network: str, out: str):
        self._files, self._network, self._out = _native(files, out), network, out
        self.trains = self._files.kind == 'zoo'
        self._embedder = Embedder(TrainedNet(self._files), normalize=False)
        self.spec, self._embedded = self._embedder.spec, None
        self.frozen = early_layers(self.net(0)) if self.trains else []

    def embeddings(self, images: Any, fold: int, progress: bool) -> np.ndarray:
        """Of all images, with their lengths (N, D); computed once."""
        if self._embedded is None:
            self._embedded = embed_cached(images, self._embedder, self._out, progress=progress).embeddings
        return self._embedded

    def net(self, fold: int) -> Block:
        """The network, anew each time."""
        return load_files(self._files)

    def untrained(self) -> Block:
        """A network to measure the speed of."""
        return self.net(0)

    def identity(self) -> Dict[str, Any]:
        """What tells it from others, as JSON values."""
        return {'net': '{:08x}'.format(self._embedder.fingerprint())}

    def options(self) -> Dict[str, Any]:
        """Those of `gluonfr train` that begin with it; where it does not train, with a new network."""
        if not self.trains:
            return {'network': self._network}
        place = self._files.card or self._files.params
        card = os.path.dirname(place) if os.path.basename(place) == CARD_NAME else place
        return {'network': self._files.model, 'network-args': self._files.arguments or {}, 'finetune': card,
                'freeze': self.frozen}


def _native(files, out):
    """A network of the model zoo in place of a graph, where it is one; a card says if it was tried."""
    if files.kind == 'zoo' or files.card:
        return files
    folder = os.path.join(out, 'net-' + file_sha256(files.path)[:12])
    if not os.path.isfile(os.path.join(folder, CARD_NAME)):
        convert(files.path, folder, params=files.params, spec=files.spec)
    return find_net(folder)


class NewNet:
    """A network of the zoo, trained with softmax for each fold of people, without those of the fold.

    Parameters
    ----------
    name, arguments : str, dict
        Of the zoo, and what it is made with.
    out : str
        Folder of the search, where the weights are kept.
    """

    trains, frozen = True, []

    def __init__(self, name: str, arguments: Dict[str, Any], out: str):
        self._arguments = arguments
        self._name, self._out, self.steps, self._embedded = MODELS.canonical(name), out, None, {}
        self.spec = self._made().input_spec

    def _made(self):
        return MODELS.create(self._name, **dict(self._arguments, need_cls_layer=False))

    def untrained(self) -> Block:
        """The network with random weights, to measure its speed."""
        net = self._made()
        net.initialize()
        return net

    def train(self, images: Any, labels: np.ndarray, fold: np.ndarray, k: int, seed: int,
              progress: bool = False) -> None:
        """Train the network of fold `k`, unless it is there."""
        if not os.path.isfile(self._path(k)):
            net = self._made()
            folder = os.path.join(self._out, 'start-{}'.format(k))
            train_start(net, images, labels, np.flatnonzero(fold != k), folder, steps=self.steps, seed=seed,
                        callbacks=[ProgressBar()] if progress else [])
            save_parameters_atomic(net, self._path(k))
            shutil.rmtree(folder)

    def embeddings(self, images: Any, fold: int, progress: bool) -> np.ndarray:
        """As of `GivenNet`, of the network of that fold."""
        if fold not in self._embedded:
            embedder = Embedder(self.net(fold), normalize=False)
            self._embedded[fold] = embed_cached(images, embedder, self._out, progress=progress).embeddings
        return self._embedded[fold]

    def net(self, fold: int) -> Block:
        """The network of a fold, anew each time."""
        net = self._made()
        load_parameters(net, self._path(fold), mx.cpu())
        return net

    def identity(self) -> Dict[str, Any]:
        """What tells it from others, as JSON values."""
        return {'network': self._name, 'network_args': self._arguments}

    def options(self) -> Dict[str, Any]:
        """Those of `gluonfr train` that begin with it."""
        return {'network': self._name, 'network-args': self._arguments}

    def _path(self, k):
        return os.path.join(self._out, 'start-{}.params'.format(k))
