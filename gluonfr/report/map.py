"""The picture of embeddings in the plane."""
import numpy as np

from .pictures import COLOURS, MARKERS, Picture, new_plot, safe_text

__all__ = ['map_picture']


def map_picture(name, label, found):
    """Embeddings in the plane, a mark for each image; who it is stands in the box under the mouse.

    Parameters
    ----------
    name, label : str
        Of the picture, and of the result for its title.
    found : dict
        x, y, person (index into names), names.

    Returns
    -------
    Picture or None
        None where no image has a place.
    """
    from bokeh.models import ColumnDataSource
    x, y, person = (np.array(found[key], dtype) for key, dtype in
                    (('x', 'float64'), ('y', 'float64'), ('person', 'int64')))
    known = np.isfinite(x) & np.isfinite(y) & (person >= 0) & (person < len(found['names']))
    if not known.any():
        return None
    x, y, person = x[known], y[known], person[known]
    plot = new_plot('', '', height=520, tips=[('', '@name')], match_aspect=True, max_width=760)
    plot.hover.attachment = 'horizontal'
    names = [safe_text(who) for who in found['names']]
    looks = [(COLOURS[k % len(COLOURS)], MARKERS[k // len(COLOURS) % 5]) for k in range(len(names))]
    source = ColumnDataSource({'x': x.astype('float32'), 'y': y.astype('float32'), 'name': [names[k] for k in person],
                               'person': person.astype('int32'), 'colour': [looks[k][0] for k in person],
                               'marker': [looks[k][1] for k in person]})
    plot.scatter('x', 'y', source=source, size=7 if len(x) < 1000 else 5, color='colour', marker='marker',
                 fill_alpha=0.6, line_alpha=0.9, nonselection_alpha=0.08, name='people')
    counts = np.bincount(person, minlength=len(names))
    most = np.argsort(-counts, kind='stable')[:12]
    return Picture(name, 'Embeddings in the plane' + (': ' + label if label else ''),
                   'Each mark is an image; its colour and form stand for a person. Two of many dimensions are shown: '
                   'what lies apart here differs, what lies together may still differ in the others.', plot, [],
                   ['person', 'images', 'x in the middle', 'y in the middle'],
                   [[found['names'][k], str(counts[k]), '{:.3f}'.format(np.median(x[person == k])),
                     '{:.3f}'.format(np.median(y[person == k]))] for k in most if counts[k]])
