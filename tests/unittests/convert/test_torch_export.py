"""gluonfr.convert: what PyTorch's two exporters make of InsightFace's architectures."""
import json
import logging

import numpy as np
import pytest
from deploy_cases import images

from gluonfr.convert import convert
from gluonfr.data.normalize import normalize
from gluonfr.deploy import Embedder, load_net

torch = pytest.importorskip('torch', reason='pip install torch')
for package in ('onnx', 'onnxruntime', 'onnxscript'):
    pytest.importorskip(package, reason='pip install ' + package)
from torch_cases import IrNet  # noqa: E402

nn = torch.nn
pytestmark = pytest.mark.filterwarnings('ignore:::torch', 'ignore:You are using the legacy', 'ignore:.*LeafSpec')


class Unit(nn.Module):
    """arcface_torch's: BN-conv-BN-PReLU-conv-BN and a shortcut."""

    def __init__(self, before, channels, stride):
        super().__init__()
        self.body = nn.Sequential(nn.BatchNorm2d(before), nn.Conv2d(before, channels, 3, 1, 1, bias=False),
                                  nn.BatchNorm2d(channels), nn.PReLU(channels),
                                  nn.Conv2d(channels, channels, 3, stride, 1, bias=False), nn.BatchNorm2d(channels))
        self.shortcut = nn.Identity()
        if stride > 1:
            self.shortcut = nn.Sequential(nn.Conv2d(before, channels, 1, stride, bias=False), nn.BatchNorm2d(channels))

    def forward(self, x):
        return self.body(x) + self.shortcut(x)


class IResNet(nn.Module):
    def __init__(self, units=(1, 2, 1, 1), dimension=32, size=32):
        super().__init__()
        layers, before = [nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64), nn.PReLU(64)], 64
        for count, channels in zip(units, (64, 128, 256, 512)):
            for i in range(count):
                layers.append(Unit(before, channels, 1 if i else 2))
                before = channels
        self.body = nn.Sequential(*layers, nn.BatchNorm2d(512), nn.Dropout(0.4))
        self.fc, self.last = nn.Linear(512 * (size // 16) ** 2, dimension), nn.BatchNorm1d(dimension)
        self.last.weight.requires_grad_(False)

    def forward(self, x):
        return self.last(self.fc(torch.flatten(self.body(x), 1)))


class Mobile(nn.Module):
    """arcface_torch's 'mbf': scale 2, a first depthwise layer of 64 groups, a head without bias."""

    def __init__(self, blocks=(1, 1, 1, 1), scale=2, dimension=32, size=32):
        super().__init__()

        def conv(before, channels, kernel=1, stride=1, pad=0, groups=1, act=True):
            layers = [nn.Conv2d(before, channels, kernel, stride, pad, groups=groups, bias=False),
                      nn.BatchNorm2d(channels)]
            return nn.Sequential(*layers, *([nn.PReLU(channels)] if act else []))

        def unit(before, hidden, channels, stride):
            return nn.Sequential(conv(before, hidden), conv(hidden, hidden, 3, stride, 1, hidden),
                                 conv(hidden, channels, act=False))

        width = 64 * scale
        self.parts = nn.ModuleList([conv(3, width, 3, 2, 1), conv(width, width, 3, 1, 1, 64)])
        self.residual = [False, False]
        for count, (hidden, residual, channels) in zip(blocks[1:], ((128, 128, 64), (256, 256, 128), (512, 256, 128))):
            self.parts.append(unit(width, hidden, channels * scale, 2))
            width = channels * scale
            self.parts.extend(unit(width, residual, width, 1) for _ in range(count))
            self.residual += [False] + [True] * count
        self.parts.extend([conv(width, 512), conv(512, 512, size // 16, groups=512, act=False)])
        self.residual += [False, False]
        self.fc, self.last = nn.Linear(512, dimension, bias=False), nn.BatchNorm1d(dimension)

    def forward(self, x):
        for part, residual in zip(self.parts, self.residual):
            x = x + part(x) if residual else part(x)
        return self.last(self.fc(x.view(x.size(0), -1)))


def random_module(module):
    """In inference, with random weights and running statistics."""
    torch.manual_seed(0)
    with torch.no_grad():
        for part in module.modules():
            if isinstance(part, (nn.BatchNorm1d, nn.BatchNorm2d)):
                part.running_mean.normal_(0, 0.2)
                part.running_var.uniform_(0.5, 2)
                part.bias.normal_(0, 0.2)
                if part.weight.requires_grad:
                    part.weight.uniform_(0.5, 1.5)
            elif isinstance(part, nn.PReLU):
                part.weight.uniform_(0.1, 0.4)
    return module.eval()


MODULES = {'iresnet': (IResNet, 'iresnet50', {'units': [1, 2, 1, 1], 'epsilon': 1e-5}),
           'mbf': (Mobile, 'mbf', {'blocks': [1, 1, 1, 1]}),
           'evolve se': (lambda: IrNet((1, 2, 1, 1), False, True, 32, 32), 'iresnet50',
                         {'units': [1, 2, 1, 1], 'epsilon': 1e-5, 'middle_norm': False, 'subsample': True,
                          'use_se': True})}
OLD = [(11, False), (12, True), (14, False), (17, True), (20, False)]


def check(tmp_path, kind, module):
    with open(convert(str(tmp_path / 'net.onnx'), str(tmp_path / 'net')), encoding='utf-8') as stream:
        card = json.load(stream)
    _, model, arguments = MODULES[kind]
    assert card['model'] == model and 'as_it_is' not in card and card['unused'] == []
    assert card['arguments'] == dict(arguments, embedding_size=32, input_size=[32, 32])
    assert card['parity']['max_abs_diff'] < 1e-5
    net, data = load_net(str(tmp_path / 'net')), images(3, 32)
    with torch.no_grad():
        want = module(torch.from_numpy(normalize(data, net.input_spec))).numpy()
    np.testing.assert_allclose(Embedder(net, normalize=False)(data), want, atol=1e-4 * np.abs(want).max())
    return card


@pytest.mark.parametrize('kind, opset, keep', [('mbf',) + case for case in OLD] + [
    ('iresnet',) + OLD[0], ('iresnet',) + OLD[3], ('evolve se',) + OLD[3]])
def test_the_exporter_by_tracing(tmp_path, kind, opset, keep):
    module = random_module(MODULES[kind][0]())
    torch.onnx.export(module, (torch.zeros(1, 3, 32, 32),), str(tmp_path / 'net.onnx'), dynamo=False,
                      opset_version=opset, input_names=['x'], dynamic_axes={'x': {0: 'batch'}},
                      training=torch.onnx.TrainingMode.PRESERVE if keep else torch.onnx.TrainingMode.EVAL)
    assert ('statistics' in check(tmp_path, kind, module)) != keep  # else the BatchNorms were folded


@pytest.mark.parametrize('kind, opset, optimize', [('iresnet', 18, True), ('mbf', 20, False), ('evolve se', 18, True)])
def test_the_exporter_by_dynamo(tmp_path, kind, opset, optimize):
    logging.getLogger('torch').setLevel(logging.ERROR)
    module = random_module(MODULES[kind][0]())
    torch.onnx.export(module, (torch.zeros(1, 3, 32, 32),), str(tmp_path / 'net.onnx'), dynamo=True,
                      opset_version=opset, optimize=optimize, verbose=False)
    assert ('statistics' in check(tmp_path, kind, module)) == optimize
