"""Every public callable of gluonfr 1.0.2: where it is imported from, its arguments in their order, their defaults."""
import importlib
import inspect
import re

import mxnet as mx
import numpy as np
import pytest
import reference as ref
from helpers import ROOT

from gluonfr import loss as losses

# What 1.0's __all__ name, or its documentation. Behind ** stands what else it takes: a list of KEYWORDS.
TABLE = """
gluonfr.data.dataset.FRTrainRecordDataset(name, root=FOLDER, flag=1, transform=None)
gluonfr.data.dataset.FRValDataset(name, root=FOLDER, transform=None)
gluonfr.data.get_recognition_dataset(name, **dataset)
gluonfr.loss.ArcLoss(classes, m=0.5, s=64, easy_margin=True, dtype='float32', **softmax)
gluonfr.loss.ASoftmax(classes, m, s, phiflag=True, dtype='float32', **softmax)
gluonfr.loss.CenterLoss(classes, embedding_size, lamda, weight_initializer=XAVIER, dtype='float32', **softmax)
gluonfr.loss.COCOLoss(classes, embedding_size, alpha, weight_initializer=XAVIER, dtype='float32', **softmax)
gluonfr.loss.ContrastiveLoss(margin=1, weight=None, batch_axis=0, **block)
gluonfr.loss.CosLoss(classes, m, s, dtype='float32', **softmax)
gluonfr.loss.GitLoss(classes, embedding_size, lamda_c, lamda_g, batch_size_per_gpu, weight_initializer=XAVIER, dtype='float32', **softmax)
gluonfr.loss.L2Softmax(classes, alpha, p=0.9, from_normx=False, axis=-1, sparse_label=True, weight=None, batch_axis=0, **softmax)
gluonfr.loss.LGMLoss(num_classes, embedding_size, alpha, lamda, lr_mult, dtype='float32', **block)
gluonfr.loss.MPSLoss(m=1.0, **block)
gluonfr.loss.RangeLoss(alpha, beta, top_k, num_class, num_in_class, feature_dim, margin, **block)
gluonfr.loss.RingLoss(lamda, r_init=1.0, dtype='float32', **softmax)
gluonfr.loss.SoftmaxCrossEntropyLoss(axis=-1, sparse_label=True, from_logits=False, weight=None, batch_axis=0, **block)
gluonfr.loss.SVXSoftmax(classes, s, t=1, m1=1, m2=0, m3=0, dtype='float32', **softmax)
gluonfr.loss.TripletLoss(margin=1, weight=None, batch_axis=0, **block)
gluonfr.loss.get_loss(name, **any)
gluonfr.loss.get_loss_list()
gluonfr.metrics.verification.FaceVerification(nfolds=10, thresholds=None, far_target=1e-3, dist_type=0)
gluonfr.model_zoo.attention_net.AttentionNet(classes, modules, p, t, r, **block)
gluonfr.model_zoo.attention_net.AttentionNetFace(classes, modules, p, t, r, weight_norm=False, feature_norm=False, embedding_size=512, need_cls_layer=True, **block)
gluonfr.model_zoo.attention_net.attention_net56(classes=-1, need_cls_layer=True, **face)
gluonfr.model_zoo.attention_net.attention_net92(classes=-1, need_cls_layer=True, **face)
gluonfr.model_zoo.attention_net.attention_net128(classes=-1, need_cls_layer=True, **face)
gluonfr.model_zoo.attention_net.attention_net164(classes=-1, need_cls_layer=True, **face)
gluonfr.model_zoo.attention_net.attention_net236(classes=-1, need_cls_layer=True, **face)
gluonfr.model_zoo.attention_net.attention_net452(classes=-1, need_cls_layer=True, **face)
gluonfr.model_zoo.attention_net.get_attention_face(classes=-1, num_layers=128, embedding_size=512, need_cls_layer=True, **any)
gluonfr.model_zoo.attention_net.get_attention_net(classes, num_layers, **any)
gluonfr.model_zoo.mobile_facenet.MobileFaceNet(classes=-1, use_se=False, weight_norm=False, feature_norm=False, need_cls_layer=True, **block)
gluonfr.model_zoo.mobile_facenet.get_mobile_facenet(classes=-1, need_cls_layer=True, **any)
gluonfr.model_zoo.mobile_facenet.get_mobile_facenet_re(classes=-1, need_cls_layer=True, **any)
gluonfr.model_zoo.se_resnet.get_se_resnet(num_layers, **any)
gluonfr.model_zoo.se_resnet.se_resnet18_v2(**se)
gluonfr.model_zoo.se_resnet.se_resnet34_v2(**se)
gluonfr.model_zoo.se_resnet.se_resnet50_v2(**se)
gluonfr.model_zoo.se_resnet.se_resnet101_v2(**se)
gluonfr.model_zoo.se_resnet.se_resnet152_v2(**se)
gluonfr.model_zoo.get_model(name, **any)
gluonfr.model_zoo.get_model_list()
gluonfr.nn.basic_blocks.FrBase(classes=-1, embedding_size=512, weight_norm=False, feature_norm=False, need_cls_layer=True, **block)
gluonfr.nn.basic_blocks.NormDense(classes, weight_norm=False, feature_norm=False, dtype='float32', weight_initializer=None, in_units=0, **block)
gluonfr.nn.basic_blocks.SELayer(channel, in_channel, reduction=16, **block)
gluonfr.utils.lr_scheduler.IterLRScheduler(mode, baselr, niters, step=(30e3, 60e3, 90e3), step_factor=0.1, targetlr=0, power=0.9, warmup_iters=0, warmup_lr=0, warmup_mode='linear')
gluonfr.utils.viz.plot_accuracy(accs, threholds)
gluonfr.utils.viz.plot_roc(tpr, fpr, x_name='FPR', y_name='TPR')
"""  # noqa: E501

