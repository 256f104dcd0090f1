"""PyTorch nets with the names that InsightFace's arcface_torch gives its layers, and random weights for them."""
import json

import torch
from torch import nn


def norm_conv(*args, **kwargs):
    return nn.Conv2d(*args, bias=False, **kwargs)


class Unit(nn.Module):
    """BN-conv-BN-PReLU-conv-BN around a shortcut."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.bn1, self.conv1 = nn.BatchNorm2d(inputs), norm_conv(inputs, outputs, 3, padding=1)
        self.bn2, self.prelu = nn.BatchNorm2d(outputs), nn.PReLU(outputs)
        self.conv2 = norm_conv(outputs, outputs, 3, stride, 1)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.downsample = None
        if stride > 1:
            self.downsample = nn.Sequential(norm_conv(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = self.bn3(self.conv2(self.prelu(self.bn2(self.conv1(self.bn1(x))))))
        return y + (x if self.downsample is None else self.downsample(x))


class IResNet(nn.Module):
    def __init__(self, units, embedding_size=512, side=112):
        super().__init__()
        self.conv1, self.bn1, self.prelu = norm_conv(3, 64, 3, padding=1), nn.BatchNorm2d(64), nn.PReLU(64)
        before = 64
        for stage, count in enumerate(units, 1):
            width = 32 << stage
            setattr(self, 'layer{}'.format(stage), nn.Sequential(
                *[Unit(width if i else before, width, 1 if i else 2) for i in range(count)]))
            before = width
        self.bn2 = nn.BatchNorm2d(512)
        self.fc = nn.Linear(512 * (side // 16) ** 2, embedding_size)
        self.features = nn.BatchNorm1d(embedding_size)

    def forward(self, x):
        x = self.prelu(self.bn1(self.conv1(x)))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.features(self.fc(torch.flatten(self.bn2(x), 1)))


class Excitation(nn.Module):
    """Squeeze-and-excitation of the IR-SE nets: a ReLU, and no biases."""

    def __init__(self, width):
        super().__init__()
        self.fc1, self.fc2 = norm_conv(width, width // 16, 1), norm_conv(width // 16, width, 1)

    def forward(self, x):
        gate = self.fc2(torch.relu(self.fc1(x.mean((2, 3), keepdim=True))))
        return x * torch.sigmoid(gate)


class IrUnit(nn.Module):
    def __init__(self, inputs, outputs, stride, adaface, se):
        super().__init__()
        middle = [nn.BatchNorm2d(outputs)] if adaface else []
        self.res_layer = nn.Sequential(nn.BatchNorm2d(inputs), norm_conv(inputs, outputs, 3, 1, 1), *middle,
                                       nn.PReLU(outputs), norm_conv(outputs, outputs, 3, stride, 1),
                                       nn.BatchNorm2d(outputs))
        if se:
            self.res_layer.add_module('se_block' if adaface else str(len(self.res_layer)), Excitation(outputs))
        self.shortcut_layer = nn.MaxPool2d(1, stride) if inputs == outputs else nn.Sequential(
            norm_conv(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs))

    def forward(self, x):
        return self.res_layer(x) + self.shortcut_layer(x)


class IrNet(nn.Module):
    """The IR net of AdaFace, which gives (embedding of length 1, its length before), or of face.evoLVe and TreB1eN."""

    def __init__(self, units, adaface=False, se=False, embedding_size=512, side=112):
        super().__init__()
        self.adaface = adaface
        self.input_layer = nn.Sequential(norm_conv(3, 64, 3, 1, 1), nn.BatchNorm2d(64), nn.PReLU(64))
        widths = [64] + [32 << stage for stage, count in enumerate(units, 1) for _ in range(count)]
        self.body = nn.Sequential(*[IrUnit(before, width, 2 if i in self.starts(units) else 1, adaface, se)
                                    for i, (before, width) in enumerate(zip(widths, widths[1:]))])
        self.output_layer = nn.Sequential(
            nn.BatchNorm2d(512), nn.Dropout(0.4), nn.Flatten(), nn.Linear(512 * (side // 16) ** 2, embedding_size),
            nn.BatchNorm1d(embedding_size, affine=not adaface))

    @staticmethod
    def starts(units):
        return [sum(units[:stage]) for stage in range(4)]

    def forward(self, x):
        x = self.output_layer(self.body(self.input_layer(x)))
        if not self.adaface:
            return x
        length = torch.norm(x, 2, 1, True)
        return torch.div(x, length), length


class Layers(nn.Module):
    """Modules in a row under the name `layers`, perhaps around an identity."""

    def __init__(self, *layers, residual=False):
        super().__init__()
        self.layers = nn.Sequential(*layers)
        self.residual = residual

    def forward(self, x):
        y = self.layers(x)
        return x + y if self.residual else y


def conv(inputs, outputs, *args, prelu=True, **kwargs):
    layers = [norm_conv(inputs, outputs, *args, **kwargs), nn.BatchNorm2d(outputs)]
    return Layers(*layers + [nn.PReLU(outputs)] * prelu)


def bottleneck(inputs, hidden, outputs, stride, residual=False):
    return Layers(conv(inputs, hidden, 1), conv(hidden, hidden, 3, stride, 1, groups=hidden),
                  conv(hidden, outputs, 1, prelu=False), residual=residual)


class MobileFaceNet(nn.Module):
    def __init__(self, blocks=(1, 4, 6, 2), scale=2, embedding_size=512, side=112):
        super().__init__()
        width = 64 * scale
        layers = [conv(3, width, 3, 2, 1)]
        layers.append(conv(width, width, 3, 1, 1, groups=64) if blocks[0] == 1 else
                      Layers(*[bottleneck(width, 128, width, 1, True) for _ in range(blocks[0])]))
        for count, first, hidden, outputs in zip(blocks[1:], (128, 256, 512), (128, 256, 256), (64, 128, 128)):
            layers.append(bottleneck(width, first, outputs * scale, 2))
            width = outputs * scale
            layers.append(Layers(*[bottleneck(width, hidden, width, 1, True) for _ in range(count)]))
        self.layers = nn.ModuleList(layers)
        self.conv_sep = conv(width, 512, 1)
        self.features = Layers(conv(512, 512, side // 16, groups=512, prelu=False), nn.Flatten(),
                               nn.Linear(512, embedding_size, bias=False), nn.BatchNorm1d(embedding_size))

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return self.features(self.conv_sep(x))


def write_safetensors(path, state, header=None):
    """A state dict as the package safetensors writes it; `header` in place of the right one."""
    kinds = {torch.float32: 'F32', torch.float16: 'F16', torch.bfloat16: 'BF16', torch.int64: 'I64',
             torch.float64: 'F64'}
    entries, data = {'__metadata__': {'format': 'pt'}}, b''
    for name, value in state.items():
        part = value.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()
        entries[name] = {'dtype': kinds[value.dtype], 'shape': list(value.shape),
                         'data_offsets': [len(data), len(data) + len(part)]}
        data += part
    text = json.dumps(entries).encode() if header is None else header
    path.write_bytes(len(text).to_bytes(8, 'little') + text + data)
    return str(path)


def randomised(net, seed=0):
    """The net in inference with weights, slopes and running statistics that are all different."""
    generator = torch.Generator().manual_seed(seed)

    def uniform(value, low, high):
        with torch.no_grad():
            value.copy_(torch.rand(value.shape, generator=generator) * (high - low) + low)

    for module in net.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            bound = (3 / module.weight[0].numel()) ** 0.5
            uniform(module.weight, -bound, bound)
            if module.bias is not None:
                uniform(module.bias, -0.1, 0.1)
        elif isinstance(module, nn.PReLU):
            uniform(module.weight, -0.1, 0.5)
        elif isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            if module.affine:
                uniform(module.weight, 0.6, 1.4)
                uniform(module.bias, -0.2, 0.2)
            uniform(module.running_mean, -0.2, 0.2)
            uniform(module.running_var, 0.3, 1.5)
    if isinstance(net, IResNet):
        nn.init.ones_(net.features.weight)
    return net.eval()
