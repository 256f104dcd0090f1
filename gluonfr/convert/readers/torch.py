"""PyTorch state dicts."""
import os
import warnings

from ...graph.convert_error import ConvertError
from ...utils.messages import names
from .read import Read
from .state_names import take_network

__all__ = ['import_torch', 'load_torch', 'read_torch']

# of training checkpoints: Lightning's, arcface_torch's, and what others call it
WRAPPERS = ('state_dict', 'state_dict_backbone', 'model_state_dict', 'net_state_dict', 'model', 'net', 'backbone')


def read_torch(path, params=None, given=None):
    """Read a PyTorch state dict, as `load_torch` does."""
    arrays, prefix = _load(path)
    return Read(path, arrays, None, prefix=prefix)


def import_torch():
    """PyTorch, of a version whose ``weights_only`` holds.

    Raises
    ------
    ImportError
        It is missing or too old.
    """
    try:
        import torch
    except ImportError as error:
        raise ImportError("PyTorch files need torch: pip install 'torch>=2.6' 'numpy<2'") from error
    if torch.__version__ < '2.6':  # before, a file could run code in spite of weights_only (CVE-2025-32434)
        raise ImportError("PyTorch files need torch >= 2.6, got {}: pip install 'torch>=2.6'. It wants Python 3.9 or "
                          'newer.'.format(torch.__version__))
    return torch


def load_torch(path):
    """Read the weights in a PyTorch file; nothing in it is run.

    Parameters
    ----------
    path : str
        A state dict as `torch.save` writes it, plain or as 'state_dict', 'state_dict_backbone', 'model' or the like of
        a checkpoint. A prefix of all names of the network, such as 'module.', 'backbone.', 'model.' or
        'features.module.', is taken away; what else was trained, such as a class layer, is left out.

    Returns
    -------
    dict of str to numpy.ndarray
        float32, whatever float type the file has; counters of training steps are left out.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    ConvertError
        It is damaged, or holds anything but tensors by name, such as a whole model or code.
    ImportError
        torch is missing or older than 2.6.
    """
    return _load(path)[0]


def _load(path):
    """What `load_torch` gives, and the prefix that the names had."""
    torch = import_torch()
    if not os.path.isfile(path):
        raise FileNotFoundError('load_torch: there is no file {}.'.format(path))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')  # of pickles that PyTorch did not write: it refuses them, or they are fine
            state = torch.load(path, map_location='cpu', weights_only=True)
    except Exception as error:  # a damaged file may raise any
        raise ConvertError('load_torch: {} must be a PyTorch state dict, whole and of tensors only; files that hold a '
                           'model or other code are refused. Of a checkpoint that you trust, save the weights alone: '
                           "torch.save(torch.load('{}', weights_only=False)['state_dict'], 'weights.pth'); a model can "
                           'come as ONNX (torch.onnx.export). Got {}: {}'.format(
                               path, os.path.basename(path), type(error).__name__,
                               str(error).strip().partition('\n')[0])) from error
    for key in WRAPPERS:
        if isinstance(state, dict) and isinstance(state.get(key), dict):
            state = state[key]
    if not isinstance(state, dict) or not state or not all(
            isinstance(name, str) and isinstance(value, torch.Tensor) for name, value in state.items()):
        raise ConvertError('load_torch: {} must hold tensors by name, got {}.'.format(path, _contents(state)))
    tensors, prefix = take_network(path, state)
    return {name: _array(path, name, value) for name, value in tensors.items()}, prefix


def _array(path, name, tensor):
    """The values of a tensor or parameter, float32."""
    import torch
    plain = tensor.layout == torch.strided and tensor.device.type == 'cpu' and not tensor.is_quantized and \
        not tensor.is_complex()
    # a tensor may name one value again and again: a file of a kilobyte, of which a copy takes all memory
    if not plain or tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
        raise ConvertError('load_torch: {}: {} must be a dense tensor of numbers, got {}, {}, of shape {}.'.format(
            path, name, tensor.layout, tensor.dtype, tuple(tensor.shape)))
    return tensor.detach().float().numpy()


def _contents(state):
    if not isinstance(state, dict):
        return type(state).__name__
    return names(['{} ({})'.format(name, type(value).__name__) for name, value in state.items()])
