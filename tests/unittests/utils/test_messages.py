"""gluonfr.utils.messages: lists of names, and the errors of other packages in a sentence."""
import pytest

from gluonfr.utils.messages import describe, error_sentence, names, printable


@pytest.mark.parametrize('found, most, said', [
    ([], 2, 'none'), (['a'], 2, 'a'), (['a', 'b'], 2, 'a, b'), (['a', 'b', 'c', 'd'], 2, 'a, b and 2 more')])
def test_names(found, most, said):
    assert names(found, most) == said


def test_an_error_of_another_package_is_one_line_of_bounded_length():
    said = describe(RuntimeError('one\n  two ' + 'x' * 400))
    assert said.startswith('RuntimeError: one two xxx') and len(said) == len('RuntimeError: ') + 300


def test_the_first_line_of_an_error_with_its_kind():
    assert error_sentence(ValueError('\n  first\nsecond')) == 'ValueError: first'
    assert error_sentence(ValueError()) == 'ValueError: '


@pytest.mark.mxnet
def test_errors_of_mxnet_lose_their_stack_traces():
    import mxnet as mx
    from mxnet import nd
    assert error_sentence(mx.MXNetError('Traceback (most recent call last):\n  File "x.cc"\nError: it is so')) == \
        'Error: it is so'
    assert error_sentence(mx.MXNetError('it is so\nStack trace:\n  [0]')) == 'it is so'
    with pytest.raises(mx.MXNetError) as caught:
        nd.ones((2, 3)).reshape((4, 2)).wait_to_read()
    said = error_sentence(caught.value)
    assert '\n' not in said and 'Traceback' not in said and 'Shape' in said.title()


@pytest.mark.parametrize('text, shown', [
    ('\x1b]0;title\x07\x1b[2Jann', r'\x1b]0;title\x07\x1b[2Jann'), ('ann\rbob', r'ann\x0dbob'), ('\x9b2J', r'\x9b2J'),
    ('\u202egpj.ann', r'\u202egpj.ann'), ('a\tb\n\u5b89 \xe9 ok', 'a\tb\n\u5b89 \xe9 ok')])
def test_a_terminal_gets_no_commands(text, shown):
    assert printable(text) == shown
