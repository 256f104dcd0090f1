"""scripts/finetune_lfw.py on drawn people in the layout of LFW."""
import itertools
import runpy

import pytest
from helpers import ROOT, rows

pytest.importorskip('mxnet')
pytest.importorskip('bokeh')
pytest.importorskip('jinja2')
from finetune_cases import write_start  # noqa: E402

from gluonfr.data import SyntheticFaces, encode  # noqa: E402


def test_each_part_has_a_row_and_is_not_made_again(tmp_path, capsys):
    faces = SyntheticFaces(12, 6, size=32)
    for i in range(len(faces)):  # the last four people have too few images, and make the pairs
        image, label = faces.read(i)
        if label < 8 or i % 6 < 3:
            path = tmp_path / 'lfw' / 'P{}'.format(label) / 'P{}_{:04d}.jpg'.format(label, i % 6 + 1)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encode(image, '.jpg'))
    lines = ['P{}\t{}\t{}'.format(person, *pair) for person in range(8, 12) for pair in ((1, 2), (1, 3), (2, 3))]
    lines += ['P{}\t{}\tP{}\t{}'.format(a, i, b, i) for a, b in itertools.combinations(range(8, 12), 2) for i in (1, 2)]
    (tmp_path / 'pairs.txt').write_text('\n'.join(['1\t12', *lines]) + '\n')
    write_start(tmp_path / 'start')
    script = runpy.run_path(str(ROOT / 'scripts' / 'finetune_lfw.py'))
    words = ['--people', str(tmp_path / 'lfw'), '--pairs', str(tmp_path / 'pairs.txt'), '--net',
             str(tmp_path / 'start'), '--parts', 'same', 'degraded', 'fold1', '--seeds', '1', '--outputs',
             str(tmp_path / 'out'), '--csv', str(tmp_path / 'rows.csv'), '--options', 'epochs=1', 'folds=2', 'lr=0.01']
    script['main'](words)
    found = rows(tmp_path / 'rows.csv')
    assert [(row['part'], row['people'], row['images'], row['pairs']) for row in found] == [
        ('same', '8', '48', '24'), ('degraded', '8', '48', '24'), ('fold1', '8', '48', '24')]
    for row in found:
        assert float(row['difference']) == pytest.approx(float(row['result']) - float(row['start']), abs=2e-4)
        assert row['kept'] == 'finetuned' or float(row['difference']) == 0 and row['command'].startswith('python ')
        assert float(row['held_out_low']) <= float(row['held_out_high']) and row['seconds'].isdecimal()
    script['main'](words)
    assert 'fold1 0 is there' in capsys.readouterr().out and rows(tmp_path / 'rows.csv') == found
