"""The readers of gluonfr that damaged files are given to, and what damages them."""
import json
import os
import pickle
import shutil
import struct

import gluonfr.train  # noqa: F401  first: it makes MXNet import well
import mxnet as mx
import numpy as np
from fuzz_damage import VALUES, altered_json, flipped, read, write

READERS = {}


def reader(function):
    READERS[function.__name__] = function
    return function


def small_net():
    net = mx.gluon.nn.HybridSequential(prefix='net_')
    with net.name_scope():
        net.add(mx.gluon.nn.Conv2D(4, 3, strides=2), mx.gluon.nn.BatchNorm(), mx.gluon.nn.PReLU(),
                mx.gluon.nn.MaxPool2D(), mx.gluon.nn.Flatten(), mx.gluon.nn.Dense(8))
    net.initialize(mx.init.One())
    net.hybridize()
    net(mx.nd.zeros((1, 3, 16, 16)))
    return net


# Each prepares its files in a folder once, and gives a function (random, folder) that spoils one and reads it.

@reader
def symbol(folder):
    from gluonfr.convert import convert
    from gluonfr.deploy import Embedder, load_symbol
    small_net().export(folder + '/m')
    path, text = folder + '/m-symbol.json', read(folder + '/m-symbol.json').decode()
    operators = ['Convolution', 'Pooling', 'Reshape', 'Concat', 'SliceChannel', 'transpose', 'slice', 'tile', 'repeat',
                 'UpSampling', 'Deconvolution', 'GroupNorm', 'BatchNorm', 'LeakyReLU', 'dot', 'Embedding', '_Native',
                 'one_hot', 'Pad', 'broadcast_to', 'sum', 'SwapAxis', 'LRN', 'add_n', 'Custom', 'softmax', 'Crop']

    def run(rng):
        data = altered_json(text, rng)
        if rng.random() < 0.3:
            graph = json.loads(text)
            node = rng.choice([node for node in graph['nodes'] if node['op'] != 'null'])
            node['op'] = rng.choice(operators)
            for _ in range(rng.randrange(4)):
                node.setdefault('attrs', {})[rng.choice(
                    ('kernel', 'stride', 'pad', 'num_filter', 'num_group', 'axis', 'shape', 'num_args', 'dim', 'axes',
                     'scale', 'num_outputs', 'reps', 'repeats', 'begin', 'end', 'depth', 'num_groups', 'dtype'))] = \
                    str(rng.choice(VALUES))
            node['inputs'] = node['inputs'][:rng.randrange(4)] if rng.random() < 0.5 else node['inputs']
            data = json.dumps(graph).encode()
        write(path, data)
        if rng.random() < 0.2:
            shutil.rmtree(folder + '/out', ignore_errors=True)
            convert(path, folder + '/out')
        Embedder(load_symbol(path, size=(16, 16)))(np.zeros((1, 16, 16, 3), 'uint8'))
    return run


@reader
def operators(folder):
    from fuzz_operators import known_operators, random_graph
    from gluonfr.deploy import Embedder, load_symbol
    from gluonfr.graph.symbol_file import read_symbol_file
    known, path = known_operators(), folder + '/m-symbol.json'

    def run(rng):
        text, weights = random_graph(known, rng)
        write(path, text.encode())
        if rng.random() < 0.7:  # weights of the shapes that they must have, where that can be told
            symbol = read_symbol_file(path)
            try:
                found = symbol.infer_shape_partial(data=(1, 3, 16, 16))
            except mx.MXNetError as error:
                raise ValueError(str(error).splitlines()[-1]) from error
            weights.update((name, shape) for name, shape in zip(symbol.list_inputs(), found[0] + found[2])
                           if name != 'data' and shape and 0 < np.prod([float(side) for side in shape]) < 1e5)
        mx.nd.save(folder + '/m-0000.params', {name: mx.nd.ones(shape) for name, shape in weights.items()})
        Embedder(load_symbol(path, size=(16, 16)))(np.zeros((1, 16, 16, 3), 'uint8'))
    return run


