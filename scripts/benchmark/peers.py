"""The contestants that gluonfr is measured against: PyTorch, ONNX Runtime, OpenVINO, and Gluon's own PReLU.

Each function runs in a worker of its own and imports what it needs there.
"""
import os
import time

import numpy as np

__all__ = ['export', 'half_the_processors', 'normalised', 'onnx_embed', 'onnx_files', 'openvino_embed', 'quantise',
           'torch_embed', 'torch_train', 'training_batch', 'with_gluon_prelu']

CLASSES = 1000
SGD = {'lr': 0.01, 'momentum': 0.9, 'weight_decay': 5e-4}
THREADS_TRIED = (1, 2, 4, 8, 16, 32, 64)


def training_batch(batch):
    """Images (B, 3, 112, 112) in [-1, 1) and labels (B,), the same for all."""
    random = np.random.RandomState(0)
    return random.uniform(-1, 1, (batch, 3, 112, 112)).astype('float32'), random.randint(0, CLASSES, batch)


def normalised(path):
    """The images (B, 112, 112, 3) of a file as float32 (B, 3, 112, 112) in [-1, 1]."""
    return np.ascontiguousarray((np.load(path).transpose(0, 3, 1, 2).astype('float32') - 127.5) / 127.5)


def torch_train(link, network, batch, steps, cores, channels_last=True, bfloat16=False):
    """The step of a plain PyTorch training loop: ArcFace over 1,000 classes, SGD; the net in autocast to bfloat16."""
    import torch
    from torch_nets import NETS, ArcFace, learned
    torch.set_num_threads(cores)
    torch.manual_seed(0)
    layout = torch.channels_last if channels_last else torch.contiguous_format
    net = NETS[network]().to(memory_format=layout).train()
    loss_of = ArcFace(CLASSES, net.embedding_size)
    values = [value for module in (net, loss_of) for value in module.parameters() if value.requires_grad]
    optimizer = torch.optim.SGD(values, **SGD, fused=True)
    x, label = map(torch.from_numpy, training_batch(batch))
    x = x.contiguous(memory_format=layout)

    def step():
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast('cpu', torch.bfloat16, enabled=bfloat16):
            embedding = net(x)
        loss = loss_of(embedding.float(), label)
        loss.backward()
        optimizer.step()
        if not torch.isfinite(loss):
            raise FloatingPointError('the loss is {}'.format(loss.item()))

    for _ in range(2):
        step()
    link.rounds(step, steps, (torch, np), threads=torch.get_num_threads(), learned=learned(net, loss_of))


def load_torch_net(network, weights):
    """The net for inference with gluonfr's weights."""
    import torch
    from torch_nets import NETS, copy_weights
    net = NETS[network]().eval()
    with np.load(weights) as arrays:
        copy_weights(net, [arrays[name] for name in sorted(arrays.files)])
    return net.to(memory_format=torch.channels_last)


def torch_embed(link, network, steps, cores, weights, inputs, outputs, bfloat16=False, compiled=False):
    """Inference on a float batch that lies ready."""
    import torch
    torch.set_num_threads(cores)
    net = load_torch_net(network, weights)
    if compiled:
        net = torch.compile(net)
    x = torch.from_numpy(normalised(inputs)).contiguous(memory_format=torch.channels_last)

    @torch.inference_mode()
    def step():
        with torch.autocast('cpu', torch.bfloat16, enabled=bfloat16):
            return net(x).float().numpy()

    for _ in range(2):
        step()
    np.save(outputs, step())
    link.rounds(step, steps, (torch, np), threads=cores, outputs=outputs)


def export(link, network, weights, path):
    """Write the net as ONNX with a batch of any size, by PyTorch's exporter."""
    import torch
    net = load_torch_net(network, weights).to(memory_format=torch.contiguous_format)
    torch.onnx.export(net, (torch.zeros(2, 3, 112, 112),), path, input_names=['data'], output_names=['embedding'],
                      dynamo=True, dynamic_shapes=({0: torch.export.Dim('batch')},), external_data=False,
                      verbose=False)
    link.rounds(lambda: None, 1)


def onnx_embed(link, path, steps, cores, inputs, outputs, best_threads=False):
    """The same by ONNX Runtime, on all cores or with the number of threads that is fastest here."""
    import onnxruntime
    x = normalised(inputs)

    def session_step(threads):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        session = onnxruntime.InferenceSession(path, options, providers=['CPUExecutionProvider'])
        return lambda: session.run(None, {'data': x})[0]

    tried = {}
    if best_threads:
        for threads in sorted({n for n in THREADS_TRIED if n < cores} | {cores}):
            tried[threads] = fastest(session_step(threads))
    threads = min(tried, key=tried.get) if tried else cores
    step = session_step(threads)
    step()
    np.save(outputs, step())
    link.rounds(step, steps, (onnxruntime, np), threads=threads, outputs=outputs)


