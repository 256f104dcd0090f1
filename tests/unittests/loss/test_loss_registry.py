"""Every registered loss: value, gradient, hybrid form, precision, state. The table is ``loss_cases``."""
import inspect

import numpy as np
import pytest
from mxnet import autograd, gluon

import loss_cases as lc
import loss_inputs as li
import loss_values as lv
import reference as ref
from gluonfr.loss import get_loss, get_loss_list
from loss_values import close

ALL = pytest.mark.parametrize('case', lc.CASES, ids=str)
STATEFUL = [c for c in lc.CASES if c.state]
HEADS = {None, 'dense', 'linear', 'cosine', 'feature_norm', 'subcenter'}
STEPS = 5


def head_gradient(size, seed=5):
    """Different weights for the samples, so that a gradient that leaks between samples shows."""
    return np.random.RandomState(seed).uniform(0.5, 1.5, size)


# --- completeness ----------------------------------------------------------------------------------------------------

def test_every_loss_has_a_case():
    missing = set(get_loss_list()) - {c.name for c in lc.CASES}
    assert not missing, 'add a case(...) for {} to tests/cases/loss_cases.py, with a reference in NumPy'.format(
        ', '.join(sorted(missing)))
    unknown = {c.name for c in lc.CASES if '+' not in c.name} - set(get_loss_list())
    assert not unknown, 'no loss is registered under {}: tests/cases/loss_cases.py has cases of it'.format(
        ', '.join(sorted(unknown)))


@pytest.mark.parametrize('name', sorted(lc.OPTIONS))
def test_every_named_option_has_a_case(name):
    option, choices = lc.OPTIONS[name]
    assert {c.args.get(option, lc.DEFAULTS[option]) for c in lc.CASES if c.name == name} == choices, (
        'each {} of {} must have a case in tests/cases/loss_cases.py'.format(option, name))


@pytest.mark.parametrize('name', sorted(n for n in lc.OPTIONS if None in lc.OPTIONS[n][1] or n in ('ringloss',)))
def test_the_error_lists_the_options_of_the_table(name):
    option, choices = lc.OPTIONS[name]
    args = lc.first_case(name).args
    with pytest.raises(ValueError) as error:
        get_loss(name, **dict(args, **{option: 'nonsense'}))
    for choice in choices - {None}:
        assert choice in str(error.value)
    assert 'nonsense' in str(error.value)


@ALL
def test_declarations(case):
    loss, _ = case.make()
    names = [n for n in inspect.signature(loss.hybrid_forward).parameters if n != 'F']
    given = tuple(case.inputs())
    assert isinstance(loss.inputs, tuple)
    assert set(loss.inputs) == set(given), 'the loss names other inputs than its case feeds: `inputs` or feed is wrong'
    kind = loss.head and loss.head.partition(':')[0]
    assert kind in HEADS, 'the class layer {!r} is none of gluonfr.nn.get_head'.format(loss.head)
    assert (loss.head is not None) == ('pred' in given and 'positive' not in given)
    kept = [name for name, param in lv.params_of(loss).items() if param.shape[0] == li.CLASSES]
    assert loss.keeps_classes == bool(kept), 'keeps_classes must be {}: of each class the loss has {}'.format(
        bool(kept), kept or 'nothing')
    positional = [n for n in names if n not in lv.params_of(loss) and n != 'sample_weight']
    kinds = {p.kind for p in inspect.signature(loss.hybrid_forward).parameters.values()}
    if inspect.Parameter.VAR_POSITIONAL not in kinds:
        assert tuple(positional[:len(loss.inputs)]) == loss.inputs


@ALL
def test_inputs_are_in_the_order_of_the_call(case):
    """The table's order is the documented one; `inputs` is what a training loop goes by."""
    loss, p = case.make('float64')
    x = case.inputs()
    reordered = {k: x[k] for k in loss.inputs}
    close(lv.value(loss, reordered, dtype='float64'), case.expected(x, p, 0, False))


@ALL
def test_repr(case):
    text = repr(case.make()[0])
    assert text.startswith(type(get_loss(case.name, **case.args)).__name__ + '(')
    assert 'object at' not in text and '\n\n' not in text
    for key, given in case.args.items():
        if key in ('m', 's', 'margin', 'alpha', 'lamda', 'gamma') and isinstance(given, (int, float)):
            assert f'{given:g}' in text, (key, text)


# --- value and gradient ----------------------------------------------------------------------------------------------

