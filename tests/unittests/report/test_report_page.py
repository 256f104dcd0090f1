"""gluonfr.report: what stands in the page, what is refused, and that names in the data stay names."""
import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from gluonfr.compat import without_module
from gluonfr.evaluation.result import Result, ResultError
from gluonfr.report import write_report
from gluonfr.report.compared import comparisons
from gluonfr.report.content import pair_groups
from gluonfr.report.curves import LINES, line_picture
from gluonfr.report.labels import labelled
from gluonfr.report.pictures import COLOURS, axis_names, style

bokeh = pytest.importorskip('bokeh')
pytest.importorskip('jinja2')
from report_cases import EVIL, evil_result, make_result, make_run, thumb  # noqa: E402


class Page(HTMLParser):
    """The tags, ids, text and scripts of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.ids, self.controls, self.scripts, self.data, self.words, self._open = [], [], [], [], '', [], ''
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.tags.append((tag, attributes))
        self._open = 'data' if attributes.get('type') == 'application/json' else tag
        if tag == 'script' and self._open != 'data':
            self.scripts.append('')
        if 'id' in attributes:
            self.ids.append(attributes['id'])
        if 'aria-controls' in attributes:
            self.controls.append(attributes['aria-controls'])

    def handle_endtag(self, tag):
        self._open = ''

    def handle_data(self, data):
        if self._open == 'script':
            self.scripts[-1] += data
        elif self._open == 'data':
            self.data += data
        elif self._open != 'style':
            self.words.append(data)


def page(sources, tmp_path, **options):
    path = write_report(sources, str(tmp_path / 'new' / 'report.html'), **options)
    with open(path, encoding='utf-8') as file:
        return Page(file.read())


@pytest.fixture(scope='module')
def whole(tmp_path_factory):
    """The page of two results and a run, and its size."""
    folder = tmp_path_factory.mktemp('report')
    found = page([make_result(), make_result('other', gap=2.5, seed=1, pairs=600), make_run(folder)], folder)
    return found, (folder / 'new' / 'report.html').stat().st_size


@pytest.fixture(scope='module')
def plain(tmp_path_factory):
    """The page of one result."""
    return page([make_result(pairs=200)], tmp_path_factory.mktemp('plain'))


def test_every_part_is_there_under_its_tab(whole):
    found, _ = whole
    assert found.controls == ['summary', 'curves', 'scores', 'groups', 'pairs', 'map', 'training', 'numbers', 'repeat']
    assert set(found.controls) <= set(found.ids)
    pictures = json.loads(found.data)['places'].values()
    assert [name[len('picture-'):] for name in pictures] == [
        'roc', 'det', 'cmc', 'dir', 'distractors', 'histogram-0', 'histogram-1', 'folds', 'reject', 'groups', 'map-0',
        'map-1', 'run-loss-0', 'run-accuracy-0', 'run-rate-0', 'run-speed-0']
    assert set(pictures) <= set(found.ids)


def test_ids_are_unique_and_all_that_is_labelled_is_there(whole):
    found, _ = whole
    assert len(set(found.ids)) == len(found.ids)
    for tag, attributes in found.tags:
        for name in ('aria-labelledby', 'for'):
            assert attributes.get(name, 'summary') in found.ids, (tag, attributes)
        assert tag != 'img' or attributes['alt']


def test_nothing_is_fetched_and_only_its_own_scripts_may_run(whole):
    found, size = whole
    assert size < 5e6
    for tag, attributes in found.tags:
        assert tag not in ('link', 'iframe', 'object', 'base', 'form'), tag
        assert attributes.get('src', 'data:').startswith('data:') and 'href' not in attributes
        assert not [name for name in attributes if name.startswith('on')]
    policy, = (attributes['content'] for tag, attributes in found.tags if tag == 'meta'
               and attributes.get('http-equiv') == 'Content-Security-Policy')
    hashes = ["'sha256-{}'".format(base64.b64encode(hashlib.sha256(script.encode()).digest()).decode())
              for script in found.scripts]
    assert "default-src 'none'; script-src {};".format(' '.join(hashes)) in policy and 'eval' not in policy


def test_what_the_summary_says(whole):
    words = ' '.join(' '.join(whole[0].words).split())
    for said in ('2 models on drawn', 'rank-1', '95 % interval 90.00 to 95.50 %', 'What these data cannot show',
                 '1,000 impostors cannot show FAR 1e-6; the smallest is 1e-3.', 'Which threshold?', 'training run',
                 "gluonfr evaluate mobilefacenet --data 'drawn'", 64 * 'c', 'p3/c.png: it does not decode'):
        assert said in words


def test_models_are_compared_on_the_same_pairs():
    first, second = make_result(pairs=200), make_result('other', gap=2.5, pairs=200)
    entry, tar = comparisons(labelled([first, second]))
    assert (entry['first'], entry['second'], entry['measure']) == ('mobilefacenet', 'other', 'accuracy')
    assert entry['difference'] < 0 and 'accuracy of mobilefacenet' in entry['sentence']
    assert tar['measure'] == 'TAR at FAR 0.01'
    entry, = comparisons(labelled([first, make_result('other', pairs=100)]))
    assert entry['sentence'].startswith('other is not compared with mobilefacenet: ') and 'difference' not in entry
    third = make_result('third', pairs=200)
    third.data['sha256'] = 64 * 'd'
    assert comparisons(labelled([first, third])) == []  # on other data
    third.compared = [{'sentence': 'as it was said'}]
    assert [entry['sentence'] for entry in comparisons(labelled([first, third]))] == ['as it was said']


def test_names_of_pairs_lose_the_folder_that_all_share(plain):
    assert 'p0/a.png' in ' '.join(plain.words)
    result = make_result(pairs=200)
    for pairs in result.hardest.values():
        for pair in pairs:
            pair.update(first_name='home/people/' + pair['first_name'], second_name='home/people/p/x.png')
    said = pair_groups(labelled([result]), True)[0]['pairs'][0]
    assert (said['first'], said['second']) == ('p0/a.png', 'p/x.png')


def test_names_are_text_wherever_they_stand(tmp_path, plain):
    found = page([evil_result()], tmp_path)
    assert {tag for tag, _ in found.tags} <= {tag for tag, _ in plain.tags}
    assert found.scripts == plain.scripts and '<' not in found.data
    assert sum(EVIL in word for word in found.words) > 50
    names = json.dumps(json.loads(found.data))
    assert '$$x' not in names and 'onerror' in names  # not a formula, and the name all the same


def test_without_faces_no_picture_of_one_is_in_the_page(tmp_path, plain):
    without = page([without_curves(make_result(pairs=200))], tmp_path, faces=False)
    images = [attributes['src'] for tag, attributes in plain.tags if tag == 'img']
    assert len(images) == 24 and images[0] == 'data:image/jpeg;base64,' + thumb(0)
    assert not [tag for tag, _ in without.tags if tag == 'img'] and 'base64,' not in ' '.join(without.words)
    assert 'score 0.9000' in without.words


def without_curves(result):
    """The result with nothing to draw, which is quick."""
    result.map = None
    for section in result.sections:
        section['curves'] = {}
    return result


def test_a_thumbnail_that_is_no_base64_is_left_out_and_a_name_in_other_bytes_written(tmp_path):
    result = without_curves(make_result(pairs=200))
    result.hardest['false_accepts'][0].update(first_thumb='"><script>', first_name='caf\udce9.png')
    found = page([result], tmp_path)
    assert len([tag for tag, _ in found.tags if tag == 'img']) == 22 and 'caf?.png' in found.words


def test_parts_that_a_result_lacks_have_no_tab(tmp_path):
    bare = Result({'command': 'c'}, None, {'name': 'scores.csv'}, [
        {'protocol': 'pairs', 'version': 1, 'parameters': {}, 'rows': [{'set': 'scores.csv', 'acc': .9}], 'notes': [],
         'lines': [], 'curves': {'roc': {'far': [0, 1], 'tar': [.5, 1]}, 'unknown': {'x': [1]}}}])
    found = page([bare], tmp_path)
    assert found.controls == ['summary', 'curves', 'numbers', 'repeat'] and 'no interval is known' in found.words
    assert 'Scores on scores.csv' in found.words


def test_a_run_is_taken_with_the_results_in_its_folder(tmp_path):
    run = make_run(tmp_path)
    without_curves(make_result(pairs=100)).save(str(run / 'lfw'))
    found = page([str(run)], tmp_path)
    assert 'pairs' in found.controls and 'training' in found.controls
    assert 'accuracy on val' in found.words and '85.00 %' in found.words


def test_a_run_that_has_just_begun(tmp_path):
    run = tmp_path / 'begun'
    run.mkdir()
    (run / 'recipe.json').write_text('{}')
    assert page([str(run)], tmp_path).controls == ['summary', 'repeat']
    (run / 'steps.csv').write_text('epoch,step,loss,accuracy\n1,10,nan,\n1,20,2.5,\n1,x,2.4,\n1,3')  # killed meanwhile
    (run / 'verify.csv').write_text('step,epoch,set,acc,std\n10,1,val,,\n')
    assert list(json.loads(page([str(run)], tmp_path).data)['places'].values()) == ['picture-run-loss-0']


def test_a_run_with_a_teacher_shows_the_distance(tmp_path):
    run = tmp_path / 'taught'
    run.mkdir()
    (run / 'recipe.json').write_text('{}')
    (run / 'steps.csv').write_text('epoch,step,loss,distance\n1,10,2.5,0.9\n1,20,2.4,0.5\n')
    assert list(json.loads(page([str(run)], tmp_path).data)['places'].values()) == [
        'picture-run-loss-0', 'picture-run-distance-0']


@pytest.mark.parametrize('content, error, said', [
    (None, FileNotFoundError, 'there is no result'), ('{}', ResultError, 'is no result of `gluonfr evaluate`'),
    ('{"format": "gluonfr-result", "version": 99}', ResultError, 'later gluonfr')])
def test_what_is_no_result_is_refused_by_name(tmp_path, content, error, said):
    path = tmp_path / 'mine.json'
    if content is not None:
        path.write_text(content)
    with pytest.raises(error, match=said) as raised:
        page([str(path)], tmp_path)
    assert 'mine.json' in str(raised.value) and not (tmp_path / 'new').exists()


def test_a_result_is_not_written_over(tmp_path):
    make_result().save(tmp_path / 'mine')
    before = (tmp_path / 'mine.json').read_bytes()
    for name in ('mine.json', 'mine.npz', 'mine'):
        with pytest.raises(ValueError, match='write_report: path must end with .html, got .*' + name):
            write_report(tmp_path / 'mine.json', tmp_path / name)
    assert (tmp_path / 'mine.json').read_bytes() == before


def test_results_without_a_model_are_no_models_and_notes_have_one_name(tmp_path):
    sources = [make_result(), make_result('other')]
    sources[1].model, sources[1].data['name'] = None, 'scores'
    sources[1].sections[0]['notes'] = ['scores: 3 impostor pairs cannot show FAR 0.1; the smallest is 0.334']
    row = sources[1].sections[0]['rows'][0]
    row.update(acc=1.0, acc_low=1.0, acc_high=1.0)
    said = ' '.join(page(sources, tmp_path).words)
    assert '2 results on 2 sets' in said and 'scores: scores:' not in said
    assert 'no interval: no pair is wrong' in said


def test_no_sources_and_a_folder_without_a_run_are_refused(tmp_path):
    with pytest.raises(ValueError, match='at least one result or run'):
        page([], tmp_path)
    with pytest.raises(ValueError, match='is no folder of a training run'):
        page([str(tmp_path)], tmp_path)


@pytest.mark.parametrize('module', ['bokeh', 'jinja2'])
def test_a_missing_library_is_named_with_the_command(tmp_path, module):
    said = r'packages bokeh and jinja2.* Run: pip install .*\[report\]'
    with without_module(module), pytest.raises(ImportError, match=said):
        page([make_result()], tmp_path)


def drawn(kind, **curve):
    """The x and y of the line that a curve becomes."""
    picture = line_picture(kind, [('a', style(0), curve)])
    line, = (found for found in picture.plot.renderers if type(found.glyph).__name__ == 'Line')
    return line.data_source.data['x'], line.data_source.data['y']


def test_a_roc_is_drawn_in_steps_from_the_decade_of_its_smallest_far():
    x, y = drawn('roc', far=[0, 0.003, 0.1, 1], tar=[0.2, 0.5, 0.9, 1], threshold=[9, 3, 2, 1])
    np.testing.assert_allclose(x, [0.001, 0.003, 0.003, 0.1, 0.1, 1, 1], rtol=1e-6)
    np.testing.assert_allclose(y, [20, 20, 50, 50, 90, 90, 100])


def test_a_det_is_drawn_on_probits_without_what_has_none():
    x, y = drawn('det', fmr=[0, 0.0227501, 0.5], fnmr=[1, 0.158655, 0])
    np.testing.assert_allclose([x[0], y[0]], [-2, -1], atol=1e-4)
    assert len(x) == 1


@pytest.mark.parametrize('kind', sorted(LINES))
@pytest.mark.parametrize('values', [[], [None], [None, None]])
def test_a_curve_without_points_is_no_picture(kind, values):
    about = LINES[kind]
    assert line_picture(kind, [('a', style(0), {about.x: values, about.y: values})]) is None


def contrast(a, b):
    """The contrast of two colours by WCAG 2."""
    light = sorted(sum(weight * (value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4)
                       for weight, value in zip((0.2126, 0.7152, 0.0722),
                                                (int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5))))
                   for colour in (a, b))
    return (light[1] + 0.05) / (light[0] + 0.05)


@pytest.mark.parametrize('colour', COLOURS)
def test_curves_are_seen_on_both_papers(colour):
    assert min(contrast(colour, paper) for paper in ('#ffffff', '#15181c')) >= 3


def test_texts_have_contrast_in_every_scheme():
    with open(re.sub(r'pictures\.py$', 'templates/style.css', style.__code__.co_filename), encoding='utf-8') as file:
        sheet = file.read()
    schemes = [dict(re.findall(r'--([a-z-]+): (#[0-9a-f]{6})', block))
               for block in re.findall(r':root \{.*?\}', sheet, re.S)]
    assert len(schemes) == 3
    for scheme in schemes:
        for ink in ('ink', 'soft', 'accent'):
            assert min(contrast(scheme[ink], scheme[paper]) for paper in ('paper', 'card')) >= 4.5, (ink, scheme)
        assert contrast(scheme['warn'], scheme['warn-paper']) >= 4.5


def test_styles_differ_without_colour():
    looks = [style(k) for k in range(8)]
    assert len({look.marker for look in looks}) == len({look.dash for look in looks}) == 8


def test_names_that_begin_alike_have_places_of_their_own():
    names = ['a' * 40 + 'b', 'a' * 40 + 'c', 'short', 'short']
    labels = axis_names(names)
    assert len(set(labels.values())) == 3 and all(len(label) <= 24 for label in labels.values())
