"""The formulas of memory beside what was measured."""
import pytest
from helpers import ROOT, rows

from gluonfr.scale import Rates, make_plan
from gluonfr.scale.image_memory import IMAGE_MEMORY

IMAGES, HEADS = (rows(ROOT / 'resources' / 'results' / 'training-memory-{}.csv'.format(part)) for part in (
    'images', 'heads'))


def test_images_take_what_was_measured():
    assert IMAGE_MEMORY == {row['network']: int(row['image_kib']) for row in IMAGES}


@pytest.mark.parametrize('row', HEADS, ids=lambda row: '{head}-{classes}'.format(**row))
def test_memory_is_within_15_percent_of_what_was_measured(row):
    plans = make_plan(int(row['classes']), 'mobilefacenet', int(row['batch']), rates=Rates(1, 1),
                      embedding_size=int(row['embedding_size']), num_sample=int(row['sampled']) or None)
    formula = {plan.head: plan.memory for plan in plans}[row['head']] / 2 ** 20
    assert round(formula) == int(row['formula_mib'])
    assert abs(formula / int(row['measured_mib']) - 1) < 0.15
