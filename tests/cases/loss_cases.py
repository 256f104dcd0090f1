"""One table of every registered loss: how to build it, what to feed it, what its reference says.

``test_every_loss_has_a_case`` compares the names here with the registry, so a new loss fails until it is listed: add a
``case(...)`` below and its reference, in plain NumPy, to ``reference.py``.
"""
import mxnet as mx
import numpy as np
from loss_cases_batch import MORE_CASES
from loss_inputs import (CLASSES, DIM, cosines, near_cosines, scores, log_probabilities, scores_embedding,
                         cosines_embedding, long_embedding, embeddings, mined, pairs, triplets, two_sides, groups,
                         groups_scores)
from loss_values import set_params

import reference as ref
import reference_adaptive as adaptive
import reference_pairs as tuples
from gluonfr.loss import get_loss


class Case:
    """A setting of one loss.

    name: the registered name, or a sum of names. tag: tells apart the settings of one loss. args: constructor
    arguments. feed(rng): inputs by name, float64, ``label`` included. expected(x, p, done, train): (B,) from inputs,
    parameters and the number of training forwards before this one. params(rng): values of the parameters, by
    attribute name. dense: takes one-hot labels. turns: takes batch_axis=1. classes: the label range, or None. still:
    inputs that no gradient flows to, though the loss depends on them.

    State, which a training-mode forward changes, is a counter (state=True, and ``expected`` goes by ``done``), or
    follows the data: moved(x, p) gives the state after a training forward on x, by attribute name. The loss of that
    forward uses it as it was, or with moved_first=True as it is after; no gradient flows through the move.
    held(x): what no gradient flows through, by name, such as a weight that the loss takes as a constant.
    """

    def __init__(self, name, tag, args, feed, expected, params=None, state=False, moved=None, moved_first=False,
                 held=lambda x: {}, dense=True, turns=True, classes=CLASSES, still=()):
        self.name, self.tag, self.args, self.feed = name, tag, args, feed
        self._expected, self.params = expected, params or (lambda rng: {})
        self.follows = moved is not None
        self.state, self._moved, self._moved_first = state or moved is not None, moved, moved_first
        self._held = held
        self.dense, self.turns, self.classes, self.still = dense, turns, classes, still

    def __str__(self):
        return self.name + ('-' + self.tag if self.tag else '')

    def inputs(self, seed=0):
        return self.feed(np.random.RandomState(seed + 11))

    def after(self, x, p, train=True):
        """The parameters ``p`` after a forward on x."""
        return dict(p, **self._moved(x, p)) if train and self._moved else p

    def used(self, x, p, train):
        """The parameters that a forward on x computes with, where ``p`` were there before it, and what is held."""
        return dict(self.after(x, p, train) if self._moved_first else p, **self._held(x))

    def expected(self, x, p, done, train):
        """The loss of each sample, (B,), of a forward on x after ``done`` training forwards."""
        return self.given(x, self.used(x, p, train), done, train)

    def given(self, x, p, done, train):
        """The same with parameters that are those of `used` already."""
        return self._expected(x, p, done, train)

    def make(self, dtype='float32', ctx=None, seed=0, **extra):
        """The loss with this case's parameters set, and those values."""
        loss = get_loss(self.name, **dict(self.args, **extra))
        loss.initialize(ctx=ctx or mx.cpu())
        if dtype != 'float32':
            loss.cast(dtype)
        values = self.params(np.random.RandomState(seed + 23))
        set_params(loss, values)
        return loss, values


def warm(done, steps):
    """The share of the margin after `done` training forwards."""
    return min(1.0, done / steps)


def iteration(done, train):
    """A-Softmax's counter: the forward that is under way counts in training mode."""
    return done + 1 if train else done


def pulled_centers(x, p, alpha=0.5):
    """The centres of centre and Git loss after a training step."""
    return {'centers': ref.updated_centers(p['centers'], x['embedding'], x['label'], alpha)}


C = dict(classes=CLASSES)
CASES = []


def case(name, tag, args, feed, expected, **more):
    """Add one row."""
    CASES.append(Case(name, tag, args, feed, expected, **more))


case('softmax', '', {}, scores, lambda x, p, done, train: ref.cross_entropy(x['pred'], x['label']))
case('softmax', 'from_logits', dict(from_logits=True), log_probabilities,
     lambda x, p, done, train: ref.from_log_probability(x['pred'], x['label']), dense=False)

