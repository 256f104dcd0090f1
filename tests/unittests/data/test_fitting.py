"""Sets that fit a net, and images that have not the size that it takes."""
import argparse

import numpy as np
import pytest
from cli_cases import make_data

from gluonfr.data.fitting import check_images, open_training_set, open_verification_sets
from gluonfr.data.image import encode


def dataset(size, labels=(0, 1), **more):
    return argparse.Namespace(size_of=lambda i: size, labels=list(labels), **more)


@pytest.mark.parametrize('size, wanted, resizable, end', [
    ((128, 128), (112, 112), True, '--resize 112 --out DIR` brings them to that size, network_args input_size=128 the '
                                   'net to theirs.'),
    ((28, 28), (112, 112), True, 'to that size.'), ((128, 112), (112, 112), True, 'to that size.'),
    ((128, 128), (28, 28), False, '--resize 28 --out DIR` brings them to that size.')])
def test_images_of_another_size_are_told_what_helps(size, wanted, resizable, end):
    with pytest.raises(ValueError) as error:
        check_images(dataset(size), 'people', 'net', wanted, resizable=resizable)
    assert str(error.value).startswith("dataset='people': net takes images of ") and str(error.value).endswith(end)


def test_images_that_fit():
    check_images(dataset((28, 28), one_size=True), 'people', 'net', (28, 28))
    with pytest.raises(ValueError, match="dataset='people' must hold at least 2 people, whom a net learns to tell"):
        check_images(dataset((28, 28), [3, 3], one_size=True), 'people', 'net', (28, 28))


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    return make_data(tmp_path_factory.mktemp('data'))


def test_people_to_train_on(folder, tmp_path):
    people = open_training_set(folder.name, network='net', size=(28, 28), root=str(folder.parent))
    assert (len(people), people.num_classes) == (48, 6)
    for out, said in (('people/run', 'out must not lie among the photographs of dataset='), ('run', None)):
        given = dict(network='net', size=(28, 28), out=str(folder / out))
        if said:
            with pytest.raises(ValueError, match=said):
                open_training_set(str(folder / 'people'), **given)
        else:
            assert len(open_training_set(str(folder / 'people'), **given)) == 48
    for person in 'ab':
        (tmp_path / person).mkdir()
        (tmp_path / person / '1.png').write_bytes(encode(np.zeros((128, 128, 3), np.uint8), '.png'))
    with pytest.raises(ValueError, match=r'net takes images of 112 x 112 pixels, got 128 x 128.*the net to theirs.$'):
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