@reader
def params(folder):
    from gluonfr.deploy import load_net, load_symbol
    from gluonfr.model_zoo import get_model
    small_net().export(folder + '/m')
    path, whole = folder + '/m-0000.params', read(folder + '/m-0000.params')
    lenet = get_model('lenetplus', need_cls_layer=False, embedding_size=2)
    lenet.initialize()
    lenet(mx.nd.zeros((1, 1, 28, 28)))
    lenet.save_parameters(folder + '/l.params')
    other = read(folder + '/l.params')
    heads = [place for place in range(len(whole) - 4) if whole[place:place + 4] == b'\xc9\xfa\x93\xf9']

    def run(rng):
        data = bytearray(whole)
        if rng.random() < 0.6:
            place = rng.choice(heads + [0, len(data) - 200]) + rng.randrange(60)
            data[place:place + 8] = struct.pack('<q', rng.choice((0, 1, -1, 3, 2 ** 31, 2 ** 62, 10 ** 9, 1 << 20)))
            write(path, bytes(data))
        else:
            write(path, flipped(whole, rng))
        if rng.random() < 0.3:
            write(folder + '/l.params', flipped(other[:400] + other[-400:], rng) if rng.random() < 0.5
                  else flipped(other, rng))
            load_net('lenetplus', folder + '/l.params', embedding_size=2)
        load_symbol(folder + '/m-symbol.json', size=(16, 16))
    return run


@reader
def onnx(folder):
    from convert_cases import IRESNET, OnnxWriter, random_net
    from gluonfr.deploy import load_net
    from gluonfr.convert import convert
    path = folder + '/m.onnx'
    OnnxWriter().write(random_net('iresnet18', **dict(IRESNET, input_size=16, embedding_size=4)), path)
    whole = read(path)

    def run(rng):
        data = bytearray(whole)
        if rng.random() < 0.7:  # the graph, not the weights
            for _ in range(rng.choice((1, 2))):
                place = rng.randrange(4000)
                data[place] ^= 1 << rng.randrange(8)
        else:
            data = flipped(whole, rng)
        write(path, bytes(data))
        if rng.random() < 0.5:
            shutil.rmtree(folder + '/out', ignore_errors=True)
            convert(path, folder + '/out')
        else:
            net = load_net(path)
            net(mx.nd.zeros((1, 3, 16, 16)))
    return run


@reader
def safetensors(folder):
    from gluonfr.convert.readers.safetensors import load_safetensors
    header = json.dumps({'__metadata__': {'format': 'pt'},
                         'a.weight': {'dtype': 'F32', 'shape': [2, 3], 'data_offsets': [0, 24]},
                         'a.bias': {'dtype': 'BF16', 'shape': [4], 'data_offsets': [24, 32]}})
    path = folder + '/a.safetensors'

    def run(rng):
        text = altered_json(header, rng) if rng.random() < 0.6 else header.encode()
        data = struct.pack('<Q', len(text)) + text + bytes(range(32))
        write(path, data if rng.random() < 0.5 else flipped(data, rng))
        load_safetensors(path)
    return run


def pictures(count):
    from gluonfr.data.image import encode
    rng = np.random.RandomState(0)
    return [encode(rng.randint(0, 256, (12, 12, 3)).astype('uint8'), fmt) for fmt in ('.jpg', '.png', '.bmp', '.webp')
            for _ in range(count)]


@reader
def bins(folder):
    from gluonfr.data import read_bin
    path, images = folder + '/p.bin', pictures(1)[:4]
    forms = [pickle.dumps(content, protocol) for protocol in (0, 2, 4) for content in (
        (images, [True, False]), ([np.frombuffer(image, 'u1') for image in images], np.array([True, False])),
        ([bytearray(image) for image in images], [1, 0]))]
    opcodes = b'].)NKMJ\x8a\x8b(ltd0123\x85\x86\x87ae\x94qrhjRbcS\x93UTBCX\x8c\x8d\x8eGFIL\x80\x95'

    def run(rng):
        data = rng.choice(forms)
        if rng.random() < 0.3:
            place = rng.randrange(len(data))
            data = data[:place] + bytes(rng.choice(opcodes) for _ in range(rng.choice((3, 30, 3000)))) + data[place:]
        write(path, flipped(data, rng))
        found = read_bin(path)
        for i in range(len(found.images)):
            found.image(i)
    return run


