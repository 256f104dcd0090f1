"""More rows of the table in `loss_cases`: circle loss, losses over all pairs of a batch, and binary classifiers."""
from loss_inputs import CLASSES, cosines, cosines_embedding, mined

import reference_batch as batch

# name, tag, arguments, feed, expected(x, p, done, train), further arguments of `Case`
MORE_CASES = []


def add(name, tag, args, feed, function, defaults, **more):
    """A row whose reference is ``function(x, p, **settings)``, settings being the defaults and what is said."""
    said = dict(defaults, **{key: value for key, value in args.items() if key != 'classes'})
    MORE_CASES.append((name, tag, args, feed, lambda x, p, done, train: function(x, p, **said), more))


C = dict(classes=CLASSES)
PAIRS = dict(dense=False, classes=None)

for _tag, _args in (('', dict(m=0.4, gamma=8)), ('defaults', {})):
    _m = _args.get('m', 0.25)
    add('circle', _tag, dict(C, **_args), cosines, lambda x, p, **a: batch.circle(
        x['pred'], x['label'], a['m'], a['gamma'], p['alpha']), dict(m=0.25, gamma=256),
        held=lambda x, m=_m: {'alpha': batch.circle_weights(x['pred'], batch.hot(x['label'], CLASSES), m)})
    add('circlepair', _tag, _args, mined, lambda x, p, **a: batch.circle_pairs(
        x['embedding'], x['label'], a['m'], a['gamma'], p['alpha']), dict(m=0.25, gamma=256),
        held=lambda x, m=_m: {'alpha': batch.circle_weights(
            batch.cosines(x['embedding']), batch.same_class(x['label']), m)}, **PAIRS)
for _tag, _args in (('', dict(temperature=0.5)), ('defaults', {})):
    add('supcon', _tag, _args, mined, lambda x, p, temperature: batch.supcon(
        x['embedding'], x['label'], temperature), dict(temperature=0.1), **PAIRS)
for _tag, _args in (('', dict(alpha=3, beta=10, lamda=0.3, epsilon=0.4)), ('all', dict(beta=10, epsilon=None)),
                    ('defaults', {})):
    add('multisimilarity', _tag, _args, mined, lambda x, p, **a: batch.multi_similarity(
        x['embedding'], x['label'], **a), dict(alpha=2, beta=50, lamda=0.5, epsilon=0.1), **PAIRS)
for _tag, _args in (('', dict(alpha=5, delta=0.2)), ('defaults', {})):
    add('proxyanchor', _tag, dict(C, **_args), cosines, lambda x, p, **a: batch.proxy_anchor(
        x['pred'], x['label'], **a), dict(alpha=32, delta=0.1))

SPHERE = dict(m=1.4, s=60, version='v2', feature_norm='hard', t=0.01, gradient='straight-through')


def spherefacer(x, p, m, s, version, feature_norm, t, gradient):
    """Its value; where the gradient is the cosine's, p holds what psi and eta add to the cosines."""
    scores = batch.characteristic(x['pred'], x['label'], m, version) if gradient == 'exact' else x['pred'] + p['moved']
    return batch.spherefacer(scores, x['label'], s, x.get('embedding'), t if feature_norm == 'soft' else 0)


for _norm in ('hard', 'soft', 'none'):
    for _version in ('v2', 'v1', 'v0'):
        for _gradient in ('straight-through', 'exact'):
            _m = 2.3 if _norm == 'hard' else 1.6
            add('spherefacer', '-'.join((_norm, _version, _gradient[:5])), dict(
                C, m=_m, s=3, version=_version, feature_norm=_norm, t=0.2, gradient=_gradient),
                cosines if _norm == 'hard' else cosines_embedding, spherefacer, SPHERE,
                held=(lambda x: {}) if _gradient == 'exact' else lambda x, m=_m, v=_version: {
                    'moved': batch.characteristic(x['pred'], x['label'], m, v) - x['pred']})
add('spherefacer', 'defaults', C, cosines, spherefacer, SPHERE,
    held=lambda x: {'moved': batch.characteristic(x['pred'], x['label'], 1.4, 'v2') - x['pred']})

BIAS = dict(params=lambda rng: {'bias': rng.uniform(-3, 3, 1)})
for _tag, _args in (('', dict(m=0.2, s=8, lamda=0.6, t=2)), ('defaults', {})):
    add('sphereface2', _tag, dict(C, **_args), cosines, lambda x, p, **a: batch.sphereface2(
        batch.widened(x['pred'], a['t']), x['label'], p['bias'], a['m'], a['s'], a['lamda']),
        dict(m=0.4, s=40, lamda=0.7, t=3), **BIAS)
add('sphereface2', 'straight', dict(C, s=8, gradient='straight-through'), cosines,
    lambda x, p, **a: batch.sphereface2(x['pred'] + p['moved'], x['label'], p['bias'], 0.4, 8, 0.7), {},
    held=lambda x: {'moved': batch.widened(x['pred'], 3) - x['pred']}, **BIAS)
for _tag, _args in (('', dict(m=0.2, s=8)), ('uce', dict(m=0, s=8)), ('defaults', {})):
    add('uniface', _tag, dict(C, **_args), cosines, lambda x, p, **a: batch.uniface(
        x['pred'], x['label'], p['bias'], **a), dict(m=0.4, s=64), **BIAS)
