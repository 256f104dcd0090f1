"""Time gluonfr's engines beside the runtimes called directly, and `gluonfr embed` from JPEG files to a file.

    python scripts/benchmark/engines.py --quick               # two short rounds
    python scripts/benchmark/engines.py --save                # and write resources/results/benchmark-engines.csv
    python scripts/benchmark/engines.py --only files

The tasks of a net go from float images in memory to embeddings, as embed.py does, with the same weights and images.
'gluonfr, best engine' is engine='auto', which measures anew each time; the column of threads says what it took. It is
what the others are compared with: 0.95 times as fast as OpenVINO means that gluonfr's own part costs 5 %. The others
are what one would pick oneself: OpenVINO with its hints for throughput (an image a request) and latency (the batch in
one), ONNX Runtime, PyTorch with channels_last, and with torch.compile where there is a C++ compiler; the tasks -bits
have their ways with fewer bits, among them 8 bits as ONNX Runtime's own tool writes them and as `gluonfr export --int8`
does. The random weights say nothing about how exact fewer bits are.

The task 'files' is `gluonfr embed` as a whole, the time for loading the net included, beside an `Embedder` called with
the decoded images, reading and decoding alone, and a plain loop of OpenCV and ONNX Runtime.
"""
import json
import os
import shutil

import numpy as np
from bench import Contestant, cores, machine_facts, main, missing, once
from embed import NEEDS, draw_images, gluonfr_embed, load_net, same_embeddings, task, write_weights
from peers import export, onnx_embed, onnx_files, openvino_embed, quantise, torch_embed

NEEDS = dict(NEEDS, openvino=('torch', 'onnx', 'onnxscript', 'openvino'))
OURS = ('onnx', 'onnxruntime')
FILES = 64  # images a batch of `gluonfr embed`, as by default


def write_symbol(link, network, weights, prefix):
    """Write the net as files that commands take: a worker that only prepares."""
    from gluonfr.convert import export_symbol
    export_symbol(load_net(network, weights), prefix)
    link.rounds(lambda: None, 1)


def write_int8(link, source, path, inputs):
    """Write the net as ONNX in 8 bits, as `gluonfr export --int8` does: a worker that only prepares."""
    from gluonfr.convert import to_int8
    to_int8(source, path, list(np.load(inputs)))
    link.rounds(lambda: None, 1)


