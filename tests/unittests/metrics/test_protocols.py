"""Every protocol that is registered keeps to its contract: right numbers, plain cells, faults told beforehand."""
import csv
import io
import json

import numpy as np
import pytest
from protocol_cases import PROTOCOL_CASES

from gluonfr.metrics import PROTOCOLS, get_protocol


def test_each_protocol_has_a_case():
    assert set(PROTOCOL_CASES) == set(PROTOCOLS.names()), (
        'a protocol that is registered needs a case in PROTOCOL_CASES of tests/cases/protocol_cases.py, and none else')


@pytest.fixture(params=sorted(PROTOCOL_CASES))
def name(request):
    return request.param


@pytest.fixture
def case(name):
    return PROTOCOL_CASES[name]()


def parts(embeddings):
    """The arrays that embeddings are: two, where they are of a gallery and of probes."""
    return embeddings if isinstance(embeddings, tuple) else (embeddings,)


def changed(embeddings, change):
    """Embeddings after a change of each part."""
    return tuple(map(change, embeddings)) if isinstance(embeddings, tuple) else change(embeddings)


def measured(name, case, embeddings=None):
    protocol = get_protocol(name, **case.parameters)
    return protocol, protocol.measure(case.embeddings if embeddings is None else embeddings, case.truth, 'small')


def test_the_numbers_are_those_of_slow_loops(name, case):
    _, (rows, scores, genuine, _) = measured(name, case)
    assert len(rows) == len(case.cells)
    for row, cells in zip(rows, case.cells):
        for column, value in cells.items():
            assert row[column] == (value if value is None else pytest.approx(value, abs=1e-5)), column
    np.testing.assert_allclose(scores, case.scores, rtol=0, atol=2e-7)  # of float32, if a protocol says so
    np.testing.assert_array_equal(genuine, case.genuine)


def test_rows_are_plain_and_begin_with_the_set(name, case):
    """They go into a csv, a log and a card."""
    protocol, (rows, _, _, _) = measured(name, case)
    for row in rows:
        assert next(iter(row)) == 'set' and str(row['set']).startswith('small')
        assert json.loads(json.dumps(row)) == row and {type(value) for value in row.values()} <= {
            str, int, float, type(None)}
        csv.DictWriter(io.StringIO(), list(row)).writerow(row)
        lines = protocol.lines(row)
        assert lines and all(line.startswith(row['set'] + ': ') and '\n' not in line for line in lines)


def test_curves_are_short_and_plain(name, case):
    """They go into a JSON file and a picture."""
    protocol, (_, _, _, curves) = measured(name, case)
    assert type(protocol.version) is int and protocol.version >= 1 and curves
    for columns in curves.values():
        assert json.loads(json.dumps(columns, allow_nan=False)) == columns
        assert all(isinstance(values, list) and len(values) <= 500 for values in columns.values())


def test_the_length_of_embeddings_does_not_count_and_they_stay_as_they_are(name, case):
    before = changed(case.embeddings, np.copy)
    longer = changed(case.embeddings, lambda part: part * np.random.RandomState(0).uniform(0.5, 2, (len(part), 1)))
    (rows, scores, *_), (again, other, *_) = measured(name, case)[1], measured(name, case, longer)[1]
    np.testing.assert_allclose(scores, other, rtol=0, atol=2e-7)
    assert [list(row) for row in rows] == [list(row) for row in again]
    for part, copy in zip(parts(case.embeddings), parts(before)):
        np.testing.assert_array_equal(part, copy)


def test_what_a_set_cannot_show_is_said_beforehand(name, case):
    assert get_protocol(name, **case.parameters).notes(case.truth, 'small') == case.notes


def test_what_is_of_no_use_is_refused_before_and_after_embedding(name, case):
    protocol = get_protocol(name, **case.parameters)
    assert case.bad_truths
    for truth, message in case.bad_truths:
        with pytest.raises(ValueError, match=message):
            protocol.notes(truth, 'small')
        with pytest.raises(ValueError, match=message):
            protocol.measure(case.embeddings, truth, 'small')


def test_embeddings_that_do_not_fit_are_refused(name, case):
    protocol = get_protocol(name, **case.parameters)
    broken = changed(case.embeddings, np.copy)
    parts(broken)[-1][-1, 0] = np.nan
    for embeddings in (broken, changed(case.embeddings, lambda part: part[:-2])):
        with pytest.raises(ValueError, match='finite|must be'):
            protocol.measure(embeddings, case.truth, 'small')


def test_parameters(name, case):
    for parameters, message in case.bad_parameters:
        with pytest.raises(ValueError, match=message):
            get_protocol(name.upper(), **parameters)
    with pytest.raises(TypeError, match="protocol {!r}: unknown argument 'nothing'. Signature: ".format(name)):
        get_protocol(name, nothing=1)


def test_an_unknown_protocol():
    with pytest.raises(ValueError, match="unknown protocol 'kfolds'. Did you mean 'kfold'. Known: .*kfold"):
        get_protocol('kfolds')
