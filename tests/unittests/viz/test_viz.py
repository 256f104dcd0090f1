"""gluonfr.viz: what is drawn is looked at by eye; here the files, the ranges, the state of pyplot and bad input."""
import os
from pathlib import Path

import numpy as np
import pytest

from gluonfr import viz

pytest.importorskip('matplotlib')
pytest.importorskip('seaborn')


def blobs(n=200, size=2, classes=10, seed=0):
    rng = np.random.RandomState(seed)
    labels = rng.randint(0, classes, n)
    return rng.randn(classes, size)[labels] * 5 + rng.randn(n, size), labels


def pixels(path):
    image = pytest.importorskip('PIL.Image').open(path)
    return np.asarray(image.convert('RGB'))


@pytest.mark.parametrize('size', [1, 2, 3, 8])
def test_embeddings_of_every_size_give_a_small_png(tmp_path, size):
    embeddings, labels = blobs(size=size)
    path = viz.plot_embeddings(embeddings, labels, str(tmp_path / 'new' / 'a.png'), title='t',
                               centres=np.zeros((10, size)))
    assert 1000 < os.path.getsize(path) < 60000
    assert pixels(path).std() > 5
    assert os.listdir(os.path.dirname(path)) == ['a.png']


@pytest.mark.parametrize('size', [2, 3, 8])
def test_angles_of_every_size_give_a_small_png(tmp_path, size):
    embeddings, labels = blobs(size=size)
    for name, centres in (('a.png', None), ('b.png', np.random.RandomState(0).randn(10, size))):
        path = viz.plot_angles(embeddings, labels, str(tmp_path / name), centres=centres)
        assert 1000 < os.path.getsize(path) < 60000


def test_thousands_of_points_stay_below_60_kb(tmp_path):
    embeddings, labels = blobs(20000)
    assert os.path.getsize(viz.plot_embeddings(embeddings, labels, str(tmp_path / 'a.png'))) < 60000
    assert os.path.getsize(viz.plot_angles(embeddings, labels, str(tmp_path / 'b.png'))) < 60000


def rays(seed=0, n=2000):
    """Ten classes as rays from the origin, as a softmax net leaves MNIST: the classes overlap in the middle only."""
    rng = np.random.RandomState(seed)
    labels = np.arange(n) % 10
    turn = labels * np.pi / 5
    return np.stack([np.cos(turn), np.sin(turn)], 1) * rng.uniform(0, 9, (n, 1)) + 0.3 * rng.randn(n, 2), labels


def class_colours():
    """The ten colours that classes are drawn in, (10,3) of 0..255."""
    from gluonfr.viz.figure import palette
    return np.round(255 * np.array(palette(10)))


def distance(a, b):
    return np.sqrt(((np.asarray(a, float) - np.asarray(b, float)) ** 2).sum(axis=-1))


@pytest.fixture
def drawn(monkeypatch):
    """The pixels of each picture before it is saved."""
    from gluonfr.viz import figure
    kept, save = [], figure.with_palette
    monkeypatch.setattr(figure, 'with_palette', lambda pixels, colours: kept.append(pixels) or save(pixels, colours))
    return kept


@pytest.mark.parametrize('draw', [viz.plot_embeddings, viz.plot_angles])
def test_a_png_has_the_colours_that_were_drawn(tmp_path, drawn, draw):
    path = draw(*rays(), str(tmp_path / 'a.png'))
    assert distance(pixels(path), drawn[0]).max() < 25
    assert distance(pixels(path), drawn[0]).mean() < 1
    for colour in class_colours():      # the class numbers are written in the plain colours: these are kept as they are
        assert (pixels(path) == colour).all(axis=-1).sum() > 10, colour


def test_a_gif_has_the_colours_that_were_drawn(tmp_path, drawn):
    image = pytest.importorskip('PIL.Image')
    paths = [viz.plot_embeddings(*rays(k), str(tmp_path / f'{k}.png')) for k in range(3)]
    gif = image.open(viz.make_gif(paths, str(tmp_path / 'a.gif'), max_side=576))
    for k, wanted in enumerate(drawn):
        gif.seek(k)
        saved = np.asarray(gif.convert('RGB'))
        assert distance(saved, wanted).max() < 45 and distance(saved, wanted).mean() < 2
        for number, colour in enumerate(class_colours()):
            mine = saved[distance(wanted, colour) < 2]
            near = distance(mine[:, None], class_colours()).argmin(axis=1)
            assert len(mine) > 10 and (near == number).all(), f'class {number} is saved in the colours of {set(near)}'


def test_a_palette_is_exact_where_it_can_be_and_near_elsewhere():
    from gluonfr.viz.colours import apply_palette, drawn_palette
    few = np.array([[[255, 0, 0], [254, 0, 0], [0, 0, 255]]], 'uint8')
    palette = drawn_palette(few, 3)
    assert (palette[apply_palette(few, palette)] == few).all()
    many = np.random.RandomState(0).randint(0, 256, (40, 40, 3)).astype('uint8')
    many[0, 0] = 255, 0, 0                              # one pixel of its own among noise without red
    many[1:, :, 0] //= 2
    palette = drawn_palette(many, 64)
    assert len(palette) <= 64 and distance(palette[:, None], many.reshape(-1, 3)).min(axis=1).max() == 0
    chosen = palette[apply_palette(many, palette)]
    assert distance(chosen, many).max() < 70 and distance(chosen[0, 0], [255, 0, 0]) < 70