def write_jpegs(link, batch, steps, folder, decoded):
    """Write a batch of drawn faces, as often as there are steps, as JPEG files, and a batch as it is decoded: a worker
    that only prepares."""
    from gluonfr.data import SyntheticFaces, decode, encode
    faces = SyntheticFaces(batch, 1)
    data = [encode(faces.read(i)[0]) for i in range(batch)]
    for i in range(batch * steps):
        person = os.path.join(folder, '{:05}'.format(i // 8))
        os.makedirs(person, exist_ok=True)
        with open(os.path.join(person, '{}.jpg'.format(i % 8)), 'wb') as file:
            file.write(data[i % batch])
    np.save(decoded, np.stack([decode(one) for one in data]))
    link.rounds(lambda: None, 1)


def command(link, source, folder, batch, steps, outputs, precision='float32'):
    """`gluonfr embed`: `steps` batches in one call."""
    import gluonfr
    from gluonfr.cli import main as gluonfr_main
    out = outputs + '.npz'

    def step():
        gluonfr_main(['embed', source, folder, '--out', out, '--batch-size', str(batch), '--engine', 'auto',
                      '--precision', precision, '--no-progress'])

    step()
    with np.load(out) as made:
        np.save(outputs, made['embeddings'][:batch])
        threads = '{} ({})'.format(cores(), json.loads(str(made['net']))['engine'])
    link.rounds(step, 1, (gluonfr, np), threads=threads, outputs=outputs)


def decode(link, folder, batch, steps):
    """Reading, decoding and normalising alone, as an `Embedder` does it while an engine computes."""
    import gluonfr
    from gluonfr.data import open_dataset
    from gluonfr.deploy.images import Images, normalized_batches
    from gluonfr.model_zoo import InputSpec
    images, spec = Images(open_dataset(folder), InputSpec().size), InputSpec()

    def step():
        for _ in normalized_batches(images, batch, 0, spec):
            pass

    step()
    link.rounds(step, 1, (gluonfr, np), threads=cores())


def engines(args, network, batch, steps, twice=None):
    """gluonfr's engines beside the runtimes called directly, in float32 and in fewer bits: two tasks.

    `twice` is the goal against ONNX Runtime.
    """
    plain = task(args, network, network, batch, steps)
    theirs, ours_are = plain.contestants[1].settings, plain.contestants[0].settings
    model, eight, our_eight, prefix = (os.path.join(args.work, network + end)
                                       for end in ('.onnx', '-8.onnx', '-our-8.onnx', '-net'))

    def row(name, worker, settings, needs, **more):
        outputs = os.path.join(args.work, '{}-{}.npy'.format(network, name.replace(' ', '-')))
        return Contestant(name, worker, dict(settings, outputs=outputs), needs=NEEDS.get(needs, needs), **more)

    def ours(name, needs=(), **more):
        return row('gluonfr, ' + name, 'gluonfr', dict(ours_are, **more), needs, environ=notes(args))

    def runtime(name, worker, path=model, goal=None, **more):
        settings = dict(steps=steps, inputs=theirs['inputs'], path=path, cores=cores(), **more)
        return row(name, worker, settings, worker, goal=goal)

    def torch(name, **more):
        return row('PyTorch, channels_last' + name, 'torch', dict(theirs, **more), 'torch')

    def prepare():
        shutil.rmtree(notes(args)['MXNET_HOME'], ignore_errors=True)
        plain.prepare()

    def prepare_bits():
        prepare()
        if not os.path.exists(eight) and not missing(runtime('', 'onnx')):
            once(__file__, 'quantise', source=model, path=eight, inputs=theirs['inputs'])
        if not os.path.exists(our_eight) and not missing(ours('', OURS)):
            once(__file__, 'symbol', network=network, weights=theirs['weights'], prefix=prefix)
            once(__file__, 'int8', source=prefix + '-symbol.json', path=our_eight, inputs=theirs['inputs'])

    title = plain.title + ', by {}'
    bfloat16 = [ours('openvino, bfloat16', ('onnx', 'openvino'), engine='openvino', precision='bfloat16'),
                runtime('OpenVINO, throughput, bfloat16', 'openvino', goal=0.95, precision='bf16')]
    return {
        network: plain._replace(title=title.format('each engine'), prepare=prepare, contestants=[
            ours('best engine', engine='auto'), ours('mxnet', engine='mxnet'),
            ours('onnxruntime', OURS, engine='onnxruntime'), ours('openvino', ('onnx', 'openvino'), engine='openvino'),
            runtime('OpenVINO, throughput', 'openvino', goal=0.95, precision='f32'),
            runtime('OpenVINO, latency', 'openvino', goal=0.95, precision='f32', hint='LATENCY'),
            runtime('ONNX Runtime', 'onnx', goal=twice), torch(''),
            *([torch(', torch.compile', compiled=True)] if has_compiler() else [])]),
        network + '-bits': plain._replace(
            title=title.format('each engine in fewer bits'), prepare=prepare_bits, check=None, contestants=[
                ours('best engine, bfloat16', engine='auto', precision='bfloat16'),
                ours('mxnet, bfloat16', engine='mxnet', precision='bfloat16'),
                *(bfloat16 if has_bfloat16() else []),
                ours('mxnet, int8', engine='mxnet', precision='int8'),
                ours('onnxruntime, int8', OURS, engine='onnxruntime', source=our_eight),
                ours('openvino, int8', ('onnx', 'onnxruntime', 'openvino'), engine='openvino', source=our_eight),
                runtime('OpenVINO, throughput, its own choice', 'openvino'),
                runtime('OpenVINO, latency, its own choice', 'openvino', hint='LATENCY'),
                runtime('ONNX Runtime, int8', 'onnx', eight), torch(', bfloat16 autocast', bfloat16=True),
                *([torch(', bfloat16 autocast, torch.compile', bfloat16=True, compiled=True)] if has_compiler() else
                  [])])}


def files(args, batch, steps, precision='float32'):
    """From JPEG files to vectors on disk, beside arrays to vectors in memory."""
    plain = task(args, 'files', 'mobilefacenet', batch, steps)
    weights, model = plain.contestants[1].settings['weights'], plain.contestants[2].settings['path']
    folder, decoded, prefix = (os.path.join(args.work, name) for name in (
        'jpegs-{}-{}'.format(batch, steps), 'decoded-{}.npy'.format(batch), 'mobilefacenet-net'))

    def prepare():
        shutil.rmtree(notes(args)['MXNET_HOME'], ignore_errors=True)
        plain.prepare()
        once(__file__, 'symbol', network='mobilefacenet', weights=weights, prefix=prefix)
        if not os.path.isdir(folder):
            once(__file__, 'jpegs', batch=batch, steps=steps, folder=folder + '.part', decoded=decoded)
            os.replace(folder + '.part', folder)

    def row(name, worker, settings, **more):
        outputs = {} if worker == 'decode' else {'outputs': os.path.join(args.work, 'files-{}.npy'.format(worker))}
        return Contestant(name, worker, dict(settings, batch=batch, steps=steps, **outputs), environ=notes(args),
                          **more)

    ours = {'source': prefix + '-symbol.json', 'precision': precision}
    listed = [row('gluonfr embed, from JPEG files', 'command', dict(ours, folder=folder)),
              row('Embedder, from arrays', 'gluonfr', dict(ours, inputs=decoded, whole=True, engine='auto'), goal=0.9),
              row('reading and decoding alone', 'decode', {'folder': folder}, measure='rate')]
    if precision == 'float32':
        listed.append(row('OpenCV and ONNX Runtime, a plain loop', 'loop', dict(
            folder=folder, path=model, cores=cores()), needs=NEEDS['onnx']))
    return plain._replace(
        title='embed {} JPEG files in {}, MobileFaceNet, batches of {}'.format(batch * steps, precision, batch),
        prepare=prepare, contestants=listed,
        check=lambda infos: same_embeddings({name: info for name, info in infos.items() if 'outputs' in info}))


def notes(args):
    """The environment with a folder for what engines note: 'auto' measures anew in each task."""
    return {'MXNET_HOME': os.path.join(args.work, 'notes')}


def has_compiler():
    """Whether there is what torch.compile needs."""
    return bool(shutil.which('c++') or shutil.which('g++'))


def has_bfloat16():
    """Whether the processor has instructions for bfloat16, without which OpenVINO is not asked for it."""
    return 'bf16' in machine_facts()['instructions']


def tasks(args):
    """Both nets by each engine in float32 and in fewer bits, and files."""
    def steps(usual):
        return args.steps or max(1, usual // (3 if args.quick else 1))

    return {**engines(args, 'mobilefacenet', args.batch or 32, steps(15), twice=2.0),
            **engines(args, 'iresnet50', args.batch or 16, steps(4)),
            'files': files(args, args.batch or FILES, steps(90)),
            **({'files-bfloat16': files(args, args.batch or FILES, steps(90), 'bfloat16')} if has_bfloat16() else {})}


WORKERS = {'gluonfr': gluonfr_embed, 'torch': torch_embed, 'onnx': onnx_embed, 'weights': write_weights,
           'images': draw_images, 'export': export, 'openvino': openvino_embed, 'quantise': quantise,
           'symbol': write_symbol, 'int8': write_int8, 'jpegs': write_jpegs, 'command': command, 'decode': decode,
           'loop': onnx_files}

if __name__ == '__main__':
    main(__file__, __doc__, tasks, WORKERS, neighbour=False)
