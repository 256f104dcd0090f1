"""Batches of a training set: of all its images in turn, or of groups of people."""
import numpy as np
import pytest
from cli_cases import make_data

from gluonfr.data.fitting import open_training_set
from gluonfr.data.loading.training_loader import default_batch, training_loader
from gluonfr.model_zoo import get_model


@pytest.mark.parametrize('images, batch', [(48, 8), (143, 32), (300, 64), (511, 64), (512, 128), (5, 5), (1, 1),
                                           (10 ** 6, 128)])
def test_the_default_batch_fits_the_set(images, batch):
    assert default_batch(images) == batch


def test_batches_of_people(tmp_path):
    people = open_training_set(str(make_data(tmp_path)), network='lenetplus', size=(28, 28))
    spec = get_model('lenetplus').input_spec
    loader = training_loader(people, 'people', spec=spec, workers=0)
    assert (loader.batch_size, len(loader)) == (8, 6)
    x, label = next(iter(training_loader(people, 'people', spec=spec, groups=(3, 2), workers=0)))
    assert x.shape[0] == 6 and sorted(np.unique(label.asnumpy(), return_counts=True)[1]) == [2, 2, 2]
    with pytest.raises(ValueError, match='batch_size must be at most 48, the images of people, got 49'):
        training_loader(people, 'people', spec=spec, batch_size=49)
    people = open_training_set(str(tmp_path / 'people'), network='lenetplus', size=(28, 28))
    with pytest.raises(ValueError, match="data_iter='dali' needs a .rec, got people: make one with `gluonfr"):
        training_loader(people, 'people', spec=spec, data_iter='dali')
