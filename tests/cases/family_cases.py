"""The smallest net of each family, and a way into a net, that the tests of model_zoo share."""
import pytest

SMALLEST = ['se_resnet18_v2', 'attention_net56', 'resnet18_v1b_face']
SIDE = 32
CLASSES = 4
smallest = pytest.mark.parametrize('name', SMALLEST)


def blocks(net, kind):
    """All blocks of a class inside ``net``, in order."""
    found = []
    net.apply(lambda b: found.append(b) if isinstance(b, kind) else None)
    return found
