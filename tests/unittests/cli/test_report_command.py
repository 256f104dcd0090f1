"""gluonfr report: results and runs as a page, without MXNet."""
import pytest
from report_cases import make_result, make_run

from gluonfr.cli import main

pytest.importorskip('bokeh')


def test_a_result_and_a_run_become_a_page(tmp_path, capsys):
    result, run, out = tmp_path / 'mine', make_run(tmp_path), tmp_path / 'pages' / 'report.html'
    make_result(pairs=100).save(str(result))
    assert main(['report', str(result) + '.json', str(run), '--out', str(out), '--title', 'Mine & <yours>',
                 '--no-faces']) == 0
    assert capsys.readouterr().out == 'report: {}\n'.format(out)
    text = out.read_text(encoding='utf-8')
    assert '<title>Mine &amp; &lt;yours&gt;</title>' in text and 'image/jpeg' not in text


@pytest.mark.parametrize('name, said', [
    ('none', 'there is no result'), ('other.json', 'is no result of'), ('.', 'is no folder of a training run')])
def test_what_is_no_result_is_refused(tmp_path, capsys, name, said):
    (tmp_path / 'other.json').write_text('{}')
    assert main(['report', str(tmp_path / name), '--out', str(tmp_path / 'report.html')]) == 2
    error = capsys.readouterr().err
    assert error.startswith('gluonfr report: ') and said in error and not (tmp_path / 'report.html').exists()