def onnx_files(link, path, folder, batch, steps, cores, outputs):
    """From JPEG files to a file of embeddings, as one would write it: OpenCV and ONNX Runtime, a batch at a time."""
    import cv2
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = cores
    session = onnxruntime.InferenceSession(path, options, providers=['CPUExecutionProvider'])
    paths = sorted(os.path.join(place, name) for place, _, names in os.walk(folder) for name in names)

    def step():
        rows = []
        for begin in range(0, len(paths), batch):
            images = np.stack([cv2.imread(one)[:, :, ::-1].transpose(2, 0, 1) for one in paths[begin:begin + batch]])
            rows.append(session.run(None, {'data': (images.astype('float32') - 127.5) / 127.5})[0])
        np.save(outputs + '.all.npy', np.concatenate(rows))

    step()
    np.save(outputs, np.load(outputs + '.all.npy')[:batch])
    link.rounds(step, 1, (onnxruntime, np, cv2), threads=cores, outputs=outputs)


def quantise(link, source, path, inputs):
    """Write an ONNX model in 8 bits by ONNX Runtime's own tool, QDQ form, a scale for each channel of the weights."""
    from onnxruntime import quantization
    from onnxruntime.quantization.shape_inference import quant_pre_process
    images = normalised(inputs)

    class Reader(quantization.CalibrationDataReader):
        left = [{'data': image[None]} for image in images]

        def get_next(self):
            return self.left.pop() if self.left else None

    quant_pre_process(source, path + '.whole', skip_symbolic_shape=True)
    quantization.quantize_static(path + '.whole', path, Reader(), per_channel=True)
    os.remove(path + '.whole')
    link.rounds(lambda: None, 1)


def openvino_embed(link, path, steps, cores, inputs, outputs, hint='THROUGHPUT', precision=None):
    """The same by OpenVINO: an image a request, as many as it thinks right, or with 'LATENCY' the batch in one.

    `precision` is 'f32', 'bf16', or None for its own choice, which is bfloat16 where the processor has AMX.
    """
    import openvino
    x, core = normalised(inputs), openvino.Core()
    model, single = core.read_model(path), hint == 'THROUGHPUT'
    model.reshape([1 if single else len(x), *x.shape[1:]])
    settings = {'PERFORMANCE_HINT': hint, 'INFERENCE_NUM_THREADS': cores}
    if precision:
        settings['INFERENCE_PRECISION_HINT'] = precision
    compiled = core.compile_model(model, 'CPU', settings)
    if single:
        queue = openvino.AsyncInferQueue(compiled)
        rows = np.empty((len(x), compiled.output(0).shape[1]), 'float32')
        queue.set_callback(lambda request, i: np.copyto(rows[i], request.get_output_tensor(0).data[0]))

        def step():
            for i in range(len(x)):
                queue.start_async({0: x[i:i + 1]}, i, share_inputs=True)
            queue.wait_all()
            return rows
    else:
        request = compiled.create_infer_request()

        def step():
            return request.infer({0: x}, share_inputs=True)[0]

    step()
    np.save(outputs, step())
    kind = compiled.get_property('INFERENCE_PRECISION_HINT').get_type_name()
    link.rounds(step, steps, (openvino, np), threads='{} ({})'.format(cores, kind), outputs=outputs)


def fastest(step, times=30):
    """Seconds of the fastest of some calls."""
    seconds = []
    for _ in range(times):
        begin = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - begin)
    return min(seconds[3:])


def with_gluon_prelu(make):
    """The net that make() builds, with Gluon's PReLU, MXNet's own operator, in place of gluonfr's."""
    import gluonfr
    from gluonfr.model_zoo import iresnet, mobile_facenet
    from mxnet.gluon import nn

    def prelu(channels=1, in_channels=0, spatial=True, **kwargs):
        return nn.PReLU(in_channels=channels, **kwargs)

    def refuse(block):
        if isinstance(block, gluonfr.nn.PReLU):
            raise TypeError("the net must have Gluon's PReLU everywhere, got {!r}.".format(block))

    iresnet.PReLU = mobile_facenet.PReLU = prelu
    net = make()
    net.apply(refuse)
    return net


def half_the_processors(processors):
    """The environment that gives what MXNet takes where nobody tells it: gluonfr sets only what is not set."""
    return {'OMP_NUM_THREADS': str(max(1, processors // 2)), 'GOMP_SPINCOUNT': '300000'}
