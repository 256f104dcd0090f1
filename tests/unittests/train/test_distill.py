"""Distillation from a teacher."""
import mxnet as mx
import numpy as np
import pytest
from mxnet import autograd, gluon, nd
from train_cases import (FEATURES, SIZE, arrays, assert_close, assert_identical, dense_net, train, values)

from gluonfr.convert import to_onnx
from gluonfr.data import SyntheticFaces
from gluonfr.data.input_spec import InputSpec
from gluonfr.data.normalize import normalize
from gluonfr.deploy import Embedder, load_net
from gluonfr.train import Callback, Checkpoint, LogLine, StepCSV, teacher_of
from gluonfr.train.distill import convert, distance
from gluonfr.utils.rows import read_rows

TWO = [mx.cpu(0), mx.cpu(1)]


def unit(x):
    return x / np.sqrt((x ** 2).sum(axis=1, keepdims=True))


def reference(x, t):
    """Plain loops."""
    x, t = unit(x), unit(t)
    if x.shape == t.shape:
        return np.array([1 - a @ b for a, b in zip(x, t)])
    count = len(x)
    return np.array([sum((x[i] @ x[j] - t[i] @ t[j]) ** 2 for j in range(count) if j != i) / max(count - 1, 1)
                     for i in range(count)])


@pytest.mark.parametrize('count, width, teaching', [(5, 4, 4), (1, 4, 4), (5, 4, 7), (6, 7, 3), (2, 4, 5), (1, 4, 5)])
def test_values_and_gradients_are_those_of_numpy(count, width, teaching):
    random = np.random.RandomState(0)
    x, t, weights = random.randn(count, width), random.randn(count, teaching), random.rand(count)
    embedding = nd.array(x, dtype='float64')
    embedding.attach_grad()
    with autograd.record():
        value = distance(embedding, nd.array(t, dtype='float64'))
    value.backward(nd.array(weights, dtype='float64'))
    np.testing.assert_allclose(value.asnumpy(), reference(x, t), rtol=1e-9, atol=1e-12)
    numeric, step = np.zeros_like(x), 1e-6
    for index in np.ndindex(x.shape):
        moved = [x.copy(), x.copy()]
        moved[0][index] += step
        moved[1][index] -= step
        numeric[index] = weights @ (reference(moved[0], t) - reference(moved[1], t)) / (2 * step)
    np.testing.assert_allclose(embedding.grad.asnumpy(), numeric, rtol=1e-6, atol=1e-8)


def test_an_embedding_of_zeros_has_a_finite_gradient():
    for width in (3, 5):
        x = nd.zeros((2, 3))
        x.attach_grad()
        with autograd.record():
            value = distance(x, nd.ones((2, width)))
        value.backward()
        assert np.isfinite(x.grad.asnumpy()).all() and np.isfinite(value.asnumpy()).all()


class Teacher:
    """tanh of a product, in NumPy or NDArrays; it keeps what it has seen."""

    def __init__(self, width, numpy=False):
        self.weight = np.random.RandomState(9).randn(FEATURES, width).astype('float32')
        self.numpy, self.seen = numpy, []

    def __call__(self, x):
        self.seen.append(x)
        out = np.tanh(x.asnumpy() @ self.weight)
        return out if self.numpy else nd.array(out, ctx=x.context)


class Linear(gluon.loss.Loss):
    inputs = ('embedding',)

    def hybrid_forward(self, F, embedding):
        return F.sum(F.square(embedding), axis=1)


@pytest.mark.parametrize('width', [SIZE, 5])
def test_a_step_is_that_of_loss_and_distance(width):
    """W x, one step of SGD on mean |Wx|^2 + 3 distance, its gradient in NumPy."""
    weight = np.random.RandomState(2).randn(SIZE, FEATURES)
    net = gluon.nn.Dense(SIZE, use_bias=False, in_units=FEATURES)
    net.initialize()
    net.weight.set_data(nd.array(weight))
    x, label = arrays(12)
    teacher = Teacher(width)
    state = train(net, Linear(None, 0), [(nd.array(x), nd.array(label))], head=None, epochs=1, teacher=teacher,
                  distill=3.0, optimizer_params={'learning_rate': 0.01})
    target = teacher(nd.array(x)).asnumpy()

    def total(weight):
        embedding = x.astype('float64') @ weight.T
        return ((embedding ** 2).sum(axis=1) + 3 * reference(embedding, target)).mean()

    gradient = np.zeros_like(weight)
    for index in np.ndindex(weight.shape):
        step = np.zeros_like(weight)
        step[index] = 1e-5
        gradient[index] = (total(weight + step) - total(weight - step)) / 2e-5
    np.testing.assert_allclose(values(state)['net/weight'], weight - 0.01 * gradient, rtol=1e-4, atol=1e-5)
    row = state.history[0]
    assert row['loss'] == pytest.approx(total(weight), rel=1e-5)
    assert row['distance'] == pytest.approx(reference(x @ weight.T, target).mean(), rel=1e-5)


