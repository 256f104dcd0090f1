"""Two models on the same pairs, and thresholds at a chosen false match rate."""
import numpy as np
import pytest
from evaluation_cases import people_and_embeddings

from gluonfr.evaluation import GivenPeople, Result, advise, compare_results, evaluate, open_given
from gluonfr.metrics import advise_threshold, compare_models

NAMES, EMBEDDINGS = people_and_embeddings(20, 3)


def result_of(embeddings, name='mine', **options):
    given = GivenPeople(name, '', NAMES[:len(embeddings)], embeddings=embeddings, names=list(range(len(embeddings))),
                        sha256='ab', **options)
    return evaluate(given, protocols=['pairs'], hardest=0, plane=None).result


def worse(noise):
    return EMBEDDINGS + noise * np.random.RandomState(1).randn(*EMBEDDINGS.shape)


def balanced(result):
    """The same result with as many pairs of two people as of one."""
    same = result.arrays['same']
    kept = np.sort(np.concatenate([np.flatnonzero(same), np.flatnonzero(~same)[::25][:same.sum()]]))
    for name in ('scores', 'same', 'first', 'second'):
        result._arrays[name] = result.arrays[name][kept]
    return result


def test_a_result_is_compared_with_an_earlier_one():
    before, now = (balanced(result_of(embeddings)) for embeddings in (worse(8), EMBEDDINGS))
    accuracy, tar = compare_results(now, before, fars=[0.1], names=('old', 'new'))
    pairs = now.arrays
    people = [pairs['people'][pairs[side]] for side in ('first', 'second')]
    expected = compare_models(before.arrays['scores'], pairs['scores'], pairs['same'], *people, names=('old', 'new'))
    assert accuracy == {'first': 'old', 'second': 'new', **expected._asdict()}
    assert accuracy['difference'] > 0 and accuracy['shown'] and accuracy['sentence'].startswith('new is better')
    assert tar['measure'] == 'TAR at FAR 0.1'


def test_what_is_compared_is_what_the_pairs_can_show():
    assert [found['measure'] for found in compare_results(result_of(EMBEDDINGS), result_of(worse(8)))] == [
        'TAR at FAR 0.001']
    few = balanced(result_of(EMBEDDINGS))
    assert [found['measure'] for found in compare_results(few, few)] == ['accuracy', 'TAR at FAR 0.1']


def test_no_difference_is_said_so(tmp_path):
    result_of(EMBEDDINGS).save(tmp_path / 'old')
    now = result_of(EMBEDDINGS)
    (found,) = now.compared = compare_results(now, Result.load(tmp_path / 'old'))
    assert found['difference'] == 0 and found['sentence'].startswith('No difference shown')
    assert (found['first'], found['second']) == ('mine before', 'mine now')
    now.save(tmp_path / 'new')
    assert Result.load(tmp_path / 'new').compared == [found]


def test_results_of_other_pairs_are_refused(tmp_path):
    with pytest.raises(ValueError, match='must be of the same pairs, got mine .ab. and mine .ab.: evaluate both'):
        compare_results(result_of(EMBEDDINGS), result_of(EMBEDDINGS[:30]))
    (tmp_path / 'mine.csv').write_text('score,same\n0.9,1\n0.1,0\n0.8,1\n0.2,0\n')
    scores = evaluate(open_given(tmp_path / 'mine.csv')).result
    with pytest.raises(ValueError, match='results must be of the same pairs'):
        compare_results(result_of(EMBEDDINGS), scores)
    assert compare_results(scores, scores)[0]['people'] is None
    nothing = result_of(EMBEDDINGS)
    nothing._arrays = {}
    with pytest.raises(ValueError, match='results must have scores of pairs, got 0 of mine'):
        compare_results(nothing, scores)


def test_thresholds_are_advised_with_all_that_they_hold_for():
    result = result_of(EMBEDDINGS)
    result.model = {'flip': 'sum', 'precision': 'int8'}
    loose, strict = advise(result, [0.1, 0.01])
    pairs = result.arrays
    people = [pairs['people'][pairs[side]] for side in ('first', 'second')]
    expected = advise_threshold(pairs['scores'], pairs['same'], *people, fmr=0.1)
    assert {key: loose[key] for key in expected._fields} == expected._asdict()
    assert loose['threshold'] < strict['threshold'] and strict['low'] <= strict['threshold'] <= strict['high']
    assert (loose['flip'], loose['precision'], loose['data'], loose['data_sha256']) == ('sum', 'int8', 'mine', 'ab')
    assert loose['sentence'].startswith('mine: threshold ') and 'for FMR 0.1, by 20 people' in loose['sentence']


def test_a_threshold_needs_people_and_pairs_enough(tmp_path):
    with pytest.raises(ValueError, match='cannot show FMR 1e-05'):
        advise(result_of(EMBEDDINGS), [1e-5])
    result = result_of(EMBEDDINGS)
    assert [advice['fmr'] for advice in advise(result, [1e-5, 0.1])] == [0.1]
    assert result.assumed[-1] == ('mine: 1710 impostor pairs cannot show FMR 1e-05; the smallest is 0.000585: no '
                                  'threshold is advised.')
    (tmp_path / 'mine.csv').write_text('score,same\n0.9,1\n0.1,0\n')
    with pytest.raises(ValueError, match='mine has no pairs whose people are known'):
        advise(evaluate(open_given(tmp_path / 'mine.csv')).result, [0.1])