for _easy in (True, False):
    case('arcface', 'easy' if _easy else 'strict', dict(C, m=0.5, s=8, easy_margin=_easy), cosines,
         lambda x, p, done, train, e=_easy: ref.combined(x['pred'], x['label'], 1, 0.5, 0, 8, e))
    case('combined', 'easy' if _easy else 'strict', dict(C, m1=1.3, m2=0.3, m3=0.2, s=8, easy_margin=_easy), cosines,
         lambda x, p, done, train, e=_easy: ref.combined(x['pred'], x['label'], 1.3, 0.3, 0.2, 8, e))
case('arcface', 'defaults', C, cosines,
     lambda x, p, done, train: ref.combined(x['pred'], x['label'], 1, 0.5, 0, 64, True))
case('arcface', 'warmup', dict(C, m=0.5, s=8, easy_margin=False, margin_warmup=3), cosines,
     lambda x, p, done, train: ref.combined(x['pred'], x['label'], 1, 0.5 * warm(done, 3), 0, 8), state=True)
case('combined', 'defaults', C, cosines, lambda x, p, done, train: ref.combined(x['pred'], x['label'], 1, 0.3, 0.2, 64))
case('combined', 'm1', dict(C, m1=3, m2=0, m3=0, s=4), cosines,
     lambda x, p, done, train: ref.combined(x['pred'], x['label'], 3, 0, 0, 4))
case('combined', 'all', dict(C, m1=4, m2=0.4, m3=0.1, s=4), cosines,
     lambda x, p, done, train: ref.combined(x['pred'], x['label'], 4, 0.4, 0.1, 4))
case('combined', 'warmup', dict(C, m1=2, m2=0.3, m3=0.2, s=8, margin_warmup=4), cosines,
     lambda x, p, done, train: ref.combined(x['pred'], x['label'], 1 + warm(done, 4), 0.3 * warm(done, 4),
                                            0.2 * warm(done, 4), 8), state=True)
case('cosloss', '', dict(C, m=0.35, s=8), cosines,
     lambda x, p, done, train: ref.combined(x['pred'], x['label'], 1, 0, 0.35, 8))
case('cosloss', 'defaults', C, cosines, lambda x, p, done, train: ref.combined(x['pred'], x['label'], 1, 0, 0.35, 64))
case('cosloss', 'warmup', dict(C, m=0.4, s=8, margin_warmup=4), cosines,
     lambda x, p, done, train: ref.combined(x['pred'], x['label'], 1, 0, 0.4 * warm(done, 4), 8), state=True)
case('normsoftmax', '', dict(C, s=8), cosines, lambda x, p, done, train: ref.cross_entropy(8 * x['pred'], x['label']))
case('normsoftmax', 'defaults', C, cosines, lambda x, p, done, train: ref.cross_entropy(64 * x['pred'], x['label']))
case('liarcface', '', dict(C, m=0.4, s=10), cosines,
     lambda x, p, done, train: ref.liarcface(x['pred'], x['label'], 0.4, 10))
case('liarcface', 'defaults', C, cosines, lambda x, p, done, train: ref.liarcface(x['pred'], x['label'], 0.45, 64))
case('liarcface', 'warmup', dict(C, m=0.4, s=10, margin_warmup=3), cosines,
     lambda x, p, done, train: ref.liarcface(x['pred'], x['label'], 0.4 * warm(done, 3), 10), state=True)
case('l2softmax', '', dict(C, alpha=6), scores_embedding,
     lambda x, p, done, train: ref.l2softmax(x['pred'], x['label'], 6, x['embedding']))
case('l2softmax', 'from_normx', dict(C, alpha=6, from_normx=True), cosines,
     lambda x, p, done, train: ref.l2softmax(x['pred'], x['label'], 6))

for _m in (1, 2, 3, 4):
    case('asoftmax', f'm{_m}', dict(C, m=_m, s=8, lambda_base=2.0, lambda_min=0.5), cosines,
         lambda x, p, done, train, m=_m: ref.asoftmax(
             x['pred'], x['label'], m, 8, ref.asoftmax_lambda(iteration(done, train), base=2.0, floor=0.5)), state=True)
case('asoftmax', 'defaults', C, cosines,
     lambda x, p, done, train: ref.asoftmax(x['pred'], x['label'], 4, 64, ref.asoftmax_lambda(iteration(done, train))),
     state=True)
