"""From a file of weights of any kind to a folder with a card that `load_net` takes."""
import logging
import os
import shutil
import tempfile

from ..data.normalize import normalize
from ..graph.convert_error import ConvertError
from ..model_zoo import MODELS
from ..model_zoo.card_file import CARD_NAME, write_card
from ..utils.files import atomic_folder, file_sha256
from ..utils.messages import names
from ..utils.params_file import save_whole
from .check import check_equal, check_runs, drawn_faces, given_images
from .readers import reader_of

__all__ = ['convert']

log = logging.getLogger('gluonfr')
FACES = 32  # drawn ones, where nothing better is there to estimate statistics on


def convert(source, out, model=None, params=None, spec=None, images=None):
    """Convert weights to a native net, check that both sides give the same embeddings, and write them with a card.

    A graph that is no net of the model zoo is taken as it is: the card's model is then 'symbol' or 'onnx', and its net
    embeds but does not train.

    Parameters
    ----------
    source : str
        A '-symbol.json' of MXNet, '.onnx', a PyTorch state dict '.pth', '.pt', '.ckpt' or '.pth.tar', or
        Gluon '.params' (with `model`).
    out : str
        Folder that is made, with card.json and the weights: all of it or nothing.
    model : str or None
        Name for `get_model`, when only that net will do; None finds the one that fits.
    params : str or None
        Weights of a symbol, None for the newest '<prefix>-NNNN.params' beside it.
    spec : InputSpec or None
        What the source takes, of a size that counts where the graph does not say one; None for what its graph says:
        grey levels if it scales them itself, else (pixel - 127.5) / 127.5, in RGB.
    images : str, sequence or None
        Aligned faces to compare both sides on, besides noise and drawn faces: a folder or list file, or what `Embedder`
        takes; 64 of them count. BatchNorms that were folded away get the statistics of these images.

    Returns
    -------
    str
        Path of card.json.

    Raises
    ------
    ConvertError
        The source is damaged or does not fit, or both sides differ; unused and missing names are listed.
    FileNotFoundError, ImportError, ValueError
        There is no such file; a package that the source needs is missing; nothing is called `model`.
    """
    source, out = os.fspath(source), os.path.abspath(out)
    reader = reader_of(source)
    if not os.path.isfile(source):
        raise FileNotFoundError('convert: there is no file {}.'.format(source))
    if os.path.exists(out) and (not os.path.isdir(out) or os.listdir(out)):
        raise ConvertError('out must be a new or empty folder, got {}, where something is already.'.format(out))
    if params is not None and not source.endswith('-symbol.json'):
        raise ConvertError('params are for a -symbol.json, got {} with {}.'.format(params, source))
    model = model if model is None else MODELS.canonical(model)
    with tempfile.TemporaryDirectory() as scratch:
        made = reader(source, scratch, model, params, spec)
        size = made.net.input_spec.size
        given = None if images is None else given_images(images, size)
        facts = {'source': _files(source, made.params)}
        if made.why:
            check_runs(made.original, given)
            log.warning('%s is no net of the model zoo, so it is taken as it is and will not train: %s', source,
                        made.why)
            facts['as_it_is'] = made.why
        else:
            if made.native and made.native.folded:
                faces = drawn_faces(size, FACES) if given is None else given
                made.native.estimate(normalize(faces, made.net.input_spec))
                facts['statistics'] = 'estimated on {} {}'.format(len(faces), 'drawn faces' if given is None
                                                                  else 'given images')
            facts['parity'] = check_equal(made.net, made.original, given)
        with atomic_folder(out) as folder:
            _write(made, folder, dict(facts, unused=made.unused, missing=[]))
    if made.unused:
        log.warning('%s: without use for an embedding: %s', source, names(made.unused))
    return os.path.join(out, CARD_NAME)


def _files(source, params):
    """What says later from which files a net was made."""
    said = {'file': os.path.basename(source), 'sha256': file_sha256(source)}
    if params is not None:
        said.update(params=os.path.basename(params), params_sha256=file_sha256(params))
    return said


def _write(made, folder, facts):
    """The files of a net and its card."""
    for name, path in made.files.items():
        shutil.copyfile(path, os.path.join(folder, name))
    if not made.files:
        name = made.model + '.params'
        save_whole(os.path.join(folder, name), made.net.save_parameters)
    write_card(os.path.join(folder, CARD_NAME), os.path.join(folder, name), made.model, made.arguments,
               made.net.input_spec, **facts)
