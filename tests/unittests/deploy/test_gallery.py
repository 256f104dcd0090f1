"""Files of embeddings: whose a face is where there are paths alone."""
import pytest

from gluonfr.deploy.gallery import _people_of_folders


@pytest.mark.parametrize('paths, people', [
    (['x/p0/a.png', 'x/p1/b/c.png', 'x/p1/d.png', 'x/e.png'], ['p0', 'p1', 'p1', '']),
    (['x/p0/a.png', 'x/p0/b.png'], ['', '']), (['1', '2'], ['', '']), (['p0/a.png', 'p1/a.png'], ['p0', 'p1']),
    ([], []), (['/x/a.png', 'y/a.png'], ['', ''])])
def test_people_of_paths_alone(paths, people):
    assert _people_of_folders(paths) == people
