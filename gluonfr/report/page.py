"""One file of HTML: the template, the pictures and the scripts, with nothing to be fetched from anywhere."""
import base64
import hashlib
import os
from typing import Optional, Sequence, Union

from ..evaluation.result import Result
from ..utils.files import write_text
from ..utils.types import PathLike
from ..version import __version__
from .bars import differences_picture, folds_picture, groups_picture, histogram_picture
from .compared import comparisons
from .content import (advice_table, cards, number_tables, pair_groups, plain_table, repeat_parts, row_cards, said_of,
                      side_by_side)
from .curves import LINES, line_picture
from .labels import labelled, largest_section, series_of
from .map import map_picture
from .numbers import is_number
from .pictures import needs_libraries
from .run import last_verified, read_run, run_pictures, said_of_run

__all__ = ['write_report']

FOLDER = os.path.join(os.path.dirname(__file__), 'templates')
MARKS = {  # for the samples of lines, around (0, 0)
    'circle': 'M-4 0A4 4 0 1 0 4 0A4 4 0 1 0 -4 0', 'square': 'M-4 -4H4V4H-4Z', 'triangle': 'M0 -5L5 4H-5Z',
    'diamond': 'M0 -5L4 0L0 5L-4 0Z', 'inverted_triangle': 'M0 5L5 -4H-5Z', 'plus': 'M-5 0H5M0 -5V5',
    'cross': 'M-4 -4L4 4M4 -4L-4 4', 'star': 'M0 -5L1.5 -1.5L5 -1L2.4 1.4L3 5L0 3L-3 5L-2.4 1.4L-5 -1L-1.5 -1.5Z'}


def write_report(sources: Sequence[Union[Result, PathLike]], path: PathLike, *, title: Optional[str] = None,
                 faces: bool = True) -> PathLike:
    """Write a report on results and training runs: one HTML file that opens from disk, without a network.

    Parameters
    ----------
    sources : sequence of Result or str
        Results of `gluonfr evaluate`, their files, or folders of training runs; results that lie in the folder of a
        run are taken with it. The curves of all results are drawn in the same pictures.
    path : str
        The file to write, whole or not at all; its folder is made.
    title : str or None
        None makes one of the names of models and data.
    faces : bool
        Show the hardest pairs as faces, where the results have them.

    Returns
    -------
    str
        ``path``.

    Raises
    ------
    ValueError
        No source, or one that is no result and no run (`ResultError` where it is damaged); a path that is no .html.
    FileNotFoundError
        A file is missing.
    ImportError
        Bokeh or Jinja2 is missing; the message says what to run.

    Examples
    --------
    >>> import os, tempfile
    >>> from gluonfr.evaluation import Result
    >>> from gluonfr.report import write_report
    >>> section = {'protocol': 'pairs', 'version': 1, 'parameters': {}, 'notes': [], 'lines': [], 'curves': {},
    ...            'rows': [{'set': 'mine', 'acc': 0.9, 'acc_low': 0.85, 'acc_high': 0.94}]}
    >>> result = Result({'command': 'gluonfr evaluate ...'}, {'name': 'a net'}, {'name': 'mine'}, [section])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = write_report([result], os.path.join(folder, 'report.html'))
    ...     print(os.path.basename(path), os.path.getsize(path) < 5e6)
    report.html True
    """
    needs_libraries()
    check_page('write_report: path', path)
    results, runs = _open(sources)
    known = labelled(results)
    title, compared = title or _title(known, runs), comparisons(known)
    panels = [panel for panel in _panels(known, runs, compared, faces) if panel['name'] == 'summary' or any(
        panel[part] for part in ('pictures', 'tables', 'pairs', 'parts'))]
    scripts = _scripts()
    page = page_template('page.html').render(
        title=title, subtitle=_subtitle(known, runs), version=__version__, panels=panels, scripts=scripts,
        script_hashes=' '.join(map(_hash, scripts)), style_sheet=style_sheet(), marks=MARKS,
        items=_items([picture for panel in panels for picture in panel['pictures']]),
        results=len(known), **_summary(known, runs, compared))
    write_text(path, page, errors='replace')
    return path