@ALL
@pytest.mark.parametrize('train', [False, True], ids=['predict', 'train'])
@pytest.mark.parametrize('hybridize', [False, True], ids=['imperative', 'hybrid'])
def test_value(case, train, hybridize):
    for seed in (0, 1):
        loss, p = case.make('float64', seed=seed)
        if hybridize:
            loss.hybridize()
        x = case.inputs(seed)
        want = case.expected(x, p, 0, train)
        got = lv.value(loss, x, train, 'float64', 'float64')
        assert got.shape == (len(want),)
        close(got, want)


@ALL
def test_value_in_float32_with_any_label_type(case):
    loss, p = case.make()
    x = case.inputs()
    want = case.expected(x, p, 0, False)
    for label_dtype in ('float32', 'int32', 'int64'):
        out = lv.first(loss(*lv.arrays(x, 'float32', label_dtype)))
        assert out.dtype == np.float32
        close(out.asnumpy(), want, tight=False)


@ALL
@pytest.mark.parametrize('train', [False, True], ids=['predict', 'train'])
def test_gradient(case, train):
    """Against central differences of the reference, for every float input and every trained parameter."""
    loss, p = case.make('float64')
    x = case.inputs()
    head = head_gradient(len(next(iter(x.values()))))
    _, by_input, by_param = lv.gradients(loss, x, head, train)
    assert set(by_input) == set(x) - {'label'}
    assert set(by_param) == {k for k in p if lv.params_of(loss)[k].grad_req != 'null'}

    p = case.used(x, p, train)  # state stays what it is while an input is wiggled

    def total(values, params):
        return float(np.dot(head, case.given(values, params, 0, train)))

    for key, got in by_input.items():
        want = np.zeros_like(x[key]) if key in case.still else ref.numerical_gradient(
            lambda v, key=key: total(dict(x, **{key: v}), p), x[key])
        np.testing.assert_allclose(got, want, rtol=2e-5, atol=2e-6, err_msg=key)
    for key, got in by_param.items():
        want = ref.numerical_gradient(lambda v, key=key: total(x, dict(p, **{key: v})), p[key])
        np.testing.assert_allclose(got, want, rtol=2e-5, atol=2e-6, err_msg=key)


@ALL
def test_every_trained_parameter_gets_a_gradient(case):
    loss, _ = case.make('float64')
    x = case.inputs()
    _, _, by_param = lv.gradients(loss, x, np.ones(len(next(iter(x.values())))), True)
    for key, grad in by_param.items():
        assert np.abs(grad).sum() > 0, key


@ALL
def test_float16_inputs_are_computed_in_float32(case):
    loss, p = case.make()
    x = {k: v if k == 'label' else v.astype('float16').astype('float64') for k, v in case.inputs().items()}
    args = lv.arrays(x, 'float16')
    for a in args:
        if a.dtype == np.float16:
            a.attach_grad()
    with autograd.record(train_mode=False):
        out = lv.first(loss(*args))
    out.backward()
    assert out.dtype == np.float32
    close(out.asnumpy(), case.expected(x, p, 0, False), tight=False)
    assert all(np.isfinite(a.grad.asnumpy()).all() for a in args if a.dtype == np.float16)


@ALL
def test_cast_to_float16(case):
    loss, p = case.make()
    loss.cast('float16')
    x = case.inputs()
    got = lv.value(loss, x, train=True, dtype='float16')
    assert np.isfinite(got).all()
    np.testing.assert_allclose(got, case.expected(x, p, 0, True), rtol=0.03, atol=0.1)


# --- training steps, hybrid and state --------------------------------------------------------------------------------

def train_steps(loss, case, steps, start=0, call=None):
    """SGD on the loss's own parameters; returns the losses, then the input gradients, of every step."""
    trained = [q for q in loss.collect_params().values() if q.grad_req != 'null']
    trainer = gluon.Trainer(trained, 'sgd', {'learning_rate': 0.1}) if trained else None
    losses, grads = [], []
    for step in range(start, start + steps):
        args = lv.arrays(case.inputs(seed=step), 'float64', 'float64')
        args[0].attach_grad()
        with autograd.record():
            out = lv.first((call or loss)(*args))
        out.backward()
        losses.append(out.asnumpy())
        grads.append(args[0].grad.asnumpy())
        if trainer:
            trainer.step(len(losses[-1]))
    return losses, grads