case('asoftmax', 'anneal', dict(C, m=2, s=4, lambda_base=50, lambda_gamma=2.0, lambda_power=1.5, lambda_min=0.0),
     cosines, lambda x, p, done, train: ref.asoftmax(
         x['pred'], x['label'], 2, 4, ref.asoftmax_lambda(iteration(done, train), 50, 2.0, 1.5, 0.0)), state=True)
case('asoftmax', 'taylor', dict(C, m=3, s=8, phiflag=False, lambda_base=1.0, lambda_min=0.25), cosines,
     lambda x, p, done, train: ref.asoftmax(
         x['pred'], x['label'], 3, 8, ref.asoftmax_lambda(iteration(done, train), base=1.0, floor=0.25), phiflag=False),
     state=True)

for _m in (2, 3):
    case('lsoftmax', f'm{_m}', dict(C, embedding_size=DIM, m=_m), embeddings,
         lambda x, p, done, train, m=_m: ref.lsoftmax(x['embedding'], x['label'], p['weight'], m, 1),
         params=lambda rng: dict(weight=rng.randn(CLASSES, DIM)))
case('lsoftmax', 'scaled', dict(C, embedding_size=DIM, m=2, s=3), embeddings,
     lambda x, p, done, train: ref.lsoftmax(x['embedding'], x['label'], p['weight'], 2, 3),
     params=lambda rng: dict(weight=rng.randn(CLASSES, DIM)))

case('svxsoftmax', 'all', dict(C, s=6, t=1.2, m1=1.2, m2=0.1, m3=0.3), cosines,
     lambda x, p, done, train: ref.svx(x['pred'], x['label'], 6, 1.2, 1.2, 0.1, 0.3))
for _margin, _m2, _m3 in (('cos', 0.35, 0), ('arc', 0, 0.35)):
    case('svxsoftmax', _margin, dict(C, s=6, t=1.2, m=0.35, margin=_margin), cosines,
         lambda x, p, done, train, m2=_m2, m3=_m3: ref.svx(x['pred'], x['label'], 6, 1.2, 1, m2, m3))
case('svxsoftmax', 'easy', dict(C, s=6, t=1.2, m3=0.35, easy_margin=True), cosines,
     lambda x, p, done, train: ref.svx(x['pred'], x['label'], 6, 1.2, 1, 0, 0.35, True))
case('svxsoftmax', 'easy cos', dict(C, s=6, t=1.2, m2=0.35, easy_margin=True), cosines,
     lambda x, p, done, train: ref.svx(x['pred'], x['label'], 6, 1.2, 1, 0.35, 0, True))
case('svxsoftmax', 'warmup', dict(C, s=6, t=1.2, m2=0.2, m3=0.3, margin_warmup=3), cosines,
     lambda x, p, done, train: ref.svx(x['pred'], x['label'], 6, 1.2, 1, 0.2 * warm(done, 3), 0.3 * warm(done, 3)),
     state=True)
case('svxsoftmax', 'defaults', C, cosines, lambda x, p, done, train: ref.svx(x['pred'], x['label'], 64, 1))
case('magface', '', dict(C, s=8), long_embedding,
     lambda x, p, done, train: ref.magface(x['pred'], x['label'], x['embedding'], 8, 10, 110, 0.45, 0.8, 35))
case('magface', 'easy', dict(C, s=8, easy_margin=True), long_embedding,
     lambda x, p, done, train: ref.magface(x['pred'], x['label'], x['embedding'], 8, 10, 110, 0.45, 0.8, 35, True))
case('magface', 'defaults', C, long_embedding,
     lambda x, p, done, train: ref.magface(x['pred'], x['label'], x['embedding'], 64, 10, 110, 0.45, 0.8, 35))

case('curricularface', '', dict(C, m=0.5, s=8, alpha=0.3), cosines,
     lambda x, p, done, train: adaptive.curricular(x['pred'], x['label'], 0.5, 8, p['t']),
     params=lambda rng: dict(t=np.array([0.4])),
     moved=lambda x, p: {'t': adaptive.followed(p['t'], adaptive.targets(x), 0.3)})
case('curricularface', 'defaults', C, cosines,
     lambda x, p, done, train: adaptive.curricular(x['pred'], x['label'], 0.5, 64, p['t']),
     params=lambda rng: dict(t=np.zeros(1)),
     moved=lambda x, p: {'t': adaptive.followed(p['t'], adaptive.targets(x), 0.01)})