@pytest.fixture
def figures(monkeypatch):
    """The figures that are drawn, in place of files."""
    kept = []
    for module in (viz.embeddings, viz.angles, viz.curves):
        monkeypatch.setattr(module, 'save_png', lambda figure, path: kept.append(figure))
    return kept


def numbers(axes):
    """{class number: where it is written}."""
    return {text.get_text(): text.get_position() for text in axes.texts if text.get_text().isdigit()}


def test_one_class_and_one_point(figures):
    viz.plot_embeddings(np.zeros((1, 2)), [0], 'a.png')
    viz.plot_angles(np.ones((1, 2)), [0], 'b.png')
    viz.plot_angles(np.ones((3, 5)), [0, 0, 0], 'c.png')
    plane, circle, histogram = (figure.axes[0] for figure in figures)
    assert numbers(plane) == {'0': (0, 0)} and plane.get_xlim() == plane.get_ylim() == (-0.5, 0.5)
    assert [list(offset) for offset in plane.collections[0].get_offsets()] == [[0, 0]]
    x, y = numbers(circle)['0']                     # beside an arrow to the only direction there is
    assert len(numbers(circle)) == 1 and x == pytest.approx(y) and x > 0
    assert [text.get_text() for text in histogram.get_legend().get_texts()] == ['own centre, mean 0.0']


def test_more_than_ten_classes(figures):
    embeddings, labels = blobs(classes=23)
    viz.plot_embeddings(embeddings, labels, 'a.png')
    (axes,) = figures[0].axes
    assert set(numbers(axes)) == {str(k) for k in range(23)}
    for k in range(23):
        assert numbers(axes)[str(k)] == pytest.approx(np.median(embeddings[labels == k], axis=0))
    assert len({text.get_color() for text in axes.texts}) == 23


def test_ndarrays_are_taken(tmp_path):
    mx = pytest.importorskip('mxnet')
    embeddings, labels = blobs()
    for draw in (viz.plot_embeddings, viz.plot_angles):
        files = [draw(embeddings.astype('float32'), labels, str(tmp_path / 'a.png')),
                 draw(mx.nd.array(embeddings), mx.nd.array(labels), str(tmp_path / 'b.png'))]
        assert Path(files[0]).read_bytes() == Path(files[1]).read_bytes()


def test_pyplot_and_its_settings_are_left_alone(tmp_path):
    import matplotlib
    from matplotlib import pyplot
    before, settings = pyplot.get_fignums(), dict(matplotlib.rcParams)
    embeddings, labels = blobs()
    viz.plot_embeddings(embeddings, labels, str(tmp_path / 'a.png'))
    viz.plot_angles(embeddings, labels, str(tmp_path / 'b.png'))
    viz.plot_curves([{'epoch': 1, 'loss': 1.0}], str(tmp_path / 'c.png'))
    assert pyplot.get_fignums() == before
    assert dict(matplotlib.rcParams) == settings


def test_the_same_data_give_the_same_file(tmp_path):
    embeddings, labels = blobs()
    a = viz.plot_embeddings(embeddings, labels, str(tmp_path / 'a.png'))
    b = viz.plot_embeddings(embeddings, labels, str(tmp_path / 'b.png'))
    assert Path(a).read_bytes() == Path(b).read_bytes()


def test_limits_hold_every_point_of_every_epoch_and_have_one_width():
    frames = [blobs(seed=k)[0] * (k + 1) for k in range(3)]
    limits = viz.embedding_limits(frames, quantile=1)
    for frame in frames:
        assert (frame > limits[:, 0]).all() and (frame < limits[:, 1]).all()
    widths = limits[:, 1] - limits[:, 0]
    assert np.allclose(widths, widths[0])


def test_limits_ignore_a_stray_point_but_not_a_class():
    embeddings, _ = blobs(5000)
    stray = np.concatenate([embeddings, [[1e4, 0]]])
    assert np.allclose(viz.embedding_limits(stray), viz.embedding_limits(embeddings), rtol=0.05, atol=0.5)
    far = np.concatenate([embeddings, np.full((100, 2), 100.0)])
    assert viz.embedding_limits(far)[0, 1] > 100


def test_limits_of_a_single_point_have_an_extent():
    limits = viz.embedding_limits(np.ones((1, 2)))
    assert (limits[:, 1] > limits[:, 0]).all()


def test_projection_is_linear_with_fixed_signs():
    embeddings, _ = blobs(size=6)
    one, two = viz.fit_projection(embeddings), viz.fit_projection(embeddings[::-1])
    assert np.allclose(one.components_, two.components_)
    assert np.allclose(one.transform(embeddings), (embeddings - embeddings.mean(0)) @ one.components_.T)


