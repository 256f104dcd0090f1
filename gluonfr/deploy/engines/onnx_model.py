"""ONNX models as engines take them: a file, or what one holds."""
import hashlib
import mmap
import os
import zlib
from contextlib import contextmanager

from ...graph.from_onnx import scaling_of_onnx
from ...graph.onnx_file import check_embeds, described_input, import_onnx, load_onnx, takes_integers, weight_files
from ...graph.source import taken_input
from ...utils.files import open_regular

__all__ = ['OnnxModel']

LOCATION = b'\x0a\x08location\x12'  # in protobuf: the key of an entry of a tensor's external_data, and its value's tag
LINEAR = b'DequantizeLinear'  # the operator before each 8-bit layer of a QDQ file
PRELU = b'PRelu'


class OnnxModel:
    """What an engine asks of an ONNX model before it runs it; no package is needed for what is known at once.

    Parameters
    ----------
    content : str or bytes
        An .onnx file or what one holds.
    spec : InputSpec or None
        What it takes, where that is known.

    Attributes
    ----------
    name : str
        What messages call it.
    crc : int
    sha256 : str
        Of the model and the files that hold its weights.
    eight_bit : bool
        Whether layers compute in 8 bits: QDQ form.
    has_prelu : bool
        Whether there may be operators PRelu.
    is_foreign : bool
        Whether nothing said what it takes, so that `read_input` read it from the graph.

    Raises
    ------
    ValueError
        It has weights in files outside its folder, or in files at all where it is in memory.
    FileNotFoundError
        A file of its weights is missing.
    """

    def __init__(self, content, spec=None):
        self.content, self.spec = content, spec
        self.name = content if isinstance(content, str) else 'it'
        self.is_foreign = False
        digest = hashlib.sha256()
        with _bytes_of(content) as data:
            digest.update(data)
            self.crc = zlib.crc32(data)
            self.eight_bit, self.has_prelu = data.find(LINEAR) >= 0, data.find(PRELU) >= 0
            beside = _external_files(data)
        if beside and isinstance(content, bytes):
            raise ValueError('an ONNX model in memory must hold its weights, got one with weights in {}: give its path.'
                             .format(', '.join(sorted(beside))))
        for path in weight_files(self.name, beside):
            with _bytes_of(path) as data:
                digest.update(data)
        self.sha256 = digest.hexdigest()

    def read_input(self, size, channels, producer, metadata):
        """What it takes: as was given, as its metadata say, or as its graph shows, for images of such a size."""
        if self.spec:
            return self.spec
        described = described_input(producer, metadata)
        if described:
            return described
        model, self.is_foreign = self.parse(), True
        name = 'the ONNX model' if isinstance(self.content, bytes) else self.content
        check_embeds(name, model)
        return taken_input(name, scaling_of_onnx(model), integers=takes_integers(model),
                           channels=channels)._replace(size=size)

    def parse(self):
        """It as an onnx.ModelProto, with its weights; an ImportError where the onnx package is missing."""
        if isinstance(self.content, bytes):
            return import_onnx().load_model_from_string(self.content)
        return load_onnx(self.content)


def _external_files(data):
    """The names of files with weights that a model gives."""
    found, at = set(), data.find(LOCATION)
    while at >= 0:
        at += len(LOCATION)
        size, shift = 0, 0
        while at < len(data):  # a varint: 7 bits a byte, the lowest first
            byte = data[at]
            size, shift, at = size | (byte & 127) << shift, shift + 7, at + 1
            if byte < 128:
                break
        found.add(bytes(data[at:at + size]).decode('utf-8', 'replace'))
        at = data.find(LOCATION, at)
    return found


@contextmanager
def _bytes_of(content):
    """What a file holds, mapped rather than read; bytes as they are."""
    if isinstance(content, bytes):
        yield content
        return
    with open_regular(content) as file:
        if not os.fstat(file.fileno()).st_size:
            yield b''
            return
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            yield data