for _tag, _state, _alpha in (('', (50.0, 40.0), 0.3), ('first', (0.0, 0.0), 0.3), ('defaults', (20.0, 2.0), 0.01)):
    case('adaface', _tag, dict(C, m=0.4, s=8, alpha=0.3) if _alpha == 0.3 else C, long_embedding,
         lambda x, p, done, train, s=8 if _alpha == 0.3 else 64: adaptive.adaface(
             x['pred'], x['label'], x['embedding'], 0.4, s, 0.333, p['mean'], p['std']),
         params=lambda rng, at=_state: {'mean': np.array([at[0]]), 'std': np.array([at[1]])},
         moved=lambda x, p, a=_alpha: adaptive.moved_norms(x['embedding'], p, a), moved_first=True,
         still=('embedding',))

for _dynamic, _tag in ((True, 'dynamic'), (True, 'near'), (False, 'fixed')):
    case('adacos', _tag, dict(C, dynamic=_dynamic), near_cosines if _tag == 'near' else cosines,
         lambda x, p, done, train: adaptive.cross_entropy_at(x, p.get('s', [adaptive.fixed_scale(CLASSES)])[0]),
         params=(lambda rng: dict(s=np.array([3.0]))) if _dynamic else None,
         moved=(lambda x, p: {'s': adaptive.adacos_scale(x, p['s'])}) if _dynamic else None, moved_first=True)
# Drawn margins are in test_elastic.py. Without spread these are ArcFace and CosFace.
for _plus in (True, False):
    case('elasticarc', 'plus' if _plus else '', dict(C, m=0.4, s=8, sigma=0.0, plus=_plus), cosines,
         lambda x, p, done, train: ref.combined(x['pred'], x['label'], 1, 0.4, 0, 8))
    case('elasticcos', 'plus' if _plus else '', dict(C, m=0.3, s=8, sigma=0.0, plus=_plus), cosines,
         lambda x, p, done, train: ref.combined(x['pred'], x['label'], 1, 0, 0.3, 8))
case('subcenterarcface', '', dict(C, m=0.4, s=8, subcenters=2), cosines,
     lambda x, p, done, train: ref.combined(x['pred'], x['label'], 1, 0.4, 0, 8))
case('dynamicmargin', '', dict(C, counts=[3, 40, 0, 200, 9], m_min=0.1, m_max=0.6, lamda=0.5, s=8), cosines,
     lambda x, p, done, train: adaptive.dynamic_margin(x['pred'], x['label'], [3, 40, 0, 200, 9], 0.1, 0.6, 0.5, 8))
case('dynamicmargin', 'defaults', dict(C, counts=[1, 2, 3, 4, 100]), cosines,
     lambda x, p, done, train: adaptive.dynamic_margin(x['pred'], x['label'], [1, 2, 3, 4, 100], 0.05, 0.5, 0.25, 64),
     params=lambda rng: dict(margins=adaptive.class_margins([1, 2, 3, 4, 100], 0.05, 0.5, 0.25)))
case('dynamicmargin', 'warmup', dict(C, counts=[7] * CLASSES, m_max=0.4, s=8, margin_warmup=3), cosines,
     lambda x, p, done, train: ref.combined(x['pred'], x['label'], 1, 0.4 * warm(done, 3), 0, 8), state=True,
     params=lambda rng: dict(margins=np.full(CLASSES, 0.4)))

case('focalloss', '', {}, scores, lambda x, p, done, train: ref.focal(x['pred'], x['label'], 2.0))
case('focalloss', 'gamma_half', dict(gamma=0.5), scores,
     lambda x, p, done, train: ref.focal(x['pred'], x['label'], 0.5))
case('focalloss', 'arcface', dict(C, loss='arcface', gamma=2.0, m=0.3, s=4, easy_margin=False), cosines,
     lambda x, p, done, train: ref.focal(ref.combined_logits(x['pred'], x['label'], 1, 0.3, 0, 4), x['label'], 2.0))
case('focalloss', 'warmup', dict(C, loss='cosloss', gamma=1.0, m=0.3, s=4, margin_warmup=3), cosines,
     lambda x, p, done, train: ref.focal(
         ref.combined_logits(x['pred'], x['label'], 1, 0, 0.3 * warm(done, 3), 4), x['label'], 1.0), state=True)

