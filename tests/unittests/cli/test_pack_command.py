"""`gluonfr pack`, and what is packed in the other commands."""
import json
import shutil

import pytest
from cli_cases import run, train

pytest.importorskip('tensorboardX', reason='pip install tensorboardX')


def test_pack_lists_what_it_left_out(data, tmp_path, capsys):
    people = tmp_path / 'people'
    shutil.copytree(str(data / 'people'), str(people))
    (people / 'p1' / 'bad.jpg').write_bytes(b'')
    for i in range(22):
        (people / 'p0' / '{:02}.txt'.format(i)).write_text('')
    run('pack', 'folder', people, '--out', tmp_path / 'out', '--on-error', 'skip', '--no-progress')
    lines = capsys.readouterr().out.splitlines()
    assert 'skipped {}/p1/bad.jpg: the image is empty (0 bytes).'.format(people) in lines
    assert 'left out p0/00.txt: no image by the suffix' in lines and len(lines) == 23
    assert lines[-1] == 'left out 2 more: {} lists all'.format(tmp_path / 'out' / 'pack.json')
    card = json.loads((tmp_path / 'out' / 'pack.json').read_text())
    assert ['p0/21.txt', 'no image by the suffix'] in card['ignored']


@pytest.mark.parametrize('words', [
    ['pack', 'folder', 'people', '--out', 'people/x'], ['pack', 'folder', 'people', '--out', 'people'],
    ['embed', 'lenetplus_softmax', 'people', '--out', 'people/x/e.npz'],
    ['embed', 'lenetplus_softmax', 'people', '--out', 'e.npz', '--plot', 'people/p0/e.png'],
    ['export', 'lenetplus_softmax', '--onnx', 'people/x/n.onnx', '--int8', '--calibrate', 'people']], ids=' '.join)
def test_nothing_is_written_among_the_photographs(data, tmp_path, monkeypatch, words, capsys):
    shutil.copytree(str(data / 'people'), str(tmp_path / 'people'))
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob('*'))
    run(*words, code=2)
    assert ' must not lie among the photographs of people, where it would be taken for one' in capsys.readouterr().err
    assert sorted(tmp_path.rglob('*')) == before


def test_a_packed_folder_may_hold_other_sets(data, tmp_path):
    run('pack', 'folder', data / 'people', '--out', tmp_path / 'mine', '--no-progress')
    run('pack', 'folder', tmp_path / 'mine', '--max-people', 2, '--out', tmp_path / 'mine' / 'few', '--no-progress')
    assert (tmp_path / 'mine' / 'few' / 'train.rec').is_file()


def test_pack_and_train_and_verify_by_name(data, tmp_path, capsys):
    run('pack', 'folder', data / 'people', '--out', tmp_path / 'mine', '--split', 0.34, '--no-progress')
    assert '32 images of 4 people, 32 copied byte for byte' in capsys.readouterr().out
    pairs = tmp_path / 'pairs.txt'
    pairs.write_text(''.join('p{}/0.png\tp{}/{}.png\t{}\n'.format(a, b, c, int(a == b))
                             for a, b, c in [(0, 0, 1), (0, 1, 0), (2, 2, 3), (2, 3, 0)] * 2))
    run('pack', 'pairs', pairs, '--root', data / 'people', '--out', tmp_path / 'mine' / 'few.bin', '--no-progress')
    train('mine', tmp_path / 'run', '--root', tmp_path, '--steps', 2, '--eval', 'few', '--eval-folds', 2)
    run('verify', tmp_path / 'run', '--root', tmp_path, '--data', 'mine/few', '--folds', 2, '--no-progress')
    assert 'mine/few: accuracy' in capsys.readouterr().out
