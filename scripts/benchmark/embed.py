"""Time embedding: gluonfr beside PyTorch and ONNX Runtime, the same net with the same weights.

    python scripts/benchmark/embed.py --quick                 # two short rounds
    python scripts/benchmark/embed.py --save                  # and write resources/results/benchmark-embed.csv
    python scripts/benchmark/embed.py --only latency

What is timed goes from float images (B, 3, 112, 112) that lie in memory to embeddings (B, D) as a NumPy array: that is
gluonfr's `Embedder.forward`, by MXNet; engines.py has its other engines. A further row has the whole of it, `Embedder`
called with uint8 images. PyTorch runs in inference mode with the memory format channels_last; ONNX Runtime runs what
PyTorch's exporter made of the net, with its own optimisations. Both have as many threads as there are cores; for the
latency of one image ONNX Runtime has the number that is fastest.

The weights are gluonfr's random ones with running statistics and PReLU slopes that differ from channel to channel,
copied in their order; the images are drawn faces. The embeddings of all contestants are compared, and the script stops
where a cosine is not above 0.9999. The mean over the batch is taken off before: random nets embed all faces near each
other.
"""
import os

import numpy as np
from bench import BenchError, Contestant, Task, cores, main, missing, once
from peers import export, normalised, onnx_embed, torch_embed

ALIKE = 0.9999
NEEDS = {'torch': ('torch',), 'onnx': ('torch', 'onnx', 'onnxscript', 'onnxruntime')}


def load_net(network, weights=None):
    """The net, with the weights of a file."""
    from gluonfr.model_zoo import get_model
    from mxnet import nd
    net = get_model(network, need_cls_layer=False)
    net.initialize()
    if weights:
        with np.load(weights) as arrays:
            for param, name in zip(net.collect_params().values(), sorted(arrays.files)):
                param.set_data(nd.array(arrays[name]))
    net.hybridize(static_alloc=True, static_shape=True)
    return net


def write_weights(link, network, path):
    """Save random weights, in their order: a worker that only prepares."""
    import gluonfr  # noqa: F401  (before mxnet)
    import mxnet as mx
    mx.random.seed(0)
    random = np.random.RandomState(0)
    ranges = {'running_mean': (-0.1, 0.1), 'running_var': (0.5, 1.5), 'gamma': (0.5, 1.5), 'beta': (-0.1, 0.1),
              'alpha': (0.1, 0.4)}
    arrays = {}
    for param in load_net(network).collect_params().values():
        array = param.data().asnumpy()
        found = next((ranges[end] for end in ranges if param.name.endswith(end)), None)
        if found and not (param.name.endswith('gamma') and param.grad_req == 'null'):  # that one stays 1
            array = random.uniform(*found, array.shape).astype('float32')
        arrays['{:05}'.format(len(arrays))] = array
    with open(path, 'wb') as file:
        np.savez(file, **arrays)
    link.rounds(lambda: None, 1)


def draw_images(link, count, path):
    """Save drawn faces, uint8 (count, 112, 112, 3): a worker that only prepares."""
    from gluonfr.data import SyntheticFaces
    faces = SyntheticFaces(count, 1)
    images = np.stack([faces.read(i)[0] for i in range(count)])
    with open(path, 'wb') as file:
        np.save(file, images)
    link.rounds(lambda: None, 1)


def gluonfr_embed(link, batch, steps, inputs, outputs, network=None, weights=None, source=None, whole=False,
                  precision='float32', engine=None):
    """`Embedder` from float images, or from uint8 ones: `steps` batches in one call."""
    import gluonfr
    import mxnet as mx
    embedder = gluonfr.deploy.Embedder(source or load_net(network, weights), batch_size=batch, normalize=False,
                                       precision=precision, engine=engine,
                                       calibration=np.load(inputs) if precision == 'int8' else None)
    if whole:
        images = np.concatenate([np.load(inputs)] * steps)
        np.save(outputs, embedder(images)[:batch])
        calls, step = 1, lambda: embedder(images)
    else:
        x = normalised(inputs)
        embedder.forward(x)
        np.save(outputs, embedder.forward(x))
        calls, step = steps, lambda: embedder.forward(x)
    link.rounds(step, calls, (gluonfr, mx, np), outputs=outputs,
                threads='{} ({})'.format(os.environ['OMP_NUM_THREADS'], embedder.engine) if engine else
                os.environ['OMP_NUM_THREADS'])