KEYWORDS = {
    'any': [], 'block': ['prefix', 'params'], 'dataset': [],
    'softmax': ['axis', 'sparse_label', 'from_logits', 'weight', 'batch_axis', 'prefix', 'params'],
    'face': ['embedding_size', 'weight_norm', 'feature_norm', 'prefix', 'params'],
    'se': ['classes', 'thumbnail', 'embedding_size', 'weight_norm', 'feature_norm', 'need_cls_layer', 'prefix',
           'params'],
}
FOLDER, XAVIER = 'a folder in the home directory', 'Xavier(magnitude=2.24)'

# What differs, (parameter, default of 1.0, ours), and the words of CHANGELOG.md that say so.
EXCEPTIONS = [
    ('classes', -1, None, '`classes=-1` of the networks is `classes=None`'),
    ('need_cls_layer', True, None, 'Nets without `classes` give embeddings'),
    ('root', FOLDER, None, '`root` of the data sets is None'),
    ('weight_initializer', XAVIER, None, '`weight_initializer=None` stands for 1.0\'s Xavier'),
]
RENAMED = {'threholds': ('thresholds', "`plot_accuracy`'s `threholds` is spelled `thresholds`")}
LINES = dict(re.match(r'([\w.]+)(\(.*\))$', line).groups() for line in TABLE.strip().splitlines())


def of_1_0(path):
    """The signature of 1.0."""
    names = {}
    exec('def f{}: pass'.format(LINES[path]), {'FOLDER': FOLDER, 'XAVIER': XAVIER}, names)
    return inspect.signature(names['f'])


def ours(path):
    module, _, name = path.rpartition('.')
    return getattr(importlib.import_module(module), name)


def keywords(entry):
    """What a callable takes by keyword, what it hands to its bases included."""
    steps = [vars(cls)['__init__'] for cls in entry.__mro__ if '__init__' in vars(cls)] if inspect.isclass(entry) else [
        entry]
    return {name for step in steps for name in inspect.signature(step).parameters}


def in_changelog(words):
    return words in ' '.join((ROOT / 'CHANGELOG.md').read_text(encoding='utf-8').split())


