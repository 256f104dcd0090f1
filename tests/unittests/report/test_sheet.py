"""Contact sheets: names from anywhere, and no scripts."""
import pytest

pytest.importorskip('jinja2')
from gluonfr.report.sheet import Group, Item, write_sheet  # noqa: E402


def test_a_sheet_says_all_and_runs_nothing(tmp_path):
    groups = [Group('Copies (3)', 'said', [Item([('AAAA', '<b>&"one"')], '0.9', ['<script>alert(1)</script>']),
                                           Item([], '', ['caf\udce9.jpg'])], 1)]
    path = write_sheet(str(tmp_path / 'new' / 'sheet.html'), 'Is <x> clean?', '3 images', groups, ['a note'],
                       [('images', 1234)])
    with open(path, encoding='utf-8') as file:
        page = file.read()
    assert '<title>Is &lt;x&gt; clean?</title>' in page and 'images: 1,234' in page and 'and 1 more' in page
    assert '&lt;script&gt;alert(1)' in page and '<script' not in page and 'a note' in page
    assert 'src="data:image/jpeg;base64,AAAA" alt="&lt;b&gt;&amp;&#34;one&#34;"' in page and page.count('<img') == 1
