"""One candidate on embeddings and on images."""
import gc
import re
import weakref

import mxnet as mx
import numpy as np
import pytest
from tune_cases import make_people

from gluonfr.data import open_dataset
from gluonfr.metrics import tar_at_far
from gluonfr.model_zoo import get_model
from gluonfr.loss import get_loss
from gluonfr.nn import get_head
from gluonfr.train import Callback
from gluonfr.train.checkpoint import list_checkpoints
from gluonfr.tune import Candidate, find_losses, list_candidates
from gluonfr.tune.people import draw_folds, fold_pairs
from gluonfr.tune.training import adapt, begin_at_means, early_layers, finetune, train_start

ARCFACE = Candidate('arcface', (('m', 0.2), ('s', 16), ('easy_margin', False)), 0.1)


def noisy_people(people=24, images=6, size=12, seed=0):
    """Embeddings (N, D) whose last half says nothing of the person, louder than the first half that does."""
    random = np.random.RandomState(seed)
    labels = np.repeat(np.arange(people), images)
    known = random.randn(people, size // 2)[labels] + 0.3 * random.randn(len(labels), size // 2)
    return np.concatenate([known, 2 * random.randn(len(labels), size // 2)], axis=1).astype('float32'), labels


def tar(embeddings, pairs):
    units = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    scores = np.einsum('ij,ij->i', units[pairs.first], units[pairs.second])
    return tar_at_far(scores, pairs.same, 0.01).tar[0]


@pytest.mark.parametrize('candidate', [ARCFACE, Candidate('softmax', (), 0.1)], ids=str)
def test_what_is_learned_of_some_people_helps_with_others(candidate):
    embeddings, labels = noisy_people()
    fold = draw_folds(labels, 2)
    pairs = fold_pairs(labels, fold)
    inside = pairs.fold == 0
    pairs = type(pairs)(*(part[inside] for part in pairs))
    found = adapt(candidate, embeddings, labels, np.flatnonzero(fold == 1), steps=120)
    assert tar(found, pairs) > tar(embeddings, pairs) + 0.2


@pytest.mark.parametrize('name', find_losses(None, 16, 12)[0])
def test_every_loss_trains_and_begins_with_what_the_embeddings_say(name):
    embeddings, labels = noisy_people()
    fold = draw_folds(labels, 3)
    candidate = list_candidates([name], 1)[0]
    found = adapt(candidate, embeddings, labels, np.flatnonzero(fold != 1), steps=3)
    assert np.isfinite(found).all() and found.shape == embeddings.shape and (found != embeddings).any()
    assert (adapt(candidate, embeddings, labels, np.flatnonzero(fold != 1), steps=3) == found).all()


@pytest.mark.parametrize('kind', ['cosine', 'dense', 'subcenter:2'])
def test_class_layers_begin_at_the_mean_directions(kind):
    embeddings, labels = noisy_people()
    head = get_head(kind, 24, 12)
    begin_at_means(head, get_loss('softmax'), embeddings, labels)
    units = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    means = np.stack([units[labels == person].mean(axis=0) for person in range(24)])
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    weight = head.weight.data().asnumpy().reshape(24, -1, 12)
    np.testing.assert_allclose(weight, np.repeat(means[:, None], weight.shape[1], axis=1),
                               atol=0.15 if kind == 'subcenter:2' else 1e-6)
    assert weight.shape[1] == 1 or (weight[:, 0] != weight[:, 1]).all()


def test_centres_begin_at_the_means_themselves():
    embeddings, labels = noisy_people()
    loss = get_loss('centerloss', classes=24, embedding_size=12, lamda=0.1)
    begin_at_means(get_head('dense', 24, 12), loss, embeddings, labels)
    means = np.stack([embeddings[labels == person].mean(axis=0) for person in range(24)])
    centres = [param.data().asnumpy() for param in loss.collect_params().values() if param.shape == (24, 12)]
    np.testing.assert_allclose(centres, [means], rtol=1e-5, atol=1e-6)


def test_people_of_the_fold_that_is_measured_have_no_part_in_it():
    embeddings, labels = noisy_people()
    fold = draw_folds(labels, 3)
    train, other = np.flatnonzero(fold != 1), embeddings.copy()
    other[fold == 1] = np.random.RandomState(1).randn(*other[fold == 1].shape)
    changed = np.where(fold == 1, labels + 100, labels)
    found = adapt(ARCFACE, embeddings, labels, train, steps=6)
    again = adapt(ARCFACE, other, changed, train, steps=6)
    assert (found[train] == again[train]).all() and (found[fold == 1] != again[fold == 1]).any()


def test_without_a_step_that_moves_it_the_layer_is_the_identity():
    embeddings, labels = noisy_people()
    assert (adapt(ARCFACE._replace(lr=0.0), embeddings, labels, np.arange(100), steps=3) == embeddings).all()


def test_a_training_that_diverges_says_so():
    embeddings, labels = noisy_people()
    assert adapt(Candidate('softmax', (), 1e30), embeddings, labels, np.arange(100), steps=40) is None


def test_the_last_quarter_of_the_layers_is_left_to_train():
    net = get_model('mobilefacenet')
    assert early_layers(net) == [r'net/features\.({})\.'.format('|'.join(map(str, range(15)))), r'net/.*(gamma|beta)$']
    assert len({name.split('.')[1] for name in net._collect_params_with_prefix()}) == 21


def test_fine_tuning_moves_the_last_layers_alone_and_does_so_again(tmp_path):
    images = open_dataset(make_people(tmp_path), people=True)
    train, test, kept = np.arange(24), np.arange(24, 32), []
    for _ in range(2):
        mx.random.seed(1)
        net = get_model('lenetplus', embedding_size=4)
        net.initialize()
        net(mx.nd.zeros((1, 1, 28, 28)))
        embeddings = np.random.RandomState(0).randn(32, 4).astype('float32')
        before = {name: param.data().asnumpy() for name, param in net._collect_params_with_prefix().items()}
        frozen = early_layers(net)
        found = finetune(ARCFACE, net, images, embeddings, images.labels, train, test, steps=2, frozen=frozen)
        moved = {name for name, param in net._collect_params_with_prefix().items()
                 if (param.data().asnumpy() != before[name]).any()}
        assert found.shape == (8, 4) and moved
        assert not any(re.match(pattern, 'net/' + name) for name in moved for pattern in frozen)
        kept.append(found)
    assert (kept[0] == kept[1]).all()


def test_networks_before_are_gone_when_the_next_one_is_trained(tmp_path):
    images, gone = open_dataset(make_people(tmp_path), people=True), []
    gc.disable()
    try:
        for _ in range(2):
            net = get_model('lenetplus', embedding_size=4)
            net.initialize()
            gone.append(weakref.ref(net))
            finetune(ARCFACE, net, images, np.ones((32, 4), 'float32'), images.labels, np.arange(24), np.arange(24, 32),
                     steps=1)
        assert gone[0]() is None
    finally:
        gc.enable()


def test_a_new_network_is_the_same_each_time_and_where_it_was_killed(tmp_path):
    images, found = open_dataset(make_people(tmp_path / 'people'), people=True), []

    class Dies(Callback):
        def on_step_end(self, state):
            if state.step == 3:
                raise KeyboardInterrupt

    for callbacks in ([], [Dies()], []):
        net, folder = get_model('lenetplus', embedding_size=4), str(tmp_path / str(len(found)))
        try:
            train_start(net, images, images.labels, np.arange(16), folder, steps=4, seed=3, callbacks=callbacks)
        except KeyboardInterrupt:
            assert list_checkpoints(folder)
            continue
        found.append([param.data().asnumpy() for param in net._collect_params_with_prefix().values()])
    assert len(found) == 2 and all((one == other).all() for one, other in zip(*found))