@pytest.mark.parametrize('width', [SIZE, 5])
def test_the_embeddings_come_nearer_to_the_teacher(width):
    state, alone = train(teacher=Teacher(width), distill=5, epochs=6), train(epochs=6)
    distances = [row['distance'] for row in state.history]
    assert distances[-1] < 0.5 * distances[0]
    assert 'distance' not in alone.history[0]


def test_the_teacher_gets_each_batch_as_the_network_does():
    seen = []

    class Net(gluon.nn.Dense):
        def forward(self, x):
            if autograd.is_recording():
                seen.append(x.asnumpy())
            return super().forward(x)

    teacher = Teacher(SIZE)
    train(Net(SIZE), teacher=teacher, hybridize=False, epochs=1)
    assert len(seen) == len(teacher.seen) == 6
    for a, b in zip(seen, teacher.seen):
        np.testing.assert_array_equal(a, b.asnumpy())


def test_numpy_hybridized_and_two_contexts():
    job = dict(distill=2, epochs=2)
    expected = values(train(teacher=Teacher(SIZE), **job))
    assert_identical(expected, values(train(teacher=Teacher(SIZE, numpy=True), **job)))
    assert_close(expected, values(train(teacher=Teacher(SIZE), hybridize=False, **job)))
    assert_close(expected, values(train(teacher=Teacher(SIZE), ctx=TWO, **job)))


def test_a_network_with_a_class_layer_teaches_by_its_embedding():
    class Both(gluon.nn.Dense):
        def forward(self, x):
            embedding = super().forward(x)
            return embedding, embedding * 2

    teacher = Both(SIZE)
    teacher.initialize(mx.init.Xavier())
    other = gluon.nn.Dense(SIZE, params=teacher.collect_params())
    assert_identical(values(train(teacher=teacher)), values(train(teacher=other)))


def test_one_teacher_of_itself_has_no_distance():
    start = train(epochs=0)
    state = train(teacher=lambda x: start.net(x), optimizer_params={'learning_rate': 0.0})
    assert abs(state.history[0]['distance']) < 1e-6


@pytest.mark.parametrize('give, text', [
    (lambda x: nd.zeros((3, 2)), r'fit: teacher must give an embedding of each image, \(16, D\), got \(3, 2\)'),
    (lambda x: nd.zeros((16,)), r'got \(16,\)'), (lambda x: None, 'got NoneType')])
def test_what_is_no_embedding_is_refused(give, text):
    with pytest.raises(ValueError, match=text):
        train(teacher=give)


@pytest.mark.parametrize('distill', [0, -1])
def test_a_factor_out_of_range(distill):
    with pytest.raises(ValueError, match='fit: distill must be > 0, got'):
        train(teacher=Teacher(SIZE), distill=distill)


def test_all_four_together_resume_to_the_bit(tmp_path):
    class Broken(Exception):
        pass

    class Break(Callback):
        order = 9

        def on_step_end(self, state):
            if state.step == 5:
                raise Broken

    def job(folder, *more, **kwargs):
        callbacks = [Checkpoint(str(folder), every_steps=2), StepCSV(str(folder / 'steps.csv'), 3), *more]
        return train(dense_net(0.3, True), accumulate=2, ema=0.9, teacher=Teacher(5), distill=4, epochs=3,
                     lr_mult={'net/0': 0.5}, callbacks=callbacks, clip_gradient=1.0, loss_scale=8, **kwargs)

    unbroken = job(tmp_path / 'a')
    with pytest.raises(Broken):
        job(tmp_path / 'b', Break())
    resumed = job(tmp_path / 'b', resume='auto')
    assert_identical(values(unbroken), values(resumed))
    rows = [[{name: text for name, text in row.items() if name not in ('seconds', 'images_per_second')}
             for row in read_rows(str(tmp_path / name / 'steps.csv'))] for name in 'ab']
    assert rows[0] == rows[1] and float(rows[0][-1]['distance']) > 0 and len(rows[0]) == 3
    assert [row['distance'] for row in unbroken.history] == [row['distance'] for row in resumed.history]