def check_page(what, path):
    """Refuse another file than an .html: it could be one of the results."""
    if not os.fspath(path).lower().endswith(('.html', '.htm')):
        raise ValueError('{} must end with .html, got {}.'.format(what, path))


def _open(sources):
    """(results, runs) of what was given."""
    if isinstance(sources, (str, os.PathLike, Result)):
        sources = [sources]
    results, runs = [], []
    for source in sources:
        if isinstance(source, Result):
            results.append(source)
        elif os.path.isdir(source):
            runs.append(read_run(source))
            results += [Result.load(found) for found in _results_in(source)]
        else:
            results.append(Result.load(source))
    if not results and not runs:
        raise ValueError('write_report: sources must hold at least one result or run, got none.')
    return results, runs


def _results_in(folder):
    """The files of results that lie in a folder, by name: those with their .npz beside."""
    return [os.path.join(folder, name) for name in sorted(os.listdir(folder))
            if name.endswith('.json') and os.path.isfile(os.path.join(folder, name[:-5] + '.npz'))]


def _title(known, runs):
    sets = list(dict.fromkeys(str(result.data.get('name')) for _, _, result in known))
    models = list(dict.fromkeys(str((result.model or {}).get('name') or '') for _, _, result in known))
    what = models[0] or 'Scores' if len(models) == 1 else (
        '{} models'.format(len(models)) if all(models) else '{} results'.format(len(known)))
    if known:
        return '{} on {}'.format(what, sets[0] if len(sets) == 1 else '{} sets'.format(len(sets)))
    return 'Training of {}'.format(', '.join(run.name for run in runs))


def _subtitle(known, runs):
    dates = sorted({str(result.made['date'])[:10] for _, _, result in known if result.made.get('date')})
    parts = ['evaluated on ' + ' and '.join(dates[:1] + dates[1:][-1:])] if dates else []
    for run in runs:
        steps = [row['step'] for row in run.steps or run.epochs if is_number(row.get('step'))]
        parts += ['{:,} steps of training'.format(max(steps))] if steps else []
    return ' \u00b7 '.join([*parts, 'gluonfr {}'.format(__version__)])


def _summary(known, runs, compared):
    """What the first panel says."""
    several = len(known) > 1
    summary = [{'label': label, 'look': look, 'said': said_of(result), 'metrics': cards(result),
                'lines': [line for section in result.sections for line in section['lines']]}
               for label, look, result in known]
    overview = side_by_side(summary) if several else []
    for run in runs:
        rows = last_verified(run)
        summary.append({'label': 'training ' + run.name, 'look': None, 'said': said_of_run(run), 'lines': [],
                        'metrics': [metric for row in rows
                                    for metric in row_cards(row, ' on {}'.format(row.get('set')))]})
    warnings = [line for label, _, result in known for line in overlap_lines(result.overlap, label if several else '')]
    return {'summary': summary, 'overview': overview, 'notes': notes_of(known), 'warnings': warnings,
            'advice': advice_table(known),
            'assumed': list(dict.fromkeys(line for _, _, result in known for line in result.assumed)),
            'comparisons': [entry['sentence'] for entry in compared if entry.get('sentence')]}


def notes_of(known):
    """What the data cannot show; of several results with the label, unless all say it."""
    labels = {}
    for label, _, result in known:
        for note in dict.fromkeys(note for section in result.sections for note in section['notes']):
            labels.setdefault(note, []).append(label)
    return [note if len(found) == len(known) or note.startswith(found[0] + ':') else
            '{}: {}'.format(', '.join(found), note)
            for note, found in labels.items()]


def overlap_lines(overlap, label):
    """What an overlap of people says, a line for each of its entries."""
    if not overlap:
        return []
    before = label + ': ' if label else ''
    if overlap.get('sentence'):
        return [before + overlap['sentence']]
    return [before + ', '.join('{} {}'.format(name.replace('_', ' '), value) for name, value in overlap.items())]