for _kind, _c in (('l2', 1.0), ('smoothl1', 1.0), ('cauchy', 1.0), ('cauchy', 0.7), ('geman', 1.0)):
    case('ringloss', _kind + ('' if _c == 1.0 else '_c'), dict(lamda=0.3, r_init=1.5, loss_type=_kind, c=_c),
         scores_embedding, lambda x, p, done, train, k=_kind, c=_c: ref.ring(
             x['pred'], x['label'], x['embedding'], p['R'], 0.3, k, c),
         params=lambda rng: dict(R=np.array([1.7])))
case('centerloss', '', dict(C, embedding_size=DIM, lamda=0.3), scores_embedding,
     lambda x, p, done, train: ref.center(x['pred'], x['label'], x['embedding'], p['centers'], 0.3),
     params=lambda rng: dict(centers=rng.randn(CLASSES, DIM)), moved=pulled_centers)
case('gitloss', '', dict(C, embedding_size=DIM, lamda_c=0.3, lamda_g=2.0), scores_embedding,
     lambda x, p, done, train: ref.git(x['pred'], x['label'], x['embedding'], p['centers'], 0.3, 2.0),
     params=lambda rng: dict(centers=rng.randn(CLASSES, DIM)), moved=pulled_centers)
case('lgmloss', '', dict(num_classes=CLASSES, embedding_size=DIM, alpha=0.5, lamda=0.1, lr_mult=0.5), embeddings,
     lambda x, p, done, train: ref.lgm(x['embedding'], x['label'], p['mean'], p['var'], 0.5, 0.1),
     dense=False, turns=False,
     params=lambda rng: dict(mean=rng.randn(CLASSES, DIM), var=rng.uniform(0.5, 2, (CLASSES, DIM))))
case('lgmloss', 'negative_var', dict(num_classes=CLASSES, embedding_size=DIM, alpha=1.0, lamda=0.2, lr_mult=0.5),
     embeddings, lambda x, p, done, train: ref.lgm(x['embedding'], x['label'], p['mean'], p['var'], 1.0, 0.2),
     dense=False, turns=False,
     params=lambda rng: dict(mean=rng.randn(CLASSES, DIM),
                             var=rng.uniform(0.5, 2, (CLASSES, DIM)) * rng.choice([-1, 1], (CLASSES, DIM))))
case('cocoloss', '', dict(C, embedding_size=DIM, alpha=5.0), embeddings,
     lambda x, p, done, train: ref.coco(x['embedding'], x['label'], p['centers'], 5.0),
     params=lambda rng: dict(centers=rng.randn(CLASSES, DIM)))

case('contrastiveloss', '', dict(margin=1.5), pairs,
     lambda x, p, done, train: tuples.contrastive(x['anchor'], x['positive'], x['label'], 1.5), dense=False, classes=2)
case('contrastiveloss', 'all', dict(margin=1.5, mining='all'), mined,
     lambda x, p, done, train: tuples.contrastive_mined(x['embedding'], x['label'], 1.5), dense=False, classes=None)
case('triplet', '', dict(margin=1.0), triplets,
     lambda x, p, done, train: tuples.triplet(x['pred'], x['positive'], x['negative'], 1.0), dense=False, classes=None)
for _mining, _function in (('batch-hard', tuples.triplet_batch_hard), ('semi-hard', tuples.triplet_semi_hard),
                           ('batch-all', tuples.triplet_batch_all)):
    case('triplet', _mining, dict(margin=0.3, mining=_mining), mined,
         lambda x, p, done, train, f=_function: f(x['embedding'], x['label'], 0.3), dense=False, classes=None)
_RANGE = dict(alpha=0.7, beta=0.4, top_k=2, num_class=3, num_in_class=4, feature_dim=DIM, margin=6.0)
case('rangeloss', '', _RANGE, groups,
     lambda x, p, done, train: tuples.range_loss(x['embedding'], 0.7, 0.4, 2, 3, 4, 6.0), dense=False, turns=False,
     classes=None)
case('rangeloss', 'with_softmax', dict(_RANGE, with_softmax=True), groups_scores,
     lambda x, p, done, train: ref.cross_entropy(x['pred'], x['label']) + tuples.range_loss(
         x['embedding'], 0.7, 0.4, 2, 3, 4, 6.0), dense=False, turns=False)
case('mpsloss', '', dict(m=1.0), two_sides,
     lambda x, p, done, train: tuples.mps(x['pred1'], x['pred2'], 1.0), dense=False, turns=False, classes=None)
case('mpsloss', 'all', dict(m=0.5, mining='all'), mined,
     lambda x, p, done, train: tuples.mps_mined(x['embedding'], x['label'], 0.5), dense=False, turns=False,
     classes=None)

