"""Tables of the README and docs hold what registries, cards and csv files say, and the gallery has every picture."""
import importlib
import re

import pytest
from helpers import ROOT

from gluonfr.loss import get_loss_list
from gluonfr.model_zoo import get_model_list


@pytest.fixture
def tables(monkeypatch):
    """The module scripts/tables.py."""
    monkeypatch.syspath_prepend(str(ROOT / 'scripts'))
    return importlib.import_module('tables')


def test_every_table_is_up_to_date(tables):
    old = [page for (page, name), make in tables.TABLES.items()
           if '\n\n'.join((tables.MARKS[0].format(name), make(), tables.MARKS[1]))
           not in (ROOT / page).read_text(encoding='utf-8')]
    assert not old, 'run: python scripts/tables.py'


def test_tables_name_every_loss_and_net(tables):
    assert [row.split(' | ')[0][2:] for row in tables.losses().splitlines()[2:]] == get_loss_list()
    assert sorted(row.split(' | ')[0][2:] for row in tables.nets().splitlines()[2:]) == get_model_list()


def test_every_loss_stands_in_one_table_to_choose_from(tables):
    rows = [row for kind in tables.KINDS for row in tables.choices(kind).splitlines()[2:]]
    assert sorted(row.split('`')[1] for row in rows) == get_loss_list()
    shown = {row.split('`')[1]: [cell.strip() for cell in row.split(' | ')] for row in rows}
    assert shown['triplet'][2] == '`mining`, batches of groups' and shown['ringloss'][2] == '`lamda`'
    assert shown['cosloss'][2] == '' and shown['cosloss'][3] == '`m=0.35 s=64` |'
    assert '`arcface` and `cosloss` have one number' in shown['combined'][1]


def test_the_gallery_has_every_picture():
    shown = set(re.findall(r'resources/(mnist-[^)]+)', (ROOT / 'docs' / 'gallery.md').read_text(encoding='utf-8')))
    assert shown == {str(path.relative_to(ROOT / 'resources')) for path in (ROOT / 'resources').glob('mnist-*/*')}


@pytest.mark.parametrize('values, verdict', [((1.5, 2.25), ', missed once'), ((1.5, 1.25), ', missed'), ((3.0,), '')])
def test_the_table_of_speed_shows_every_pass(tables, tmp_path, monkeypatch, values, verdict):
    ratios = tables.ratios
    monkeypatch.setattr(ratios, 'RESULTS', str(tmp_path))
    lines = ['task,pass,contestant,measure,value,goal,met'] + [
        'mobilefacenet,{},PyTorch,speed,{},>= 2,{}'.format(number, value, 'yes' if value >= 2 else 'no')
        for number, value in enumerate(values, 1)]
    (tmp_path / 'benchmark-train.csv').write_text('\n'.join(lines + ['mobilefacenet,1,other,speed,3,,']))
    shown = ' and '.join('{:.2f}'.format(value) for value in values)
    assert ratios.table().splitlines()[2:] == [
        '| {} | PyTorch | {}x as fast | >= 2{} |'.format(ratios.TASKS['train', 'mobilefacenet'], shown, verdict)]


def test_the_table_of_engines_has_every_contestant(tables, tmp_path, monkeypatch):
    ratios = tables.ratios
    monkeypatch.setattr(ratios, 'RESULTS', str(tmp_path))
    assert ratios.engines() == ratios.files() == 'It is measured by `python scripts/benchmark/engines.py --save`.'
    lines = ['task,pass,contestant,images_per_second,threads', 'mobilefacenet,1,OpenVINO,,',
             'mobilefacenet,1,"gluonfr, best engine",1234.5,2 (mxnet)',
             'mobilefacenet,2,"gluonfr, best engine",1250,2 (openvino)', 'iresnet50,1,"gluonfr, mxnet",20.4,2 (mxnet)',
             'mobilefacenet-bits,1,"PyTorch, bfloat16",30,2', 'files,1,Embedder,40,2 (mxnet)']
    (tmp_path / 'benchmark-engines.csv').write_text('\n'.join(lines))
    assert ratios.engines().splitlines()[2:] == [
        '| gluonfr, best engine | 1,234 (mxnet) and 1,250 (openvino) |  |', '| gluonfr, mxnet |  | 20 |',
        '| PyTorch, bfloat16 | 30 |  |']
    assert ratios.files().splitlines()[1:] == ['|---|---|---|', '| Embedder | 40 (mxnet) |  |']


@pytest.mark.parametrize('kept', [0, 1])
def test_a_page_that_lost_a_mark_loses_nothing_more(tables, tmp_path, kept):
    page, marks = tmp_path / 'README.md', tables.marks('results')
    page.write_text('before\n' + marks[kept] + '\nafter\n')
    with pytest.raises(ValueError, match='README.md must hold the marks'):
        tables.replace_marked(str(page), marks, 'table')
    assert page.read_text() == 'before\n' + marks[kept] + '\nafter\n'


@pytest.mark.parametrize('language', ['architecture.svg', 'architecture_zh.svg'])
def test_the_picture_of_the_architecture_is_what_its_script_draws(monkeypatch, language):
    monkeypatch.syspath_prepend(str(ROOT / 'docs'))
    drawn = importlib.import_module('architecture').draw(int('zh' in language))
    assert (ROOT / 'docs' / language).read_text(encoding='utf-8') == drawn, 'run: python docs/architecture.py'
