"""Convert nets of every kind and note how far the converted net is from its source.

    python scripts/convert_parity.py
    python scripts/convert_parity.py --symbol DIR/model-symbol.json --images DIR/people

Rows go to resources/results/convert-parity.csv: the largest difference of any value of two embeddings of length 1, on
noise, drawn faces and the images given. Without --symbol, the architectures of InsightFace's published ONNX files are
built in PyTorch with random weights and running statistics and exported by PyTorch, which folds BatchNorms into
convolutions (needs torch, onnx and onnxruntime).
"""
import argparse
import json
import os
import shlex
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [ROOT, os.path.join(ROOT, 'scripts', 'benchmark')]

import gluonfr  # noqa: E402, F401  (first: it makes MXNet import well)
from gluonfr.convert import convert  # noqa: E402
from gluonfr.utils.rows import append_row  # noqa: E402

RESULTS = os.path.join(ROOT, 'resources', 'results', 'convert-parity.csv')


def main():
    """Convert, print, append the rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--symbol', metavar='FILE', help="a published net's -symbol.json, its .params beside it")
    parser.add_argument('--images', metavar='DIR', help='aligned faces to compare on, too')
    parser.add_argument('--csv', default=RESULTS, metavar='FILE')
    args = parser.parse_args()
    command = 'python scripts/convert_parity.py ' + shlex.join(
        os.path.basename(word.rstrip('/')) if os.sep in word else word for word in sys.argv[1:])
    with tempfile.TemporaryDirectory() as folder:
        if args.symbol:
            sources = [('MXNet symbol, published weights', args.symbol)]
        else:
            sources = [('ONNX by PyTorch, the architecture of {}, random weights'.format(name),
                        exported(module, os.path.join(folder, name + '.onnx'))) for name, module in architectures()]
        for i, (source, path) in enumerate(sources):
            with open(convert(path, os.path.join(folder, str(i)), images=args.images), encoding='utf-8') as stream:
                card = json.load(stream)
            arguments = ' '.join('{}={}'.format(*item) for item in sorted(card['arguments'].items()))
            row = {'source': source, 'net': ' '.join([card['model'], arguments]).strip(),
                   'images': ', '.join(card['parity']['images']),
                   'max_abs_diff': '{:.2g}'.format(card['parity']['max_abs_diff']), 'command': command.strip()}
            append_row(args.csv, row)
            print('{source}: {net}, {max_abs_diff} on {images}'.format(**row))


def architectures():
    """(name of a published file, a function that makes its net in PyTorch)."""
    from torch_nets import IResNet, MobileFaceNet
    return [('w600k_mbf', lambda: MobileFaceNet(512, 2)), ('w600k_r50', lambda: IResNet((3, 4, 14, 3))),
            ('glintr100', lambda: IResNet((3, 13, 30, 3)))]


def exported(make, path):
    """Write a net with random values as ONNX; returns the path."""
    import torch
    torch.manual_seed(0)
    module = make()
    with torch.no_grad():
        for name, value in module.state_dict().items():
            if name.endswith('running_mean'):
                value.uniform_(-0.1, 0.1)
            elif name.endswith('running_var'):
                value.uniform_(0.5, 1.5)
            elif value.dim() == 1 and name.endswith('weight') and (value == 0.25).all():  # slopes of a PReLU
                value.uniform_(0.1, 0.4)
    torch.onnx.export(module.eval(), (torch.zeros(1, 3, 112, 112),), path, dynamo=False, opset_version=11,
                      input_names=['input.1'], dynamic_axes={'input.1': {0: 'None'}})
    return path


if __name__ == '__main__':
    main()
