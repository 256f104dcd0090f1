"""`gluonfr evaluate`, with a small ONNX net and without MXNet."""
import json

import numpy as np
import pytest
from cli_cases import run
from evaluation_cases import face, make_people, people_and_embeddings

from gluonfr.align import template
from gluonfr.cli.evaluate import short_names
from gluonfr.data import encode, write_bin
from gluonfr.evaluation import Result
from gluonfr.model_zoo.card_file import ONNX, write_card

pytest.importorskip('onnxruntime')
from engine_cases import SPEC, write_onnx  # noqa: E402


@pytest.fixture(scope='module')
def place(tmp_path_factory):
    """Two nets with cards, and people of 16 x 16 pixels."""
    home = tmp_path_factory.mktemp('evaluate')
    for seed, name in enumerate(('net', 'other')):
        (home / name).mkdir()
        write_onnx(home / name / 'net.onnx', seed=seed)
        write_card(str(home / name / 'card.json'), str(home / name / 'net.onnx'), ONNX, {}, SPEC, licence='mine')
    for person in range(8):
        (home / 'people' / 'p{}'.format(person)).mkdir(parents=True)
        for i in range(4):
            (home / 'people' / 'p{}'.format(person) / '{}.png'.format(i)).write_bytes(
                encode(face(person, i, 60, 16), '.png'))
    return home


def evaluate(*words, code=0):
    run('evaluate', *words, '--no-progress', code=code)


def test_a_folder_of_people(place, tmp_path, capsys):
    evaluate(place / 'net', '--data', place / 'people', '--out', tmp_path / 'new' / 'mine', '--far', 0.1, 1e-5)
    said = capsys.readouterr().out
    assert 'people: 448 impostor pairs cannot show FAR 1e-05' in said and said.count('TAR') >= 2
    assert 'people: kfold: ' in said and '8 people cannot speak for all people' in said
    assert said.endswith('result: {}.json\n'.format(tmp_path / 'new' / 'mine'))
    result = Result.load(tmp_path / 'new' / 'mine')
    assert result.model['card'] == str(place / 'net' / 'card.json') and result.model['licence'] == 'mine'
    assert result.rows[0]['engine'] == 'onnxruntime' and result.rows[0]['card_sha256'] == result.model['card_sha256']
    assert result.made['command'].startswith('gluonfr evaluate ') and str(place / 'people') in result.made['command']
    assert len(result.hardest['false_accepts']) == 24 and result.hardest['false_accepts'][0]['first_thumb']


def test_embeddings_and_scores_need_no_net(tmp_path, capsys):
    names, embeddings = people_and_embeddings()
    np.savez(tmp_path / 'mine.npz', embeddings=embeddings, people=names)
    evaluate('--data', tmp_path / 'mine.npz', '--out', tmp_path / 'a.json', '--protocol', 'pairs', '--map', 'none')
    result = Result.load(tmp_path / 'a')
    assert result.model is None and result.map is None and result.rows[0]['pairs'] == 496
    np.savez(tmp_path / 'scores.npz', score=result.arrays['scores'], same=result.arrays['same'])
    evaluate('--data', tmp_path / 'scores.npz', '--out', tmp_path / 'b')
    again = Result.load(tmp_path / 'b')
    assert again.rows[0]['tar@0.1'] == result.rows[0]['tar@0.1'] and again.data['kind'] == 'a file of scores'


