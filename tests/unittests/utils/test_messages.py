"""Parts of messages."""
from gluonfr.utils.messages import counted


def test_one_is_no_plural():
    assert [counted(n, 'fold') for n in (0, 1, 2)] == ['0 folds', '1 fold', '2 folds']
    assert [counted(n, 'person', 'people') for n in (1, 2)] == ['1 person', '2 people']