def test_the_log_tells_the_distance(tmp_path):
    train(teacher=Teacher(SIZE), callbacks=[LogLine(6, str(tmp_path / 'log.txt'))], epochs=1)
    lines = (tmp_path / 'log.txt').read_text().splitlines()
    assert ' distance 0.' in lines[0] and ' distance 0.' in lines[1]


SPECS = {
    'rgb': InputSpec((12, 12), (127.5,) * 3, (127.5,) * 3, 'rgb'),
    'raw': InputSpec((12, 12), (0,) * 3, (1,) * 3, 'rgb'),
    'bgr': InputSpec((12, 12), (1, 2, 3), (50, 60, 70), 'bgr'),
    'grey': InputSpec((12, 12), (100,), (30,), 'grey')}


@pytest.mark.parametrize('want', list(SPECS))
@pytest.mark.parametrize('have', list(SPECS))
def test_images_are_converted_as_the_loader_would_make_them(have, want):
    images = np.random.RandomState(0).randint(0, 256, (3, 12, 12, 3), 'uint8')
    if have == 'grey':
        images = np.repeat(images[..., :1], 3, axis=3)
    got = convert(normalize(images, SPECS[have]), SPECS[have], SPECS[want])
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, normalize(images, SPECS[want]), rtol=1e-4, atol=2e-4 * 255 / SPECS[want].std[0])


@pytest.mark.parametrize('size', [(6, 6), (24, 24)])
def test_images_of_another_size_are_scaled(size):
    faces = SyntheticFaces(2, 1, size=36)
    pixels = np.stack([faces.read(i)[0][::3, ::3] for i in range(2)])
    got = convert(normalize(pixels, SPECS['rgb']), SPECS['rgb'], SPECS['raw']._replace(size=size))
    assert got.shape == (2, 3) + size
    import cv2
    how = cv2.INTER_AREA if size < (12, 12) else cv2.INTER_LINEAR
    expected = np.stack([cv2.resize(image, size, interpolation=how) for image in pixels]).transpose(0, 3, 1, 2)
    np.testing.assert_allclose(got, expected, atol=0.75)  # OpenCV rounds, on the way, too


def test_teacher_of_an_embedder_and_of_what_it_takes():
    embedder = Embedder('lenetplus_arcface')
    images = np.random.RandomState(0).randint(0, 256, (4, 28, 28, 3), 'uint8')
    images[:] = images[..., :1]
    x = nd.array(normalize(images, embedder.spec))
    expected = embedder(images)
    for net in (embedder, 'lenetplus_arcface'):
        out = teacher_of(net, embedder.spec)(x)
        assert isinstance(out, nd.NDArray) and out.context == x.context
        np.testing.assert_allclose(out.asnumpy(), expected, atol=1e-6)
    spec = InputSpec((28, 28), (127.5,) * 3, (128,) * 3, 'bgr')
    other = teacher_of(embedder, spec)(nd.array(normalize(images, spec)).as_in_context(mx.cpu(1)))
    assert other.context == mx.cpu(1)
    np.testing.assert_allclose(other.asnumpy(), expected, atol=1e-4)


def test_an_onnx_file_teaches(tmp_path):
    pytest.importorskip('onnxruntime', reason='pip install onnxruntime')
    pytest.importorskip('onnx', reason='pip install onnx')
    net, path = load_net('lenetplus_arcface'), str(tmp_path / 'teacher.onnx')
    to_onnx('lenetplus_arcface', path)
    embedder = Embedder(path)
    assert embedder.engine == 'onnxruntime'
    x = nd.array(np.random.RandomState(0).randn(5, 1, 28, 28))
    got = teacher_of(embedder, net.input_spec)(x).asnumpy()
    np.testing.assert_allclose(got, teacher_of(Embedder(net), net.input_spec)(x).asnumpy(), atol=1e-5)


def test_what_cannot_teach_is_refused_by_name():
    with pytest.raises(ValueError, match="teacher_of: the Embedder must have flip 'none', got 'sum'"):
        teacher_of(Embedder('lenetplus_arcface', flip='sum'), SPECS['rgb'])
    with pytest.raises(ValueError, match=r'the same proportions, got \(28, 28\) and \(112, 96\)'):
        teacher_of('lenetplus_arcface', InputSpec((112, 96)))
