"""Memory and time by formula, and the advice."""
import pytest

from gluonfr.model_zoo.sizes import SIZES
from gluonfr.scale import (Rates, advise, dense_memory, make_plan, measure_rates, network_memory, sampled_memory,
                           sharded_memory)
from gluonfr.scale.image_memory import IMAGE_MEMORY
from gluonfr.scale.memory import LIBRARIES

RATES = Rates(gflops=300, gbytes=20)


def test_formulas_by_hand():
    assert dense_memory(1000, 64, 8) == 4 * (5 * 1000 * 64 + 8 * 8 * 1000)
    assert sampled_memory(1000, 64, 8, 100) == 4 * (2 * 1000 * 64 + 2 * 100 * 64 + 8 * 8 * 100)
    assert sharded_memory(1000, 64, 8, 3) == dense_memory(334, 64, 8)
    assert network_memory(1000, 500, 8) == LIBRARIES + 12 * 1000 + 8 * 500


def test_a_plan_of_several_processes():
    plans = {plan.head: plan for plan in make_plan(100000, 'r50', 64, rates=RATES, workers=4, sample_rate=0.2)}
    network = network_memory(SIZES['iresnet50'].values, IMAGE_MEMORY['iresnet50'] << 10, 16)
    assert {head: plan.memory - network for head, plan in plans.items()} == {
        'dense': dense_memory(100000, 512, 16), 'sharded': sharded_memory(100000, 512, 64, 4),
        'sampled': sampled_memory(25000, 512, 64, 5000)}
    assert [plans[head].scored for head in ('dense', 'sharded', 'sampled')] == [100000, 25000, 5000]
    assert plans['sampled'].checkpoint == 8 * (SIZES['iresnet50'].values + 100000 * 512)
    for plan in plans.values():
        assert 0 < plan.head_seconds < plan.step_seconds
    assert plans['sampled'].head_seconds < plans['sharded'].head_seconds < plans['dense'].head_seconds


def test_options_count():
    def memory(**given):
        return make_plan(100000, 'mobilefacenet', 32, rates=RATES, **given)[1].memory

    assert memory(num_sample=500) < memory() == memory(sample_rate=0.1) < memory(sample_rate=0.5)
    assert memory(embedding_size=256) > memory()
    assert len(make_plan(100, 'mobilefacenet', 32, rates=RATES)) == 2


@pytest.mark.parametrize('classes, memory, said', [
    (1000, 32e9, 'take the dense layer: it fits'),
    (2000000, 32e9, 'take the sampled layer, --num-sample 200000: the dense one takes 9'),
    (2000000, 7e9, 'take the sampled layer, --num-sample 200000: the dense one does not fit into 7.0 GB'),
    (2000000, 3e9, 'none fits into 3.0 GB')])
def test_the_advice(classes, memory, said):
    assert advise(make_plan(classes, 'mobilefacenet', 32, rates=RATES), memory).startswith(said)


@pytest.mark.parametrize('classes, memory, said', [
    (1000, 32e9, 'take the dense layer: it fits'),
    (50000, 32e9, 'take the sharded layer, `gluonfr launch` with --class-shards: it fits'),
    (2000000, 32e9, 'take the sampled layer, `gluonfr launch` with --class-shards --num-sample 200000: the sharded one '
                    'takes 9'),
    (2000000, 1e9, 'take the sampled layer, `gluonfr launch` with --class-shards --num-sample 200000: the sharded one '
                   'does not fit into 1.0 GB'),
    (2000000, 5e8, 'none fits into 0.5 GB')])
def test_the_advice_for_eight_processes(classes, memory, said):
    plans = make_plan(classes, 'mobilefacenet', 32, rates=RATES, workers=8)
    assert advise(plans, memory, 8).startswith(said), advise(plans, memory, 8)


@pytest.mark.parametrize('given, message', [
    (dict(classes=1), 'make_plan: classes must be >= 2, got 1'),
    (dict(batch_size=0), 'make_plan: batch_size must be >= 1, got 0'),
    (dict(workers=0), 'make_plan: workers must be >= 1, got 0'),
    (dict(sample_rate=0), r'make_plan: sample_rate must be in \(0, 1\], got 0'),
    (dict(num_sample=11), r'make_plan: num_sample must be in \[2, 10\], got 11'),
    (dict(embedding_size=-3), 'make_plan: embedding_size must be >= 1, got -3'),
    (dict(network='resnet9000'), "make_plan: network must be one of .*iresnet50.*, got 'resnet9000'")])
def test_what_cannot_be_planned(given, message):
    with pytest.raises(ValueError, match=message):
        make_plan(**{**dict(classes=10, network='mobilefacenet', batch_size=4, rates=RATES), **given})


def test_the_networks_are_those_of_the_zoo():
    assert set(IMAGE_MEMORY) <= set(SIZES)


def test_rates_are_measured():
    rates = measure_rates()
    assert 0.1 < rates.gflops < 1e5 and 0.1 < rates.gbytes < 1e4
    assert rates.seconds(rates.gflops * 1e9, rates.gbytes * 2e9) == pytest.approx(3)
