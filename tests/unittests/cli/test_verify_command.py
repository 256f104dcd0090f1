"""`gluonfr verify` and `gluonfr compare`, on a trained run."""
import numpy as np
import pytest
from cli_cases import TINY, run
from helpers import rows

from gluonfr.data import read_bin, write_bin
from gluonfr.data.image import encode


def test_verify_embed_and_compare_take_the_run(trained, data, tmp_path, capsys):
    run('verify', trained, '--data', data / 'val.bin', '--folds', 2, '--fars', 0.1, 0.01, '--csv', tmp_path / 'v.csv',
        '--plots', tmp_path / 'plots', '--no-progress', '--flip', 'sum', '--pca', 2)
    said = capsys.readouterr().out
    assert 'val: accuracy' in said and '24 pairs in 2 folds, exact thresholds, flip sum' in said
    assert said.count('TAR') == 1
    assert 'val: 12 impostor pairs cannot show FAR 0.01; the smallest is 0.0834' in said
    (row,) = rows(tmp_path / 'v.csv')
    assert 'at FAR <= 0.1, threshold {:.4f} (exact, all pairs)'.format(float(row['threshold@0.1'])) in said
    assert row['tar@0.01'] == row['threshold@0.01'] == ''
    for end in ('roc', 'scores'):
        assert (tmp_path / 'plots' / 'val-{}.png'.format(end)).stat().st_size > 0
    run('verify', trained, '--data', 'val', '--root', data, '--folds', 2, '--fars', 0.1, 0.01, '--compat', '--csv',
        tmp_path / 'v.csv', '--no-progress')
    assert [row['thresholds'] for row in rows(tmp_path / 'v.csv')] == ['exact', 'classic grid']
    assert 'thresholds of the classic grid (compat)' in capsys.readouterr().out
    run('verify', trained, '--data', data / 'val.bin', '--folds', 2, '--compat', '--distance', 'arccos',
        '--subtract-mean', '--no-progress')
    assert 'thresholds of the classic grid (compat), arccos, mean subtracted' in capsys.readouterr().out
    run('verify', trained, '--data', data / 'val.bin', '--distance', 'arccos', code=2)
    assert '--distance must be' in capsys.readouterr().err
    run('verify', trained, '--data', data / 'val.bin', '--folds', 2, '--fars', 0.5, '--csv', tmp_path / 'v.csv',
        '--no-progress', code=2)
    assert 'v.csv has the columns set, pairs' in capsys.readouterr().err and len(rows(tmp_path / 'v.csv')) == 2
    first, second = (data / 'people' / 'p0' / name for name in ('0.png', '1.png'))
    run('compare', trained, first, first, second, '--threshold', 0.9999)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 and '  1.0000  same person' in lines[0] and str(second) in lines[1]
    run('compare', trained, first, code=2)
    assert 'at least two images must be given, got 1' in capsys.readouterr().err


def test_verify_leaves_out_what_cannot_be_read(trained, data, tmp_path, capsys, caplog):
    pairs = read_bin(str(data / 'val.bin'))
    write_bin(str(tmp_path / 'bad.bin'), [b'x' if i == 9 else image for i, image in enumerate(pairs.images)],
              pairs.issame)
    words = ['verify', trained, '--data', tmp_path / 'bad.bin', '--csv', tmp_path / 'v.csv', '--no-progress']
    run(*words, code=2)
    assert 'image 9 (of pair 4)' in capsys.readouterr().err
    run(*words, '--on-error', 'skip')
    (row,) = rows(tmp_path / 'v.csv')
    assert (row['pairs'], row['skipped'], row['folds']) == ('23', '1', '10')
    assert 'bad: left out pair 4' in caplog.text and '1 of 24 pairs left out' in caplog.text
    assert 'bad: accuracy' in capsys.readouterr().out


@pytest.mark.parametrize('words', [['verify', 'RUN', '--data', 'SET', '--folds', 2],
                                   ['train', '--dataset', 'DATA', '--out', 'OUT', '--eval', 'SET', *TINY]],
                         ids=lambda words: words[0])
def test_pairs_of_several_sizes_are_found_before_anything_is_done(trained, data, tmp_path, words, capsys):
    pairs = read_bin(data / 'val.bin')
    pairs.images[9] = encode(np.zeros((20, 30, 3), np.uint8), '.png')
    write_bin(tmp_path / 'few.bin', pairs.images, pairs.issame)
    places = {'RUN': trained, 'SET': tmp_path / 'few.bin', 'DATA': data, 'OUT': tmp_path / 'out'}
    run(*(places.get(word, word) for word in words), *(['--no-progress'] if words[0] == 'verify' else []), code=2)
    error = capsys.readouterr().err
    assert 'takes images of 28 x 28 pixels, and 1 of 48 have another size, the first, image 9, 20 x 30.' in error
    assert not (tmp_path / 'out').exists()