@ALL
@pytest.mark.parametrize('form', ['hybridized', 'inside a graph'])
def test_hybrid_equals_imperative_over_training_steps(case, form):
    plain, _ = case.make('float64')
    hybrid, _ = case.make('float64')
    if form == 'hybridized':
        hybrid.hybridize()
        call = hybrid
    else:
        call = lv.Outer(hybrid)
        call.hybridize()
    want = train_steps(plain, case, STEPS)
    got = train_steps(hybrid, case, STEPS, call=call)
    for kind in (0, 1):
        for a, b in zip(want[kind], got[kind]):
            np.testing.assert_allclose(b, a, rtol=1e-12, atol=1e-12)
    after, want_after = lv.snapshot(hybrid), lv.snapshot(plain)
    for name in want_after:
        np.testing.assert_allclose(after[name], want_after[name], rtol=1e-12, atol=1e-12, err_msg=name)


@pytest.mark.parametrize('case', STATEFUL, ids=str)
@pytest.mark.parametrize('hybridize', [False, True], ids=['imperative', 'hybrid'])
def test_state_follows_the_training_forwards(case, hybridize):
    """Counters and what follows the data: the values, and where the table tells it the state itself."""
    loss, p = case.make('float64')
    if hybridize:
        loss.hybridize()
    for done in range(STEPS + 2):
        x = case.inputs(done)
        close(lv.value(loss, x, False, 'float64'), case.expected(x, p, done, False))
        close(lv.value(loss, x, True, 'float64'), case.expected(x, p, done, True))
        p = case.after(x, p)
        for name, want in p.items():
            close(lv.snapshot(loss)[name], want)


@pytest.mark.parametrize('case', STATEFUL, ids=str)
def test_state_moves_in_statically_allocated_graphs(case):
    """The form that training uses: buffers are reused, state must not be."""
    plain, _ = case.make('float64')
    static, _ = case.make('float64')
    static.hybridize(static_alloc=True, static_shape=True)
    for a, b in zip(train_steps(plain, case, STEPS)[0], train_steps(static, case, STEPS)[0]):
        np.testing.assert_allclose(b, a, rtol=1e-12, atol=1e-12)
    for name, kept in lv.snapshot(plain).items():
        np.testing.assert_allclose(lv.snapshot(static)[name], kept, rtol=1e-12, atol=1e-12, err_msg=name)


@pytest.mark.parametrize('name', ['centerloss', 'gitloss'])
@pytest.mark.parametrize('alpha', [0.5, 0.2])
@pytest.mark.parametrize('hybridize', [False, True], ids=['imperative', 'hybrid'])
def test_centres_follow_the_papers_rule(name, alpha, hybridize):
    case = lc.BY_NAME[name]
    loss, p = case.make('float64', alpha=alpha)
    if hybridize:
        loss.hybridize()
    centers = p['centers']
    for step in range(3):
        x = case.inputs(step)
        want = case.expected(x, {'centers': centers}, step, True)  # the value uses the centres before the update
        close(lv.value(loss, x, True, 'float64'), want)
        centers = ref.updated_centers(centers, x['embedding'], x['label'], alpha)
        close(loss.centers.data().asnumpy(), centers)
    assert loss.centers.grad_req == 'null'


@ALL
@pytest.mark.parametrize('hybridize', [False, True], ids=['imperative', 'hybrid'])
def test_predict_mode_changes_no_state(case, hybridize):
    loss, _ = case.make()
    if hybridize:
        loss.hybridize()
    args = lv.arrays(case.inputs())
    loss(*args)
    before = lv.snapshot(loss)
    loss(*args)[0].asnumpy()
    lv.value(loss, case.inputs(), train=False)
    for name, kept in lv.snapshot(loss).items():
        np.testing.assert_array_equal(kept, before[name], err_msg=name)
    lv.value(loss, case.inputs(), train=True)
    after = lv.snapshot(loss)
    moves = any((after[name] != before[name]).any() for name in before)
    assert moves == case.state, 'a training forward {} a parameter: say so by state=True or moved= in the case'.format(
        'changes' if moves else 'does not change')


@ALL
def test_state_survives_save_and_load(case, tmp_path):
    """Three steps, save, load, three more = six steps."""
    whole, _ = case.make('float64')
    want = train_steps(whole, case, 6)[0]
    half, _ = case.make('float64')
    assert np.array_equal(train_steps(half, case, 3)[0], want[:3])
    half.save_parameters(str(tmp_path / 'loss.params'))
    again = get_loss(case.name, **case.args)
    again.initialize()
    again.cast('float64')
    again.load_parameters(str(tmp_path / 'loss.params'))
    assert np.array_equal(train_steps(again, case, 3, start=3)[0], want[3:])
