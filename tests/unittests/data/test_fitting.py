"""Sets that a training takes, and those that do not fit its net."""
import numpy as np
import pytest
from cli_cases import make_data

from gluonfr.data.fitting import open_training_set, open_verification_sets
from gluonfr.data.image import encode


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    return make_data(tmp_path_factory.mktemp('data'))


def test_people_to_train_on(folder, tmp_path):
    people = open_training_set(folder.name, network='net', size=(28, 28), root=str(folder.parent))
    assert (len(people), people.num_classes) == (48, 6)
    assert len(open_training_set(str(folder / 'people'), network='net', size=(28, 28), out=str(folder / 'run'))) == 48
    with pytest.raises(ValueError, match='out must not lie among the photographs of '):
        open_training_set(str(folder / 'people'), network='net', size=(28, 28), out=str(folder / 'people' / 'run'))
    for person in 'ab':
        (tmp_path / person).mkdir()
        (tmp_path / person / '1.png').write_bytes(encode(np.zeros((128, 128, 3), np.uint8), '.png'))
        if person == 'a':
            with pytest.raises(ValueError, match='at least 2 people, whom a network learns to tell apart, got 1'):
                open_training_set(str(tmp_path), network='net', size=(128, 128))
    with pytest.raises(ValueError, match=r'net takes images of 112 x 112 pixels, got 128.*the network to theirs.$'):
        open_training_set(str(tmp_path), network='net', size=(112, 112), resizable=True)


def test_pairs_to_verify_on(folder):
    path = str(folder / 'val.bin')
    sets = open_verification_sets([path + ','], network='net', size=(28, 28), nfolds=2)
    assert list(sets) == ['val'] and len(sets['val']) == 24
    with pytest.raises(ValueError, match=r"pairs='.*val.bin': net takes images of 112 x 112 pixels, and 48 of 48"):
        open_verification_sets([path], network='net', size=(112, 112))
    with pytest.raises(ValueError, match='verification sets must have different names'):
        open_verification_sets([path, path], network='net', size=(28, 28), nfolds=2)
    with pytest.raises(ValueError, match='nfolds must be at most'):
        open_verification_sets([path], network='net', size=(28, 28), nfolds=100)
