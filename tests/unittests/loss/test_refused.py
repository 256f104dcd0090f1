"""Arguments of losses that are out of range, with what is allowed."""
import numpy as np
import pytest

from gluonfr.loss import get_loss

GIVEN = {'dynamicmargin': {'counts': [1, 2, 3]}}


@pytest.mark.parametrize('name,wrong,said', [
    ('curricularface', {'alpha': 1.5}, r'CurricularFace: alpha must be in \[0, 1\], got 1.5'),
    ('curricularface', {'m': 1.6}, 'CurricularFace: m must be in'),
    ('curricularface', {'s': 0}, 'CurricularFace: s must be > 0, got 0'),
    ('adaface', {'h': 0}, 'AdaFace: h must be > 0, got 0'),
    ('adaface', {'m': -0.1}, 'AdaFace: m must be in'),
    ('adaface', {'alpha': -1}, 'AdaFace: alpha must be in'),
    ('adacos', {'classes': 2}, 'AdaCos: classes must be >= 3, got 2'),
    ('elasticarc', {'sigma': -1}, 'ElasticArc: sigma must be >= 0, got -1'),
    ('elasticarc', {'m': 1.6}, 'ElasticArc: m must be in'),
    ('elasticcos', {'m': -1}, 'ElasticCos: m must be >= 0, got -1'),
    ('subcenterarcface', {'subcenters': 0}, 'SubCenterArcFace: subcenters must be >= 1, got 0'),
    ('dynamicmargin', {'counts': [1, 2]}, r'DynamicMargin: counts must be 3 numbers >= 0.*got shape \(2,\)'),
    ('dynamicmargin', {'counts': [1, 2, -3]}, 'DynamicMargin: counts must be 3 numbers >= 0.*got -3'),
    ('dynamicmargin', {'counts': [1, 2, np.nan]}, 'DynamicMargin: counts must be 3 numbers >= 0.*got nan'),
    ('dynamicmargin', {'m_min': 0.6}, 'DynamicMargin: m_max must be in'),
    ('dynamicmargin', {'lamda': 0}, 'DynamicMargin: lamda must be > 0, got 0'),
    ('svxsoftmax', {'m': -1}, 'SVXSoftmax: m2 must be >= 0, got -1'),
    ('svxsoftmax', {'m': 1.6, 'margin': 'arc'}, 'SVXSoftmax: m3 must be in'),
    ('svxsoftmax', {'m': 0.3, 'm2': 0.1}, 'SVXSoftmax: m must stand alone, as it is m2 or m3, got m=0.3, m2=0.1, m3=0'),
    ('svxsoftmax', {'margin': 'arc'}, 'SVXSoftmax: margin must come with m, .* Give the angle as m3'),
])
def test_the_message_says_what_is_allowed(name, wrong, said):
    with pytest.raises(ValueError, match=said):
        get_loss(name, **{'classes': 3, **GIVEN.get(name, {}), **wrong})


def test_dynamic_margins_without_counts_are_refused_with_the_signature():
    with pytest.raises(TypeError, match='missing argument .counts.*Signature: DynamicMargin'):
        get_loss('dynamicmargin', classes=3)


@pytest.mark.parametrize('name, given', [
    ('arcface', {}), ('svxsoftmax', {}), ('asoftmax', {}), ('l2softmax', {'alpha': 8}),
    ('cocoloss', {'alpha': 8, 'embedding_size': 2})])
def test_cosines_are_no_log_probabilities(name, given):
    get_loss(name, classes=3, from_logits=False, **given)
    with pytest.raises(ValueError, match='from_logits must be False, got True: its pred .* softmax, ringloss'):
        get_loss(name, classes=3, from_logits=True, **given)


def test_a_term_alone_takes_no_log_probabilities():
    with pytest.raises(ValueError, match='RingLoss: from_logits must be False with with_softmax=False, got True'):
        get_loss('ringloss', lamda=0.1, with_softmax=False, from_logits=True)