case('mpsloss', 'whole', dict(m=1.0, factor=1), two_sides,
     lambda x, p, done, train: 2 * tuples.mps(x['pred1'], x['pred2'], 1.0), dense=False, turns=False, classes=None)

for _name, _tag, _args, _feed, _expected, _more in MORE_CASES:
    case(_name, _tag, _args, _feed, _expected, **_more)

case('softmax+ringloss', '', dict(lamda=0.3), scores_embedding,
     lambda x, p, done, train: ref.ring(x['pred'], x['label'], x['embedding'], p['R'], 0.3, 'l2', 1.0),
     params=lambda rng: dict(R=np.array([1.7])))
case('arcface:m=0.3+centerloss', 'warmup', dict(C, s=8, easy_margin=False, margin_warmup=3, embedding_size=DIM,
                                                lamda=0.3), cosines_embedding,
     lambda x, p, done, train: ref.combined(x['pred'], x['label'], 1, 0.3 * warm(done, 3), 0, 8) + ref.center(
         x['pred'], x['label'], x['embedding'], p['centers'], 0.3) - ref.cross_entropy(x['pred'], x['label']),
     params=lambda rng: dict(centers=rng.randn(CLASSES, DIM)), moved=pulled_centers)

BY_NAME = {str(c): c for c in CASES}


def first_case(name):
    """The first case of a loss."""
    found = [c for c in CASES if c.name == name]
    assert found, 'the loss {} has no case: add a case({!r}, ...) to tests/cases/loss_cases.py'.format(name, name)
    return found[0]


assert len(BY_NAME) == len(CASES), 'two cases share a name'

# What a reader of the papers expects to find: each of these options has a case above. A new loss needs an entry only
# if it has such an option.
OPTIONS = {'ringloss': ('loss_type', {'l2', 'smoothl1', 'cauchy', 'geman'}),
           'triplet': ('mining', {None, 'batch-hard', 'semi-hard', 'batch-all'}),
           'contrastiveloss': ('mining', {None, 'all'}),
           'mpsloss': ('mining', {None, 'all'}),
           'svxsoftmax': ('margin', {'cos', 'arc'}),
           'adacos': ('dynamic', {True, False}),
           'elasticarc': ('plus', {True, False}),
           'elasticcos': ('plus', {True, False}),
           'asoftmax': ('phiflag', {True, False}),
           'l2softmax': ('from_normx', {True, False}),
           'rangeloss': ('with_softmax', {True, False})}
# The value of such an option where a case does not say it.
DEFAULTS = {'mining': None, 'margin': 'cos', 'phiflag': True, 'from_normx': False, 'with_softmax': False,
            'loss_type': 'l2', 'dynamic': True, 'plus': False}
assert not {o for o, _ in OPTIONS.values()} - set(DEFAULTS), 'DEFAULTS lacks an option of OPTIONS'

# The named settings of AngleLinear, as a second copy of that table.
SETTINGS = {'softmax': dict(w_norm=False, x_norm=False, s=1, m1=1, m2=0, m3=0),
            'L-softmax_v1': dict(w_norm=False, x_norm=False, s=1, m1=2, m2=0, m3=0),
            'L-softmax_v2': dict(w_norm=False, x_norm=False, s=1, m1=3, m2=0, m3=0),
            'A-softmax_v1': dict(w_norm=True, x_norm=False, s=1, m1=2, m2=0, m3=0),
            'A-softmax_v2': dict(w_norm=True, x_norm=False, s=1, m1=3, m2=0, m3=0),
            'norm-softmax': dict(w_norm=True, x_norm=True, s=1, m1=1, m2=0, m3=0),
            'CosFace_v1': dict(w_norm=True, x_norm=True, s=4, m1=1, m2=0, m3=0.1),
            'CosFace_v2': dict(w_norm=True, x_norm=True, s=4, m1=1, m2=0, m3=0.2),
            'ArcFace_v1': dict(w_norm=True, x_norm=True, s=4, m1=1, m2=0.1, m3=0),
            'ArcFace_v2': dict(w_norm=True, x_norm=True, s=4, m1=1, m2=0.2, m3=0),
            'ArcFace_v3': dict(w_norm=True, x_norm=True, s=4, m1=1, m2=0.3, m3=0)}

# The losses whose pred must hold cosines, with a setting of each that has a margin.
COSINE_LOSSES = [c for c in CASES if c.feed in (cosines, long_embedding) and c.tag != 'from_normx']
