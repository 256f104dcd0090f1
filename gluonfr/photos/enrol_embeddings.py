"""From embeddings that are there already to an `Enrolled`."""
from typing import Tuple

from ..deploy.gallery import check_one_net, read_gallery
from .enrolled import Enrolled, is_enrolled

__all__ = ['enrol_embeddings']


def enrol_embeddings(path: str, source: str) -> Tuple[int, int]:
    """Enrol the people of a file of embeddings, or of another gallery; a gallery that is not there is made.

    A copy of a gallery holds nothing of people who were removed from it.

    Parameters
    ----------
    path : str
        Folder of the gallery.
    source : str
        A .npz of `gluonfr embed`, or the folder of an `Enrolled`.

    Returns
    -------
    (int, int)
        Photos that were enrolled, those that their person had already not counted; and photos of nobody.

    Raises
    ------
    ValueError
        The two are of different nets, or the source does not say its net.
    """
    unnamed = []
    if is_enrolled(source):
        found = Enrolled(source)
        size, options = found.size, found.options
        people = ((name, found.embeddings(name), [photo[:2] for photo in found.photos(name)])
                  for name in found.people())
    else:
        found = read_gallery(source)
        if found.net is None:
            raise ValueError('{} must say of which network it is, as a .npz of `gluonfr embed` does.'.format(source))
        size, options, rows = found.embeddings.shape[1], {}, {}
        for i, name in enumerate(found.people):
            rows.setdefault(name, []).append(i)
        unnamed = rows.pop('', [])
        people = ((name, found.embeddings[of], [(found.paths[i], '') for i in of]) for name, of in rows.items())
    if is_enrolled(path):
        gallery = Enrolled(path)
        check_one_net(path, gallery.net, source, found.net)
    else:
        gallery = Enrolled.create(path, found.net, size, found.advice, options)
    return gallery.enrol_all(people), len(unnamed)
