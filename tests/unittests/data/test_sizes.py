"""Images that have not the size that a net takes."""
import argparse

import pytest

from gluonfr.data.sizes import check_images


def dataset(size, **more):
    return argparse.Namespace(size_of=lambda i: size, **more)


@pytest.mark.parametrize('size, wanted, resizable, end', [
    ((128, 128), (112, 112), True, '--resize 112 --out DIR` brings them to that size, network_args input_size=128 the '
                                   'network to theirs.'),
    ((28, 28), (112, 112), True, 'to that size.'), ((128, 112), (112, 112), True, 'to that size.'),
    ((128, 128), (28, 28), False, '--resize 28 --out DIR` brings them to that size.')])
def test_images_of_another_size_are_told_what_helps(size, wanted, resizable, end):
    with pytest.raises(ValueError) as error:
        check_images(dataset(size), 'people', 'net', wanted, resizable=resizable)
    assert str(error.value).startswith("dataset='people': net takes images of ") and str(error.value).endswith(end)


def test_images_that_fit():
    check_images(dataset((28, 28), one_size=True), 'people', 'net', (28, 28))
