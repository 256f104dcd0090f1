"""`gluonfr train --finetune`: weights to begin with, and those that do not fit."""
import mxnet as mx
import numpy as np
import pytest
from cli_cases import train

from gluonfr.train import starting_net
from gluonfr.deploy import read_card, write_card
from gluonfr.model_zoo import InputSpec, get_model

pytest.importorskip('tensorboardX', reason='pip install tensorboardX')


def test_finetune(trained, data, tmp_path, capsys):
    for name, source in (('run', trained), ('params', trained / 'checkpoint' / 'best.params'),
                         ('npz', trained / 'checkpoint' / 'best.npz')):
        train(data, tmp_path / name, '--steps', 1, '--lr', 0, '--momentum', 0, '--finetune', source)
    before = mx.nd.load(str(trained / 'checkpoint' / 'best.params'))
    for name in ('run', 'params', 'npz'):  # at the rate 0 a run ends with what it was given
        after = mx.nd.load(str(tmp_path / name / 'checkpoint' / 'last.params'))
        assert before.keys() == after.keys()
        assert all((before[key].asnumpy() == after[key].asnumpy()).all() for key in before)


@pytest.mark.parametrize('words, said', [
    (['RUN', '--embedding-size', '3'],
     '--finetune RUN: these are weights of lenetplus with --embedding-size 2, and --network has --embedding-size 3. '
     'Give no --network-args and no --embedding-size.'),
    (['RUN', '--network-args', 'prelu_last=True'], 'with prelu_last=False, and --network has prelu_last=True'),
    (['RUN', '--network', 'miniresnet18'], 'these are weights of lenetplus, and --network is miniresnet18. Give '
                                           '--network lenetplus.'),
    (['begun', '--network', 'miniresnet18'], "weights of lenetplus, and --network is miniresnet18. Give --network "
                                             "lenetplus --embedding-size 5 --network-args prelu_last=True."),
    (['begun'], "weights of lenetplus with --embedding-size 5 prelu_last=True, and --network has --embedding-size 2 "
                "prelu_last=False. Give --embedding-size 5 --network-args prelu_last=True."),
    (['wide', '--network', 'miniresnet18'], 'Give --network lenetplus --embedding-size 3.'),
    (['W600K_MBF'], 'weights of mbf, and --network is lenetplus. Give --network mbf.'),
    (['RUN/checkpoint/best.params', '--network-args', 'prelu_last=True'], 'missing features.'),
    (['RUN/checkpoint/best.npz', '--network-args', 'prelu_last=True'], 'is missing'),
    (['graph'], 'weights of a graph that was taken as it is (symbol)'),
    (['LeNet++'], '--finetune LeNet++: it is a model, and weights must be given: a run, a file, or the name of '
                  'pretrained weights: lenetplus_arcface (not for photographs), lenetplus_softmax'),
    (['x-symbol.json'], '`gluonfr convert` makes such a folder'),
    (['w600k_mfb'], 'there is no w600k_mfb. Give the --out of a run, ')],
    ids=lambda value: ' '.join(value) if isinstance(value, list) else '')
def test_finetune_of_another_net_is_refused(trained, data, tmp_path, monkeypatch, words, said, capsys):
    for name in ('begun', 'graph', 'w600k_mbf', 'wide'):
        (tmp_path / name).mkdir()
    (tmp_path / 'begun' / 'checkpoint').mkdir()
    (tmp_path / 'begun' / 'checkpoint' / 'last.params').write_bytes(b'not looked at')
    (tmp_path / 'begun' / 'recipe.json').write_text(
        '{"network": "LeNet++", "network_args": ["prelu_last=True"], "embedding_size": 5}')
    for name, model, arguments in (('graph', 'symbol', {}), ('w600k_mbf', 'mbf', {}),
                                   ('wide', 'lenetplus', {'embedding_size': 3})):
        (tmp_path / name / 'w').write_bytes(b'not looked at')
        write_card(str(tmp_path / name / 'card.json'), str(tmp_path / name / 'w'), model, arguments, InputSpec())
    monkeypatch.setattr(starting_net, 'get_model_file', lambda name: 'w600k_mbf/card.json')  # as after a download
    monkeypatch.chdir(tmp_path)
    train(data, 'x', '--finetune', *(word.replace('RUN', str(trained)) for word in words), code=2)
    assert said.replace('RUN', str(trained)) in capsys.readouterr().err and not (tmp_path / 'x').exists()


def test_finetune_takes_the_name_and_the_input_of_pretrained_weights(data, tmp_path):
    train(data, tmp_path / 'a', '--steps', 1, '--lr', 0, '--momentum', 0, '--finetune', 'LeNetPlus_SoftMax')
    wanted = get_model('lenetplus', pretrained='lenetplus_softmax')
    assert read_card(str(tmp_path / 'a' / 'card.json'))[2] == wanted.input_spec
    for name, array in mx.nd.load(str(tmp_path / 'a' / 'checkpoint' / 'last.params')).items():
        np.testing.assert_array_equal(array.asnumpy(), wanted._collect_params_with_prefix()[name].data().asnumpy())
    net = get_model('lenetplus')
    write_card(str(tmp_path / 'a' / 'other.json'), str(tmp_path / 'a' / 'checkpoint' / 'last.params'), 'lenetplus', {},
               net.input_spec._replace(mean=(10.0,), std=(20.0,)))
    train(data, tmp_path / 'b', '--steps', 1, '--finetune', tmp_path / 'a' / 'other.json')
    assert read_card(str(tmp_path / 'b' / 'card.json'))[2].mean == (10.0,)
