"""Which photographs are trained on, and what is said of the others."""
import numpy as np
import pytest

pytest.importorskip('mxnet')
from helpers import rows  # noqa: E402

from gluonfr.finetune import Chosen  # noqa: E402
from gluonfr.finetune.photos import _by_findings, write_photos  # noqa: E402
from gluonfr.photos import Finding  # noqa: E402

KEYS = ['ann/1.jpg', 'ann/2.jpg', 'bob/1.jpg', 'bob/2.jpg', 'eve/1.jpg']
FINDINGS = [Finding('unreadable', 'bob/3.jpg', '', None, action='exclude', why='empty'),
            Finding('left out', 'notes.txt', '', None, why='no image'),
            Finding('size', 0, 'ann', 12.0, action='exclude', why='it is small'),
            Finding('wrong label', 1, 'ann', 0.8, proposed='bob', action='exclude', why='it resembles bob'),
            Finding('near copy', 2, 'bob', 0.99, action='exclude', why='a like image is kept'),
            Finding('copy', 3, 'bob', 1.0, action='exclude', why='the same image is kept'),
            Finding('few', 4, 'eve', None, action='exclude', why='1 image')]


def test_copies_are_left_out_and_doubts_are_reported_only():
    other = {}
    left_out, doubted = _by_findings(FINDINGS, KEYS, other, True)
    assert set(left_out) == {0, 2, 3} and doubted == 1
    assert other['ann/2.jpg'] == ('ann', 'used', 'used; wrong label: it resembles bob')
    assert other['bob/3.jpg'] == ('bob', 'unreadable', 'empty') and other['notes.txt'] == ('', 'ignored', 'no image')
    assert set(_by_findings(FINDINGS, KEYS, {}, False)[0]) == {0}  # of another size no network has an embedding


def test_the_table_has_all_in_the_order_of_their_names(tmp_path):
    other = {'b/3.jpg': ('b', 'unreadable', 'empty'), 'a/1.jpg': ('a', 'used', 'used; stranger: alone')}
    chosen = Chosen(None, np.array(['b', 'a']), ['b/1.jpg', 'a/1.jpg'], other, [])
    write_photos(str(tmp_path), chosen, np.array([1, 0]))
    assert [tuple(row.values()) for row in rows(tmp_path / 'photos.csv')] == [
        ('a/1.jpg', 'a', 'used', '1', 'used; stranger: alone'), ('b/1.jpg', 'b', 'used', '2', ''),
        ('b/3.jpg', 'b', 'unreadable', '', 'empty')]
