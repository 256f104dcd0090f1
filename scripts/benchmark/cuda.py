"""Embed on an NVIDIA GPU by device='cuda', beside the CPU: the same embeddings, and images a second. It needs no MXNet.

    python scripts/benchmark/cuda.py --save       # and write resources/results/benchmark-cuda.csv

The nets are the MobileFaceNet that comes with gluonfr and, where torch and onnxscript are installed, an IResNet-50 with
random weights as PyTorch's exporter writes it. The images are 64 drawn faces, repeated. 'forward' is `Embedder.forward`
of float arrays, 'whole' a call with 16 times the 64 uint8 images. The best of three rounds of a second counts.
"""
import argparse
import os
import sys
import tempfile
import time

import numpy as np
from bench import ROOT, machine_facts, missing, save
from workers import Contestant

from gluonfr.data import SyntheticFaces
from gluonfr.data.normalize import normalize
from gluonfr.deploy import Embedder

DIFFERENCE = 1e-5


def rate(embed, images):
    """Images a second of the best of three rounds."""
    embed(images)
    best = 0.0
    for _ in range(3):
        calls, begin = 0, time.perf_counter()
        while time.perf_counter() - begin < 1:
            embed(images)
            calls += 1
        best = max(best, calls * len(images) / (time.perf_counter() - begin))
    return round(best)


def iresnet50(path):
    """Write an IResNet-50 of random weights."""
    import torch
    from torch_nets import NETS
    torch.manual_seed(0)
    torch.onnx.export(NETS['iresnet50']().eval(), (torch.zeros(2, 3, 112, 112),), path, input_names=['data'],
                      output_names=['embedding'], dynamo=True, external_data=False, verbose=False,
                      dynamic_shapes=({0: torch.export.Dim('batch')},))
    return path


def measure(title, net, batch, images):
    """The rows of one net: the CPU and the GPU."""
    cpu, gpu = (Embedder(net, engine='onnxruntime', device=device, batch_size=batch) for device in ('cpu', 'cuda'))
    difference = float(np.abs(cpu(images) - gpu(images)).max())
    if not difference <= DIFFERENCE:
        sys.exit('{}: the embeddings must be the same within {:g}, got a difference of {:.2g}.'.format(
            title, DIFFERENCE, difference))
    x, many = np.resize(normalize(images, cpu.spec), (batch,) + cpu.spec.shape), np.concatenate([images] * 16)
    for embedder in (cpu, gpu):
        yield {'net': title, 'batch': batch, 'device': embedder.device, 'forward': rate(embedder.forward, x),
               'whole': rate(embedder, many), 'largest_difference': '{:.2e}'.format(difference)}


def gpu_name():
    """What the driver calls the first GPU."""
    import subprocess
    command = ['nvidia-smi', '--query-gpu=name', '--format=csv,noheader']
    said = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return said.stdout.decode().splitlines()[0]


def main():
    """Measure, print, and write the csv."""
    import onnxruntime
    default = os.path.join(ROOT, 'resources', 'results', 'benchmark-cuda.csv')
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--save', nargs='?', const=default, metavar='CSV')
    args = parser.parse_args()
    faces = SyntheticFaces(64, 1)
    images = np.stack([faces.read(i)[0] for i in range(64)])
    facts = {'gpu': gpu_name(), **machine_facts(), 'versions': 'python {}, onnxruntime {}, numpy {}'.format(
        sys.version.split()[0], onnxruntime.__version__, np.__version__), 'command': 'python scripts/benchmark/cuda.py'}
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        nets = [('mobilefacenet', 'mobilefacenet_drawn', 64), ('mobilefacenet', 'mobilefacenet_drawn', 256)]
        if not missing(Contestant('', '', {}, needs=('torch', 'onnxscript'))):
            nets.append(('iresnet50', iresnet50(os.path.join(folder, 'iresnet50.onnx')), 64))
        for title, net, batch in nets:
            for row in measure(title, net, batch, images):
                print('{net}, batches of {batch}, {device}: {forward:,} images/s by forward, {whole:,} of uint8 '
                      'images, largest difference {largest_difference}'.format(**row), flush=True)
                rows.append({'task': '{net}-{batch}'.format(**row), 'pass': 1, **row, **facts})
    if args.save:
        save(args.save, rows)


if __name__ == '__main__':
    main()