def test_curves_take_csv_strings_and_gaps(tmp_path):
    rows = [{'epoch': '1', 'loss': '2.3', 'train_accuracy': '', 'test_accuracy': '0.5'},
            {'epoch': '2', 'loss': '1.3', 'train_accuracy': '0.8', 'test_accuracy': '0.9'}]
    assert os.path.getsize(viz.plot_curves(rows, str(tmp_path / 'a.png'))) < 60000


def test_curves_say_what_they_show(figures):
    pairs = [{'epoch': .5 * i, 'set': name, 'acc': str(.5 + .1 * i)} for i in (1, 2) for name in ('lfw', 'mine')]
    history = [{'epoch': .1 * i, 'loss': 2 - .1 * i, 'accuracy': .5} for i in range(11)]
    viz.plot_curves(history, 'a.png', title='a net', verification=pairs)
    left, right = figures[0].axes
    assert figures[0]._suptitle.get_text() == 'a net'
    assert [axes.get_xlabel() for axes in (left, right)] == ['epoch', 'epoch']
    assert (left.get_ylabel(), right.get_ylabel()) == ('loss', 'accuracy in %')
    said = [text.get_text() for text in right.get_legend().get_texts()]
    assert said == ['train, last 50.00', 'lfw, last 70.00', 'mine, last 70.00']
    assert [list(line.get_xdata()) for line in right.lines[1:]] == [[.5, 1]] * 2
    assert len({line.get_color() for line in right.lines}) == 3


def test_gif_has_all_frames_and_holds_the_last(tmp_path):
    image = pytest.importorskip('PIL.Image')
    paths = [viz.plot_embeddings(*blobs(seed=k), str(tmp_path / f'{k}.png')) for k in range(3)]
    out = viz.make_gif(paths, str(tmp_path / 'a.gif'), fps=4, hold=1, max_side=200)
    gif = image.open(out)
    durations = []
    for k in range(gif.n_frames):
        gif.seek(k)
        durations.append(gif.info['duration'])
    assert durations == [250, 250, 1250] and max(gif.size) == 200 and gif.info['loop'] == 0
    assert os.path.getsize(out) < 200000


def test_a_single_frame_is_a_gif_too(tmp_path):
    image = pytest.importorskip('PIL.Image')
    path = viz.plot_embeddings(*blobs(), str(tmp_path / 'a.png'))
    gif = image.open(viz.make_gif([path], str(tmp_path / 'a.gif'), fps=4, hold=1))
    assert gif.info['duration'] == 1250


@pytest.mark.parametrize('call, words', [
    (lambda p: viz.plot_embeddings(np.zeros(3), [0, 0, 0], p), r'embeddings must be \(N,D\)'),
    (lambda p: viz.plot_embeddings(np.zeros((0, 2)), [], p), 'N >= 1'),
    (lambda p: viz.plot_embeddings(np.zeros((3, 2)), [0, 0], p), r'labels must be \(N,\) = \(3,\)'),
    (lambda p: viz.plot_embeddings(np.full((3, 2), np.nan), [0, 0, 0], p), 'finite, got 3 rows'),
    (lambda p: viz.plot_embeddings(np.zeros((3, 2)), [0, 0, 0], p, max_points=0), 'max_points must be >= 1'),
    (lambda p: viz.plot_embeddings(np.zeros((3, 2)), [0, 0, 0], p, limits=[[1, 0], [0, 1]]), 'low < high'),
    (lambda p: viz.plot_embeddings(np.zeros((3, 2)), [0, 0, 0], p, centres=np.zeros((3, 4))), 'centres must be'),
    (lambda p: viz.plot_angles(np.ones((3, 1)), [0, 0, 0], p), 'D >= 2'),
    (lambda p: viz.plot_angles(np.zeros((3, 2)), [0, 0, 0], p), 'must not all be zero'),
    (lambda p: viz.plot_angles(np.ones((3, 2)), [0, 1, 2], p, centres=np.ones((2, 2))), 'C > 2'),
    (lambda p: viz.plot_curves([], p), 'non-empty list'),
    (lambda p: viz.embedding_limits([]), 'of one D'),
    (lambda p: viz.embedding_limits(np.ones((2, 2)), quantile=0.2), r'quantile must be in \(0.5, 1\]'),
    (lambda p: viz.make_gif([], p), 'at least one picture'),
    (lambda p: viz.make_gif(['a.png'], p, fps=0), 'fps must be > 0'),
    (lambda p: viz.make_gif(['a.png'], p, hold=-1), 'hold must be >= 0'),
    (lambda p: viz.make_gif(['a.png'], p, colours=1), r'colours must be in \[2, 256\]'),
])
def test_bad_input_is_refused_by_name(tmp_path, call, words):
    with pytest.raises(ValueError, match=words):
        call(str(tmp_path / 'a.png'))
    assert not os.listdir(str(tmp_path))


def test_a_missing_frame_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match='1 of 1 pictures are missing, the first is nowhere.png'):
        viz.make_gif(['nowhere.png'], str(tmp_path / 'a.gif'))
