"""gluonfr.convert.recognise: the name and arguments of a net by what its weights show."""
import pytest

from gluonfr.convert.recognise import IRESNETS, MOBILEFACENETS, Traits, recognise

R34 = Traits(IRESNETS, {'units': (3, 4, 6, 3)}, {'epsilon': 2e-5, 'embedding_size': 24})


@pytest.mark.parametrize('traits, model, found', [
    (R34, None, ('iresnet34', {'embedding_size': 24})),
    (R34._replace(structure={'units': (1, 1, 1, 1)}), None,  # all differ: the first
     ('iresnet50', {'units': (1, 1, 1, 1), 'embedding_size': 24})),
    (R34, 'iresnet18', ('iresnet18', {'embedding_size': 24})),  # the name says the units
    (R34, 'mbf', ('mbf', {'epsilon': 2e-5, 'embedding_size': 24})),  # whether it fits is seen later
    (R34, 'lenetplus', ('lenetplus', {'embedding_size': 24})),  # which has no epsilon
    (Traits(MOBILEFACENETS, {}, {'last_bn': (False, False), 'std': 128}), None, ('mobilefacenet_y1', {})),
    (Traits(MOBILEFACENETS, {}, {'last_bn': (True, False), 'embedding_size': 512}), None, ('mbf', {})),
    (Traits(MOBILEFACENETS, {}, {'input_size': (112, 112)}), None, ('mobilefacenet', {}))])
def test_the_name_with_the_fewest_arguments(traits, model, found):
    assert recognise(traits, model) == found
