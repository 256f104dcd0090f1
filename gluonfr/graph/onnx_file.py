"""ONNX files: reading them, what they say of their input, and what runtimes ask of them."""
import json
import os
from types import ModuleType
from typing import Any, Dict, Iterable, List, Optional

from ..compat import install_command
from ..data.input_spec import InputSpec
from ..utils.files import lies_in
from ..version import __version__
from .convert_error import ConvertError
from .layers import in_order
from .source import Source, read_input

__all__ = ['check_embeds', 'described_input', 'import_onnx', 'input_of', 'load_onnx', 'note', 'runnable',
           'takes_integers', 'weight_files']

SCORES = ('Softmax', 'LogSoftmax', 'Hardmax')  # operators whose output is class scores


def import_onnx() -> ModuleType:
    """The package onnx, or an ImportError that says how to get it."""
    try:
        import onnx
    except ImportError as error:
        raise ImportError('ONNX files need the onnx package ({}): {}'.format(
            error, install_command('onnx'))) from error
    return onnx


def load_onnx(path: str) -> Any:
    """Read an ONNX file.

    Returns
    -------
    onnx.ModelProto

    Raises
    ------
    ImportError
        The onnx package is missing.
    ConvertError
        The file is damaged, or no ONNX model.
    """
    onnx = import_onnx()
    from google.protobuf.message import DecodeError
    try:
        model = onnx.load(path, load_external_data=False)
        weight_files(path, {entry.value for tensor in _tensors(model.graph) for entry in tensor.external_data
                            if entry.key == 'location'})
        onnx.load_external_data_for_model(model, os.path.dirname(os.path.abspath(path)))
    except ConvertError:
        raise
    except FileNotFoundError as error:
        raise ConvertError(str(error)) from error
    except (DecodeError, onnx.checker.ValidationError, ValueError) as error:
        raise ConvertError('{} is no ONNX model, or is damaged: {}'.format(path, error)) from error
    if not model.graph.node or not model.graph.output:
        raise ConvertError('{} is no ONNX model, or is damaged: it has no graph.'.format(path))
    return model


def weight_files(path: str, names: Iterable[str]) -> List[str]:
    """The paths of the files that an ONNX model keeps weights in, by the names that it gives.

    Raises
    ------
    ConvertError
        One would lie outside the model's folder: a model could read any file so.
    FileNotFoundError
        One is missing.
    """
    found, folder = [], os.path.dirname(os.path.abspath(path))
    for name in sorted(names):
        file = os.path.join(folder, name)
        if os.path.isabs(name) or not lies_in(file, folder):
            raise ConvertError('{} keeps weights in {}, outside its folder, which is refused: put that file beside it, '
                               'and save the model anew with a location in its folder (onnx.save_model(model, path, '
                               'save_as_external_data=True)).'.format(path, name))
        if not os.path.isfile(file):
            raise FileNotFoundError('{} keeps weights in {}, which is missing: put that file into {}.'.format(
                path, name, folder))
        found.append(file)
    return found


def _tensors(graph):
    """All constants of a graph."""
    yield from graph.initializer
    for node in graph.node:
        for entry in node.attribute:
            yield from [entry.t] if entry.HasField('t') else entry.tensors


def note(model: Any, facts: Dict[str, Any]) -> None:
    """Write metadata of ours into an ONNX model, besides those it has; what is no str as JSON."""
    model.producer_name, model.producer_version = 'gluonfr', __version__
    known = {entry.key: entry.value for entry in model.metadata_props}
    known.update({key: value if isinstance(value, str) else json.dumps(value) for key, value in facts.items()})
    import_onnx().helper.set_model_props(model, known)


def described_input(producer: str, metadata: Dict[str, str]) -> Optional[InputSpec]:
    """What an ONNX model takes by its metadata, if `gluonfr.convert.export_onnx` wrote it.

    Parameters
    ----------
    producer : str
        The model's producer_name.
    metadata : dict of str to str
        Its metadata_props.

    Returns
    -------
    InputSpec or None
    """
    if producer != 'gluonfr' or 'input' not in metadata:
        return None
    return read_input('ONNX model', metadata['input'])


def check_embeds(path: str, model: Any) -> None:
    """Raise a ConvertError where an ONNX model ends in class scores."""
    last = next((node.op_type for node in model.graph.node if model.graph.output[0].name in node.output), None)
    if last in SCORES:
        raise ConvertError('{} ends in class scores ({}), not in an embedding: export the network without them.'.format(
            path, last))


def takes_integers(model: Any) -> bool:
    """Whether the images that an ONNX model takes are whole numbers."""
    from onnx import TensorProto
    return input_of(model).type.tensor_type.elem_type in (TensorProto.UINT8, TensorProto.INT32)


def input_of(model: Any) -> Any:
    """The first input that is no weight."""
    given = {entry.name for entry in model.graph.initializer}
    return next(entry for entry in model.graph.input if entry.name not in given)


def runnable(model: Any, source: Source) -> Any:
    """A copy that ONNX Runtime takes, of a model whose exporter did not keep to the standard.

    MXNet's wrote the slopes of a PRelu as (C,), which the standard lays along the width of an image, not its channels,
    and gave BatchNormalization an attribute `spatial` that no runtime has.

    Parameters
    ----------
    model : onnx.ModelProto
    source : Source
        What `read_onnx` made of it.

    Returns
    -------
    onnx.ModelProto
    """
    copy = type(model)()
    copy.CopyFrom(model)
    slopes = {layer.values['slopes'].name for layer in in_order(source.output)
              if layer.kind == 'prelu' and not layer.flat}
    for entry in copy.graph.initializer:
        if entry.name in slopes and len(entry.dims) == 1:
            entry.dims.extend((1, 1))
    for entry in copy.graph.input:  # before IR version 4 initializers are listed here, too
        dims = entry.type.tensor_type.shape.dim
        if entry.name in slopes and len(dims) == 1:
            dims.add().dim_value = dims.add().dim_value = 1
    for node in copy.graph.node:
        if node.op_type == 'BatchNormalization':
            kept = [entry for entry in node.attribute if entry.name != 'spatial']
            del node.attribute[:]
            node.attribute.extend(kept)
    return copy