def _panels(known, runs, compared, faces):
    """The parts of the report, with their pictures, tables and pairs."""
    several = len(known) > 1
    curves = [line_picture(kind, series_of(known, kind)) for kind in LINES if kind != 'reject']
    scores = [histogram_picture('histogram-{}'.format(i), label if several else '', section['curves']['histogram'],
                                thresholds_of(result, section))
              for i, (label, _, result, section) in enumerate(_with_histogram(known))]
    scores += [folds_picture(series_of(known, 'folds')), line_picture('reject', series_of(known, 'reject'))]
    maps = [map_picture('map-{}'.format(i), label if several else '', result.map)
            for i, (label, _, result) in enumerate(known) if result.map]
    return [
        _panel('summary', 'Summary', 'Summary'),
        _panel('curves', 'Curves', 'Errors at every threshold', curves),
        _panel('scores', 'Scores', 'Scores, folds and quality', scores),
        _panel('groups', 'Groups', 'Groups of people', [groups_picture(series_of(known, 'groups'))]),
        _panel('models', 'Models', 'Model against model', [differences_picture(compared)]),
        _panel('pairs', 'Hardest pairs', 'Where it goes wrong', pairs=pair_groups(known, faces)),
        _panel('map', 'Map', 'Embeddings in the plane', maps),
        *(_panel('training' + ('-{}'.format(i) if i else ''), 'Training' + (' ' + run.name if len(runs) > 1 else ''),
                 'How the training went', run_pictures(run), suffix='-{}'.format(i)) for i, run in enumerate(runs)),
        _panel('numbers', 'Numbers', 'All numbers', tables=number_tables(known)),
        _panel('repeat', 'Repeat it', 'All that one needs to repeat it', parts=repeat_parts(known, runs))]


def _panel(name, title, heading, pictures=(), tables=(), pairs=(), parts=(), suffix=''):
    pictures = [picture._replace(name='picture-' + picture.name + suffix) for picture in pictures if picture]
    return {'name': name, 'title': title, 'heading': heading, 'tables': tables, 'pairs': pairs, 'parts': parts,
            'pictures': [dict(picture._asdict(), people=picture.name.startswith('picture-map'), table=plain_table(
                'Values of: ' + picture.title, picture.columns, picture.rows)) for picture in pictures]}


def _with_histogram(known):
    """(label, Style, result, section) of each result with a histogram: the section with the most pairs."""
    for label, look, result in known:
        section = largest_section(result, 'histogram')
        if section:
            yield label, look, result, section


def thresholds_of(result, section):
    """(words, threshold) to draw in a histogram: the best, those at false accept rates, those that are advised."""
    found = []
    for row in section['rows'][:1]:
        for name, value in row.items():
            if is_number(value) and name.partition('@')[0] == 'threshold':
                rate = name.partition('@')[2]
                found.append(('threshold at FAR ' + rate if rate else 'best threshold', value))
    found += [('advised for FMR {:g}'.format(entry['fmr']), entry['threshold']) for entry in result.advice
              if is_number(entry.get('fmr')) and is_number(entry.get('threshold'))]
    return found


def _items(pictures):
    """The pictures as JSON for page.js, safe within HTML: one document of Bokeh, and where each of its roots goes."""
    from bokeh.document import Document
    from jinja2.utils import htmlsafe_json_dumps
    document = Document()
    for picture in pictures:
        document.add_root(picture['plot'])
    return htmlsafe_json_dumps({'document': document.to_json(deferred=False), 'places': {
        picture['plot'].id: picture['name'] for picture in pictures}})


def _scripts():
    from bokeh.resources import Resources
    return [_safe(script) for script in (*Resources(mode='inline', components=['bokeh']).js_raw, _read('page.js'))]


def style_sheet():
    """The style sheet of all pages."""
    return _safe(_read('style.css'))


def _safe(text):
    """Our own and Bokeh's text, which is no data: it goes into the page as it is."""
    from markupsafe import Markup
    if '</script' in text.lower() or '</style' in text.lower():
        raise ValueError('a script or style sheet of the report holds its own end.')
    return Markup(text)


def _hash(script):
    """A script as the page's content security policy names it: no other runs."""
    return "'sha256-{}'".format(base64.b64encode(hashlib.sha256(script.encode('utf-8')).digest()).decode())


def _read(name):
    with open(os.path.join(FOLDER, name), encoding='utf-8') as file:
        return file.read()


def page_template(name):
    """A template among those of the package, of Jinja2."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    return Environment(loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
                       lstrip_blocks=True).get_template(name)
