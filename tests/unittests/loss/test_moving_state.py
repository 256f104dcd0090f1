"""State that follows the data: what a bad batch, another order of the graph and a first batch do to it."""
import numpy as np
import pytest
from mxnet import autograd, nd
from train_cases import CLASSES, SIZE, assert_identical, train, values

import loss_cases as lc
import loss_values as lv
from gluonfr.loss import get_loss
from gluonfr.nn import get_head
from gluonfr.nn.graph_state import follow
from gluonfr.train import Checkpoint

HYBRID = pytest.mark.parametrize('hybridize', [False, True], ids=['imperative', 'hybrid'])
FOLLOWING = [c for c in lc.CASES if c.follows]


@pytest.mark.parametrize('case', FOLLOWING, ids=str)
@pytest.mark.parametrize('bad', [np.nan, np.inf])
@HYBRID
def test_a_bad_batch_does_not_stay_in_the_state(case, bad, hybridize):
    loss, p = case.make('float64')
    if hybridize:
        loss.hybridize()
    x = case.inputs()
    for name in set(x) - {'label'}:
        spoiled = dict(x, **{name: x[name].copy()})
        spoiled[name][1] = bad
        lv.value(loss, spoiled, True, 'float64')
        assert all(np.isfinite(value).all() for value in lv.snapshot(loss).values()), name
    lv.set_params(loss, p)
    lv.value(loss, x, True, 'float64')
    for name, want in case.after(x, p).items():
        lv.close(lv.snapshot(loss)[name], want)


def test_follow_gives_what_was_and_what_is():
    state = nd.array([2.0])
    with autograd.record():
        before, after = follow(nd, state, nd.array([4.0]), 0.25)
    assert (before.asscalar(), after.asscalar(), state.asscalar()) == (2.0, 2.5, 2.5)
    assert [value.asscalar() for value in follow(nd, state, nd.array([9.0]), 0.25)] == [2.5, 2.5]


def test_the_scale_of_adacos_stays_in_bounds():
    loss = get_loss('adacos', classes=10)
    loss.initialize()
    seen = {}
    for cosine in (-1.0, 0.95):
        seen[cosine] = []
        for _ in range(20):
            lv.value(loss, {'pred': np.full((4, 10), cosine), 'label': np.zeros(4)}, True)
            seen[cosine].append(loss.s.data().asscalar())
    assert min(seen[-1.0]) == 1 and max(seen[0.95]) == pytest.approx(2 * np.sqrt(2) * np.log(9))


@pytest.mark.parametrize('name,given', [('curricularface', {'alpha': 0.3}), ('adaface', {'alpha': 0.3}), ('adacos', {}),
                                        ('dynamicmargin', {'counts': [1, 5, 20, 64]}),
                                        ('subcenterarcface', {'subcenters': 2})])
def test_a_killed_training_goes_on_with_the_same_state(name, given, tmp_path):
    def fit(epochs, **more):
        arguments = {} if name == 'adacos' else {'s': 8, 'margin_warmup': 4}
        loss = get_loss(name, classes=CLASSES, prefix='loss_', **given, **arguments)
        head = get_head(loss.head, CLASSES, SIZE)
        return train(loss=loss, head=head, epochs=epochs, hybridize=True, **more)

    whole = fit(3)
    fit(1, callbacks=[Checkpoint(str(tmp_path))])
    assert_identical(values(whole), values(fit(3, resume='auto', callbacks=[Checkpoint(str(tmp_path))])))