def same_embeddings(infos):
    """Check that all contestants computed the same."""
    def unit(rows):
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    embeddings = {name: unit(np.load(info['outputs']).astype('float64')) for name, info in infos.items()}
    names = list(embeddings)
    for name in names:
        if len(embeddings[name]) > 1:
            embeddings[name] = unit(embeddings[name] - embeddings[name].mean(axis=0))
    for name in names[1:]:
        worst = (embeddings[names[0]] * embeddings[name]).sum(axis=1).min()
        if not worst > ALIKE:
            raise BenchError('the embeddings of {!r} and {!r} must be the same, got a cosine of {:.6f}.'.format(
                names[0], name, worst))
        print('  the embeddings of {!r} and {!r} are the same: 1 - cosine is {:.1e} at most'.format(
            names[0], name, 1 - worst))


def task(args, title, network, batch, steps, latency=False, goals=(None, None)):
    """One net at one size of batch; what it reads lies in the work folder and is made where it is not there."""
    def path(name):
        return os.path.join(args.work, name)

    weights, model, images = path(network + '.npz'), path(network + '.onnx'), path('faces-{}.npy'.format(batch))

    def make(target, worker, **settings):
        if not os.path.exists(target):
            once(__file__, worker, path=target + '.part', **settings)
            os.replace(target + '.part', target)

    def prepare():
        make(weights, 'weights', network=network)
        make(images, 'images', count=batch)
        if onnx:
            make(model, 'export', network=network, weights=weights)

    def settings(name, **more):
        return dict({'steps': steps, 'inputs': images, 'outputs': path(title + '-' + name + '.npy')}, **more)

    ours = dict(network=network, weights=weights, batch=batch)
    theirs = dict(network=network, weights=weights, cores=cores())
    listed = [Contestant('gluonfr', 'gluonfr', settings('gluonfr', **ours)),
              Contestant('PyTorch, channels_last', 'torch', settings('torch', **theirs), goal=goals[0],
                         needs=NEEDS['torch']),
              Contestant('ONNX Runtime, fastest threads' if latency else 'ONNX Runtime', 'onnx',
                         settings('onnx', path=model, cores=cores(), best_threads=latency),
                         'time' if latency else 'speed', goals[1], needs=NEEDS['onnx']),
              Contestant('gluonfr, from uint8 images', 'gluonfr', settings('whole', whole=True, **ours))]
    if latency:
        listed[3] = Contestant('gluonfr, 1 thread', 'gluonfr', settings('single', **ours),
                               environ={'OMP_NUM_THREADS': '1'})
    onnx = not missing(listed[2])
    words = 'latency of one image, {}' if latency else 'embed batches of {1} images, {0}'
    return Task(words.format(network, batch), batch, listed, prepare=prepare, check=same_embeddings)


def precisions(args, network, batch, steps):
    """float32 beside bfloat16 and int8; the random weights say nothing about how exact these are."""
    listed = task(args, network, network, batch, steps)
    settings = dict(listed.contestants[0].settings, outputs=os.path.join(args.work, 'precision.npy'))
    return listed._replace(
        title='embed batches of {1} images, {0}, in fewer bits'.format(network, batch), check=None,
        contestants=[Contestant('gluonfr, float32', 'gluonfr', settings)] + [
            Contestant('gluonfr, ' + name, 'gluonfr', dict(settings, precision=name), 'itself')
            for name in ('bfloat16', 'int8')])


def tasks(args):
    """Two nets by the batch, the latency of one image, and both nets in fewer bits."""
    def steps(usual):
        return args.steps or max(1, usual // (3 if args.quick else 1))

    return {'mobilefacenet': task(args, 'mobilefacenet', 'mobilefacenet', args.batch or 32, steps(15),
                                  goals=(1.2, 2.0)),
            'iresnet50': task(args, 'iresnet50', 'iresnet50', args.batch or 16, steps(4), goals=(1.0, 1.0)),
            'latency': task(args, 'latency', 'mobilefacenet', 1, steps(150), latency=True, goals=(None, 0.75)),
            'mobilefacenet-bits': precisions(args, 'mobilefacenet', args.batch or 32, steps(15)),
            'iresnet50-bits': precisions(args, 'iresnet50', args.batch or 16, steps(4))}


WORKERS = {'gluonfr': gluonfr_embed, 'torch': torch_embed, 'onnx': onnx_embed, 'weights': write_weights,
           'images': draw_images, 'export': export}

if __name__ == '__main__':
    main(__file__, __doc__, tasks, WORKERS)