def test_pairs_with_a_damaged_image(place, tmp_path, capsys):
    images = [encode(face(i // 2 % 3, i % 2, 60, 16), '.png') for i in range(24)]
    write_bin(tmp_path / 'mine.bin', images[:7] + [b'bad'] + images[8:], [True, False] * 6)
    evaluate(place / 'net' / 'net.onnx', '--data', tmp_path / 'mine.bin', '--out', tmp_path / 'out', '--flip', 'sum')
    said = capsys.readouterr().out
    assert 'mine: 1 left out, the first: pair 3 (' in said and 'flip sum' in said
    assert Result.load(tmp_path / 'out').data['left_out'][0]['what'] == 'pair 3'


def test_two_nets_have_a_result_each_and_are_compared(place, tmp_path, capsys):
    evaluate(place / 'net', place / 'other', '--data', place / 'people', '--out', tmp_path / 'both', '--protocol',
             'pairs', '--no-faces', '--far', 0.01)
    said = capsys.readouterr().out
    assert 'TAR at FAR 0.01 of net 0.' in said
    second = Result.load(tmp_path / 'both-other')
    assert [found['second'] for found in second.compared] == ['other']
    assert Result.load(tmp_path / 'both-net').compared == []
    evaluate(place / 'net', '--data', place / 'people', '--out', tmp_path / 'again', '--protocol', 'pairs', '--against',
             tmp_path / 'both-net')
    assert Result.load(tmp_path / 'again').compared[0]['difference'] == 0
    assert 'No difference shown' in capsys.readouterr().out
    rows = [Result.load(tmp_path / 'both-{}'.format(name)).rows[0] for name in ('net', 'other')]
    assert rows[0]['net_sha256'] != rows[1]['net_sha256'] and rows[0]['data_sha256'] == rows[1]['data_sha256']


@pytest.mark.parametrize('words, message', [
    (['NET', '--data', 'nothing'], 'there is no file or folder nothing, and no set of that name in'),
    (['NET', '--data', 'PEOPLE', '--far', '2'], '--far: the rate must be in [0, 1], got 2.0'),
    (['--data', 'PEOPLE'], 'holds images, so a NET must be given'),
    (['NET', '--data', 'PEOPLE', '--protocol', 'pears'], "unknown protocol 'pears'. Did you mean 'pairs'?"),
    (['NET', '--data', 'PEOPLE', '--protocol', 'pairs', '--nfolds', '5'],
     '--nfolds must be of a protocol that is measured: pairs'),
    (['NET', '--data', 'PEOPLE', '--protocol', 'templates'], 'templates cannot be measured on a folder of people'),
    (['NET', '--data', 'PEOPLE', '--scores', 'PEOPLE'], '--scores must be those of the pairs of a folder of IJB; '
     'give a file of other scores as --data.'),
    (['NET', 'NET', '--params', 'x', '--data', 'PEOPLE'], '--params are of one NET, got 2'),
    (['--data', 'PEOPLE', '--detect', 'yunet', '--detector-model', 'x'], 'x'),
    (['NET', '--data', 'PEOPLE', '--landmarks', 'POINTS', '--several', 'all'], '--several must be largest, center or'),
    (['NET', '--data', 'PEOPLE', '--most-pairs', '1'], '--most-pairs must be >= 2, got 1'),
    (['NET', '--data', 'PEOPLE', '--unknown', '1'], '--unknown must be in [0, 1), got 1'),
    (['NET', '--data', 'PEOPLE', '--advise', '2'], '--advise: the rate must be in [0, 1], got 2.0'),
    (['NET', '--data', 'PEOPLE', '--write-card'], '--write-card needs --advise FMR, and a NET whose card it is'),
    (['NET', '--data', 'PEOPLE', '--against', 'nothing'], 'there is no result nothing.json'),
    (['NET', '--data', 'PEOPLE', '--against', 'OUT'], 'would write over --against')])
def test_what_does_not_go_is_said_in_the_words_of_the_command(place, tmp_path, capsys, words, message):
    places = {'NET': place / 'net', 'PEOPLE': place / 'people', 'OUT': tmp_path / 'out.npz',
              'POINTS': tmp_path / 'points.json'}
    (tmp_path / 'points.json').write_text('{}')
    evaluate(*(places.get(word, word) for word in words), '--out', tmp_path / 'out', code=2)
    error = capsys.readouterr().err
    assert error.startswith('gluonfr evaluate: ') and message in error
    assert not (tmp_path / 'out.json').exists()


def test_images_of_another_size_are_told_or_stretched(place, tmp_path, capsys):
    make_people(tmp_path / 'small')
    evaluate(place / 'net', '--data', tmp_path / 'small', '--out', tmp_path / 'out', code=2)
    assert '--stretch stretches faces, and --detect aligns photographs' in capsys.readouterr().err
    evaluate(place / 'net', '--data', tmp_path / 'small', '--out', tmp_path / 'out', '--stretch')
    assert 'stretched to 16 x 16 pixels' in capsys.readouterr().out


def test_advice_in_a_card_is_what_compare_and_search_use(place, tmp_path, capsys):
    first, second = (place / 'people' / 'p0' / name for name in ('0.png', '1.png'))
    run('compare', place / 'net', first, second)
    assert 'person' not in capsys.readouterr().out
    evaluate(place / 'net', '--data', place / 'people', '--out', tmp_path / 'out', '--advise', 0.1, 0.01,
             '--write-card')
    said = capsys.readouterr().out
    assert said.count('people: threshold') == 2 and 'compare and search use the first threshold now' in said
    advice = Result.load(tmp_path / 'out').advice
    assert [found['fmr'] for found in advice] == [0.1, 0.01] and advice[0]['people'] == 8
    assert json.loads((place / 'net' / 'card.json').read_text())['advice'] == advice
    run('compare', place / 'net', first, first, second)
    said = capsys.readouterr().out.splitlines()
    assert said[0].endswith('1.0000  same person') and 'person' in said[1]
    assert said[2].startswith('threshold {:.4f} ['.format(advice[0]['threshold']))
    run('compare', place / 'net', first, second, '--threshold', 1.1)
    assert capsys.readouterr().out.endswith('different people\n')
    run('compare', place / 'net', first, second, '--flip', 'sum')
    assert 'person' not in capsys.readouterr().out
    run('embed', place / 'net', place / 'people', '--out', tmp_path / 'people.npz', '--no-progress')
    capsys.readouterr()
    run('search', tmp_path / 'people.npz', tmp_path / 'people.npz', '--top', 1, '--no-progress')
    assert '--threshold -1 lists all' in capsys.readouterr().out
    run('search', tmp_path / 'people.npz', first, '--net', place / 'net', '--threshold', 1.1, '--no-progress')
    assert capsys.readouterr().out == '{}  nobody\n'.format(first)


def test_overlap_with_the_training_data_is_told(place, tmp_path, capsys):
    evaluate(place / 'net', '--data', place / 'people', '--train-data', place / 'people', '--out', tmp_path / 'out')
    assert 'people: 8 people by name, 32 images of equal bytes are in the training data' in capsys.readouterr().out
    assert Result.load(tmp_path / 'out').overlap['people'] == 8


def test_what_is_measured_stays_where_no_threshold_can_be_advised(place, tmp_path, capsys):
    evaluate(place / 'net', '--data', place / 'people', '--out', tmp_path / 'out', '--protocol', 'identification',
             '--fpir', 0.5, '--unknown', 0.3, '--advise', 1e-6, code=2)
    assert 'cannot show FMR 1e-06' in capsys.readouterr().err
    assert Result.load(tmp_path / 'out').rows[0]['dir@0.5'] is not None


def test_what_is_read_is_not_written_over(tmp_path, capsys):
    names, embeddings = people_and_embeddings()
    np.savez(tmp_path / 'mine.npz', embeddings=embeddings, people=names)
    evaluate('--data', tmp_path / 'mine.npz', '--out', tmp_path / 'mine', code=2)
    assert 'would write over --data' in capsys.readouterr().err


@pytest.mark.parametrize('option, path', [('--out', 'file/mine'), ('--out', 'new/'), ('--report', 'file/mine.html')])
def test_where_nothing_can_be_written_is_known_first(tmp_path, capsys, option, path):
    pytest.importorskip('bokeh')
    (tmp_path / 'file').write_text('')
    np.savez(tmp_path / 'mine.npz', embeddings=np.eye(4), people=['a', 'a', 'b', 'b'])
    options = {'--out': str(tmp_path / 'out'), option: '{}/{}'.format(tmp_path, path)}
    evaluate('--data', tmp_path / 'mine.npz', *(word for pair in options.items() for word in pair), code=2)
    assert '{} must be a name of files in a folder that can be written to'.format(option) in capsys.readouterr().err


def test_a_report_is_written_with_the_results(place, tmp_path, capsys):
    pytest.importorskip('bokeh')
    evaluate(place / 'net', place / 'other', '--data', place / 'people', '--protocol', 'pairs', '--far', 0.1, '--out',
             tmp_path / 'mine', '--report', tmp_path / 'report.html', '--map', 'none', '--no-faces')
    assert capsys.readouterr().out.endswith('report: {}\n'.format(tmp_path / 'report.html'))
    text = (tmp_path / 'report.html').read_text(encoding='utf-8')
    evaluate('--data', place / 'people', '--out', tmp_path / 'mine', '--report', tmp_path / 'mine.json', code=2)
    assert '--report must end with .html' in capsys.readouterr().err
    assert '2 models on people' in text and 'Model against model' in text and 'image/jpeg' not in text


def test_photographs_by_their_landmarks(place, tmp_path, capsys):
    points = []
    for person in range(3):
        for i in range(2):
            path = tmp_path / 'photos' / 'p{}'.format(person) / '{}.png'.format(i)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encode(face(person, i, 40, 160), '.png'))
            points.append(','.join(['p{}/{}.png'.format(person, i), *map(str, (template() + 20).ravel())]))
    (tmp_path / 'points.csv').write_text('\n'.join(points[:-1]) + '\n')
    evaluate(place / 'net', '--data', tmp_path / 'photos', '--landmarks', tmp_path / 'points.csv', '--out',
             tmp_path / 'out')
    result = Result.load(tmp_path / 'out')
    assert result.data['images'] == 5 and result.data['left_out'][0]['why'] == 'the landmarks do not name it'
    assert (tmp_path / 'out.photos.faces.csv').exists()


def test_a_file_of_embeddings_says_its_net(place, tmp_path):
    run('embed', place / 'net', place / 'people', '--out', tmp_path / 'faces.npz', '--flip', 'sum', '--no-progress')
    evaluate('--data', tmp_path / 'faces.npz', '--out', tmp_path / 'a', '--protocol', 'pairs')
    evaluate(place / 'net', '--data', place / 'people', '--out', tmp_path / 'b', '--protocol', 'pairs', '--flip', 'sum')
    a, b = (Result.load(tmp_path / name) for name in 'ab')
    for fact in ('engine', 'precision', 'flip', 'color', 'normalization', 'fingerprint', 'embedding_size', 'size'):
        assert a.model[fact] == b.model[fact], fact
    assert a.rows[0]['flip'] == 'sum' and a.rows[0]['normalization'] == b.rows[0]['normalization']
    np.testing.assert_allclose(a.arrays['scores'], b.arrays['scores'], atol=1e-6)
    assert a.arrays['people'].tolist() == b.arrays['people'].tolist()


@pytest.mark.parametrize('nets, names', [
    (['runs/a', 'runs/b/card.json', 'x/model-symbol.json', 'y1-symbol.json', 'a.onnx', 'w600k_mbf'],
     ['a', 'b', 'x', 'y1', 'a-5', 'w600k_mbf']), (['card.json'], ['card']), ([], [])])
def test_nets_are_called_by_their_folders_or_files(nets, names):
    assert short_names(nets) == names
