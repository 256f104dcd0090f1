"""The faults of scripts/mutations.py can be made: `python scripts/mutate.py` makes them and runs the tests."""
import pytest
from helpers import ROOT


@pytest.fixture(scope='module')
def mutate():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / 'scripts'))
        import mutate
        yield mutate


def test_each_text_stands_in_its_file_once_and_its_tests_are_there(mutate):
    names = [mutation.name for mutation in mutate.MUTATIONS]
    assert len(names) == len(set(names)) >= 40
    for mutation in mutate.MUTATIONS:
        compile(mutate.mutated(mutation), mutation.file, 'exec')
        tests = [word for word in mutation.tests if word.startswith('tests/')]
        assert tests and all((ROOT / path).exists() for path in tests), mutation.name


def test_a_text_that_has_changed_is_an_error(mutate):
    mutation = mutate.MUTATIONS[0]._replace(before='no such text')
    with pytest.raises(ValueError, match="margin-sign: .*functional.py must hold the text 'no such text' once"):
        mutate.mutated(mutation)


@pytest.mark.parametrize('assertion, end', [('1 == 2', 'killed'), ('1 == 1', 'survived'), ('1 ==', 'failed')])
def test_what_a_run_says(mutate, tmp_path, capsys, assertion, end):
    (tmp_path / 'test_one.py').write_text('def test_one():\n    assert ' + assertion + '\n')
    (tmp_path / 'module.py').write_text('x = 1\n')
    mutation = mutate.MUTATIONS[0]._replace(file='module.py', before='1', after='2', tests=['test_one.py'])
    assert mutate.run(mutation, tmp_path) == end
    assert (tmp_path / 'module.py').read_text() == 'x = 1\n'
    assert end in capsys.readouterr().out.lower()
