"""One training: where the class layer begins, what stays as it is, the teacher."""
import numpy as np
import pytest

pytest.importorskip('mxnet')
from finetune_cases import write_start  # noqa: E402

from gluonfr.data import SyntheticFaces  # noqa: E402
from gluonfr.deploy import Embedder  # noqa: E402
from gluonfr.finetune import make_plan, open_start  # noqa: E402
from gluonfr.finetune.training import (HeldOut, head_of_means, kept_layers, read_embeddings,  # noqa: E402
                                       train_last_stages)
from gluonfr.model_zoo import get_model  # noqa: E402
from gluonfr.train import teacher_of  # noqa: E402

FACES = SyntheticFaces(4, 4, size=32)


@pytest.fixture(scope='module')
def start(tmp_path_factory):
    folder = tmp_path_factory.mktemp('start')
    return open_start(str(write_start(folder)), str(folder / 'converted'))


@pytest.fixture(scope='module')
def embeddings(start):
    return Embedder(start.net(), normalize=False)(FACES)


def plan(**numbers):
    return make_plan(list(FACES.labels), **{**dict(epochs=2, batch_size=8, lr=0.1), **numbers})


def values(net):
    return {name: param.data().asnumpy() for name, param in net._collect_params_with_prefix().items()}


def test_the_class_layer_begins_at_the_mean_directions():
    random = np.random.RandomState(0)
    embeddings, labels = random.randn(12, 5), np.arange(12) % 3
    found = head_of_means(embeddings, labels).weight.data().asnumpy()
    for person in range(3):
        mean = sum(x / np.linalg.norm(x) for x, label in zip(embeddings, labels) if label == person)
        assert np.allclose(found[person], mean / np.linalg.norm(mean), atol=1e-6)


@pytest.mark.parametrize('frozen', [0.0, 0.3, 1.0])
def test_first_layers_and_norms_stay_as_they_are(start, embeddings, tmp_path, frozen):
    net = start.net()
    before = values(net)
    after = values(train_last_stages(net, FACES, embeddings, plan(frozen=frozen), str(tmp_path)))
    first = int(frozen * len(net.features))
    for name, value in after.items():
        norm = name.endswith(('gamma', 'beta', 'running_mean', 'running_var'))
        kept = norm or int(name.split('.')[1]) < first
        assert (value == before[name]).all() == kept, name


def test_networks_without_norms_are_trained_too():
    assert kept_layers(get_model('lenetplus'), 0) == []


def test_the_nearer_to_the_input_the_slower(start, embeddings, tmp_path):
    before, moved = values(start.net()), {}
    for decay in (1.0, 0.25):
        after = values(train_last_stages(start.net(), FACES, embeddings, plan(frozen=0.0, decay=decay, epochs=1),
                                         str(tmp_path / str(decay))))
        moved[decay] = {name: np.abs(value - before[name]).max() for name, value in after.items()}
    first, *_, last = (name for name in moved[1.0] if moved[1.0][name])
    assert moved[0.25][first] / moved[1.0][first] < 0.3 and moved[0.25][last] / moved[1.0][last] > 0.8


def test_held_out_embeddings_are_those_after_each_epoch(start, embeddings, tmp_path):
    others = SyntheticFaces(2, 3, size=32, first_identity=4)
    net = train_last_stages(start.net(), FACES, embeddings, plan(), str(tmp_path),
                            callbacks=[HeldOut(str(tmp_path), others, 'sum')])
    last = Embedder(net, flip='sum', normalize=False)(others)
    assert np.allclose(read_embeddings(str(tmp_path), 2), last, atol=1e-5)
    assert not np.allclose(read_embeddings(str(tmp_path), 1), last, atol=1e-5)


def test_to_stop_early_is_to_stop_a_training_of_all_epochs(start, embeddings, tmp_path):
    one = train_last_stages(start.net(), FACES, embeddings, plan(), str(tmp_path / 'one'), epochs=1)
    others = SyntheticFaces(2, 3, size=32, first_identity=4)
    train_last_stages(start.net(), FACES, embeddings, plan(), str(tmp_path / 'all'),
                      callbacks=[HeldOut(str(tmp_path / 'all'), others, 'none')])
    assert np.allclose(read_embeddings(str(tmp_path / 'all'), 1), Embedder(one, normalize=False)(others), atol=1e-5)


def test_a_teacher_is_followed(start, embeddings, tmp_path):
    teacher = teacher_of(Embedder(start.net()), start.spec)
    distances = []
    for weight in (0.0, 5.0):
        net = train_last_stages(start.net(), FACES, embeddings, plan(lr=0.005), str(tmp_path / str(weight)),
                                teacher=teacher if weight else None, distill=weight or 1.0)
        cosines = (Embedder(net)(FACES) * Embedder(start.net())(FACES)).sum(axis=1)
        distances.append(1 - cosines.mean())
    assert distances[1] < 0.8 * distances[0]