def allowed(parameter, default):
    """Whether CHANGELOG.md names this difference of a default."""
    words = [words for name, old, new, words in EXCEPTIONS if name == parameter.name and (
        old, new) == (parameter.default, default)]
    return bool(words) and in_changelog(words[0])


@pytest.mark.parametrize('path', LINES)
def test_signature(path):
    """Names, order and defaults of 1.0; what was required may have a default, and what is new stands behind."""
    wanted = [p for p in of_1_0(path).parameters.values() if p.kind == p.POSITIONAL_OR_KEYWORD]
    found = [p for p in inspect.signature(ours(path)).parameters.values() if p.kind == p.POSITIONAL_OR_KEYWORD]
    assert [p.name for p in found[:len(wanted)]] == [RENAMED.get(p.name, (p.name,))[0] for p in wanted]
    assert all(p.default is not p.empty for p in found[len(wanted):])
    for old, new in zip(wanted, found):
        assert old.default is old.empty or old.default == new.default or allowed(old, new.default), (
            '{}: {} is {!r}, in 1.0 {!r}'.format(path, old.name, new.default, old.default))


@pytest.mark.parametrize('path', LINES)
def test_keywords(path):
    rest = [p.name for p in of_1_0(path).parameters.values() if p.kind == p.VAR_KEYWORD]
    missing = {name for kind in rest for name in KEYWORDS[kind]} - keywords(ours(path))
    assert not missing, '{} of 1.0 takes {}, too'.format(path, ', '.join(sorted(missing)))


@pytest.mark.parametrize('path', [path for path in LINES if path.count('.') == 3 and '.viz.' not in path])
def test_packages_export_it(path):
    package, module, name = path.rsplit('.', 2)
    assert getattr(importlib.import_module(package), name) is ours(path)


def test_exceptions_are_needed():
    """None that would hide a difference by accident later."""
    defaults = {(p.name, p.default) for path in LINES for p in of_1_0(path).parameters.values()}
    assert {(name, old) for name, old, _, _ in EXCEPTIONS} <= defaults
    words = [words for *_, words in EXCEPTIONS] + [words for _, words in RENAMED.values()]
    assert [said for said in words if not in_changelog(said)] == []


def test_calls_of_1_0_mean_what_they_meant():
    """By position: a scale where 1.0 had it, and its two margins, a cosine and an angle."""
    random = np.random.RandomState(0)
    pred, label = random.uniform(-0.9, 0.9, (6, 10)).astype('float32'), np.arange(6.0)
    for given, want in (((64,), ref.svx(pred, label, 64, 1)), ((8, 1.2, 1.1, 0.1, 0.3),
                                                               ref.svx(pred, label, 8, 1.2, 1.1, 0.1, 0.3))):
        loss = losses.SVXSoftmax(10, *given)
        np.testing.assert_allclose(loss(mx.nd.array(pred), mx.nd.array(label)).asnumpy(), want, rtol=1e-4, atol=1e-5)


def test_networks_by_position():
    """1.0's calls with a class layer, by position, and its default of 128 layers."""
    from gluonfr.model_zoo import AttentionNet, attention_net56, get_attention_face, get_attention_net, se_resnet50_v2
    assert attention_net56(10, False).need_cls_layer is False
    net = get_attention_face(10, 92, 64, True)
    assert net.output.weight.shape == (10, 64)
    whole = [p.shape for p in get_attention_face(input_size=32).collect_params().values()]
    assert whole == [p.shape for p in get_attention_face(num_layers=128, input_size=32).collect_params().values()]
    net = get_attention_net(7, 56)
    assert isinstance(net, AttentionNet)
    assert net(mx.sym.var('data')).infer_shape(data=(2, 3, 224, 224))[1] == [(2, 7)]
    with pytest.raises(ValueError, match="thumbnail must be False, got True: .* is 'se_resnet50_v2_gluonfr1'"):
        se_resnet50_v2(thumbnail=True)