@reader
def rec(folder):
    from gluonfr.data.packing import check_pack
    from gluonfr.data.record import RecordDataset, RecordWriter
    with RecordWriter(folder + '/train', (12, 12)) as writer:
        for i, image in enumerate(pictures(3)):
            writer.write(image, i // 4)
    names = ('train.rec', 'train.idx', 'property', 'train.crc')
    whole = {name: read(os.path.join(folder, name)) for name in names}

    def run(rng):
        for name in names:
            path = os.path.join(folder, name)
            write(path, whole[name])
            if rng.random() < (0.9 if name == 'train.rec' else 0.2):
                write(path, flipped(whole[name], rng))
            elif name != 'train.rec' and rng.random() < 0.3:
                os.remove(path)
        check_pack(folder, False)
        dataset = RecordDataset(folder + '/train.rec', on_error=rng.choice(('raise', 'skip')))
        for i in range(len(dataset)):
            dataset.read(i)
    return run


@reader
def arrays(folder):
    from gluonfr.deploy.gallery import read_gallery
    content = {'embeddings': np.eye(3, dtype='f4'), 'labels': np.arange(3), 'names': np.array(['a/1', 'b/2', 'ü/3']),
               'classes': np.array(['a', 'b', 'c']), 'net': np.array('{"net": "00", "flip": "none"}')}
    np.savez(folder + '/a.npz', **content)
    np.savez_compressed(folder + '/b.npz', **content)
    np.save(folder + '/c.npy', content['embeddings'])
    write(folder + '/c.txt', b'a\nb\nc\n')
    whole = {name: read(os.path.join(folder, name)) for name in ('a.npz', 'b.npz', 'c.npy')}

    def run(rng):
        name = rng.choice(sorted(whole))
        path = os.path.join(folder, name)
        if name == 'a.npz' and rng.random() < 0.4:
            np.savez(path, **dict(content, **{rng.choice(sorted(content)): np.array(rng.choice(
                (1, 'x', [1], ['x'], [[1]], [[[1.0]]], '[' * 5000, '{"a": [}', [np.nan] * 3, [2 ** 62] * 3)))}))
        else:
            write(path, flipped(whole[name], rng))
        read_gallery(path)
    return run


@reader
def card(folder):
    from gluonfr.deploy import Embedder, load_net, write_card
    from gluonfr.model_zoo import get_model
    net = get_model('lenetplus', need_cls_layer=False, embedding_size=2)
    net.initialize()
    net(mx.nd.zeros((1, 1, 28, 28)))
    net.save_parameters(folder + '/w.params')
    path = folder + '/card.json'
    write_card(path, folder + '/w.params', 'lenetplus', {'embedding_size': 2}, net.input_spec)
    text = read(path).decode()

    def run(rng):
        write(path, altered_json(text, rng) if rng.random() < 0.97 else b'[' * 10 ** 5)
        Embedder(load_net(path))(np.zeros((1, 28, 28, 3), 'uint8'))
    return run


@reader
def checkpoint(folder):
    from gluonfr.train.checkpoint import find_checkpoint, read_checkpoint
    from gluonfr.utils.files import save_npz
    from train_cases import PullLoss, dense_net, train
    from gluonfr.train import Checkpoint
    os.makedirs(folder + '/run')
    train(net=dense_net(0.3, True), loss=PullLoss(), epochs=1, callbacks=[Checkpoint(folder + '/run')])
    kept = find_checkpoint(folder + '/run')
    whole, header = read(kept.path), json.dumps(kept.header)
    for name in os.listdir(folder + '/run'):
        os.remove(os.path.join(folder, 'run', name))

    def run(rng):
        if rng.random() < 0.5:
            write(kept.path, flipped(whole, rng))
            read_checkpoint(kept.path)
        else:  # whole, but made by somebody
            told = altered_json(header, rng)
            save_npz(kept.path, dict(kept.arrays, header=np.frombuffer(told, 'u1')))
        try:
            train(net=dense_net(0.3, True), loss=PullLoss(), epochs=2, callbacks=[], resume=kept.path)
        finally:
            os.remove(kept.path)
    return run


@reader
def image(folder):
    from gluonfr.data.image import read_image, read_photo
    whole = pictures(1)
    turned = b'\xff\xe1\0\x22Exif\0\0MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0'
    whole.append(whole[0][:2] + turned + whole[0][2:])
    path = folder + '/a.jpg'

    def run(rng):
        data = rng.choice(whole)
        data = flipped(data[:40], rng) + data[40:] if rng.random() < 0.5 else flipped(data, rng)
        write(path, data)
        rng.choice((read_image, read_photo))(path)
    return run
