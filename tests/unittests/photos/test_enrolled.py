"""A gallery that grows: what is found, what a killed process leaves, several processes at once, damage."""
import json
import multiprocessing
import os
import shutil
import signal
import time

import numpy as np
import pytest

from gluonfr.deploy.advice import Advice
from gluonfr.photos import Enrolled, is_enrolled, store
from gluonfr.utils.vectors import unit_rows

RANDOM = np.random.RandomState(0)
NET = {'net': '0000002a', 'precision': 'float32', 'flip': 'none'}
ADVICE = Advice(0.5, 1e-3, 0.4, 0.6, 'pairs')


def vectors(count, size=6):
    return RANDOM.standard_normal((count, size)).astype('float32')


def listed(*paths):
    return [(path, 'sha of ' + path) for path in paths]


@pytest.fixture
def gallery(tmp_path):
    return Enrolled.create(str(tmp_path / 'gallery'), NET, 6, ADVICE, {'net': 'mine'})


def content(gallery):
    """All that a gallery answers, read afresh."""
    gallery = Enrolled(gallery.path)
    return {name: (gallery.photos(name), gallery.embeddings(name).tolist()) for name in gallery.people()}


def test_templates_are_means_and_photos_are_told(gallery):
    x = vectors(3)
    assert gallery.enrol('Anna', x[:2], listed('1.jpg', '2.jpg')) == 2
    assert gallery.enrol('Anna', x[2:], listed('3.jpg')) == 1
    kept = unit_rows(x).astype('float16').astype('float64')
    want = unit_rows(kept.mean(axis=0)[None])[0]
    (match,), = gallery.search(want)
    assert match.person == 'Anna' and match.cosine == pytest.approx(1, abs=1e-3)
    np.testing.assert_allclose([cosine for _, _, cosine in gallery.photos('Anna')], kept @ want, atol=1e-3)
    np.testing.assert_array_equal(gallery.embeddings('Anna'), kept.astype('float32'))
    (match,), = gallery.search(x[1], threshold=-1)
    assert match.path == '2.jpg'
    assert 'Anna' in gallery and len(gallery) == 1 and gallery.people() == ['Anna']


def test_one_by_one_is_as_all_at_once(gallery, tmp_path):
    x = vectors(5)
    other = Enrolled.create(str(tmp_path / 'other'), NET, 6)
    for i in range(5):
        gallery.enrol('Anna', x[i:i + 1], listed(str(i)))
    other.enrol('Anna', x, listed(*'01234'))
    assert gallery.photos('Anna') == other.photos('Anna')
    assert gallery.search(x, threshold=-1) == other.search(x, threshold=-1)


def test_unknown_and_the_threshold_of_the_card(gallery):
    x = np.eye(6)
    gallery.enrol('Anna', x[:1], listed('1.jpg'))
    gallery.enrol('Bob', x[1:2], listed('2.jpg'))
    near = np.array([[0.6, 0, 0.8, 0, 0, 0], [0.4, 0, 0.9, 0, 0, 0]])
    assert [[match.person for match in matches] for matches in gallery.search(near, 5)] == [['Anna'], []]
    assert [len(matches) for matches in gallery.search(near, 5, threshold=-1)] == [2, 2]
    assert gallery.search(near, threshold=0.7) == [[], []]
    assert Enrolled(gallery.path).advice == ADVICE and Enrolled(gallery.path).options == {'net': 'mine'}


def test_nobody_is_enrolled(gallery):
    assert gallery.search(vectors(2), threshold=-1) == [[], []] and len(gallery) == 0 and gallery.people() == []


def test_duplicates_are_left_out(gallery):
    x = vectors(3)
    assert gallery.enrol('Anna', x[:2], [('1.jpg', 'a'), ('copy.jpg', 'a')]) == 1
    assert gallery.enrol('Anna', x, [('1.jpg', 'a'), ('2.jpg', ''), ('3.jpg', 'c')]) == 2
    assert gallery.enrol('Anna', x, [('1.jpg', 'a'), ('2.jpg', ''), ('3.jpg', 'c')]) == 0
    assert [path for path, _, _ in gallery.photos('Anna')] == ['1.jpg', '2.jpg', '3.jpg']
    assert gallery.enrol('Bob', x[:1], [('1.jpg', 'a')]) == 1  # of another person it is another photo


@pytest.mark.parametrize('name', ['Anna Nagy', 'Ünal Öz', 'אנה', '田中 花子', "O'Neil\\n", '👩', 'می\u200cخواهم', '-'])
def test_names_in_any_script(gallery, name):
    gallery.enrol(name, vectors(1), listed('1.jpg'))
    assert Enrolled(gallery.path).people() == [name]


def test_names_in_two_forms_are_one(gallery):
    gallery.enrol('E\u0301va ', vectors(1), listed('1.jpg'))
    gallery.enrol('\u00c9va', vectors(1), listed('2.jpg'))
    assert gallery.people() == ['\u00c9va'] and len(gallery.photos('E\u0301va')) == 2


@pytest.mark.parametrize('name', ['', '  ', 'a\nb', 'a\tb', '\udcff', 'x' * 1001])
def test_what_is_no_name(gallery, name):
    with pytest.raises(ValueError, match='name must be text of 1 to 1000 signs'):
        gallery.enrol(name, vectors(1), listed('1.jpg'))


@pytest.mark.parametrize('embeddings, message', [
    (np.ones((1, 5)), r'Anna: embeddings must be \(n, 6\), got \(1, 5\): are they of the net'),
    (np.full((1, 6), np.nan), 'Anna: embeddings must be finite and not all 0'),
    (np.zeros((1, 6)), 'must be finite and not all 0'), (np.ones((2, 6)), 'one for each embedding, got 1 for 2')])
def test_wrong_embeddings(gallery, embeddings, message):
    with pytest.raises(ValueError, match=message):
        gallery.enrol('Anna', embeddings, listed('1.jpg'))
    with pytest.raises(ValueError, match='search: queries must be'):
        gallery.search(np.ones((1, 5)))


def test_embeddings_that_cancel_each_other(gallery):
    with pytest.raises(ValueError, match='Anna: embeddings must have a mean, got 2 that cancel each other'):
        gallery.enrol('Anna', [[1, 0, 0, 0, 0, 0], [-1, 0, 0, 0, 0, 0]], listed('1.jpg', '2.jpg'))
    assert content(gallery) == {}


def test_removed_people_are_erased(gallery):
    x = np.eye(6)
    gallery.enrol('Anna', x[:2], listed('1.jpg', '2.jpg'))
    gallery.enrol('Anna', x[2:3], listed('3.jpg'))  # has a template before
    gallery.enrol('Bob', x[3:4], listed('4.jpg'))
    before = content(gallery)
    assert gallery.remove('Anna') == 3
    assert content(gallery) == {'Bob': before['Bob']}
    assert gallery.search(x[:1], threshold=0.1) == [[]]
    for name, count in (('templates.f16', 3), ('photos.f16', 4)):
        rows = np.fromfile(os.path.join(gallery.path, name), '<f2').reshape(count, 6)
        assert [row.any() for row in rows] == [False] * (count - 1) + [True]
    with pytest.raises(ValueError, match='has nobody of the name Anna'):
        gallery.remove('Anna')
    gallery.enrol('Anna', x[:1], listed('1.jpg'))
    assert gallery.search(x[:1])[0][0].person == 'Anna'


def test_an_enrolment_rewrites_nothing(gallery):
    gallery.enrol('Anna', vectors(3), listed(*'123'))
    before = {name: open(os.path.join(gallery.path, name), 'rb').read() for name in store.FILES}
    gallery.enrol('Anna', vectors(1), listed('4'))
    gallery.enrol('Bob', vectors(1), listed('1'))
    for name, data in before.items():
        with open(os.path.join(gallery.path, name), 'rb') as file:
            now = file.read()
        assert now.startswith(data) and len(now) > len(data)


def test_cut_at_every_byte_of_the_tail(gallery, tmp_path):
    """Of every prefix of what an enrolment appends, what was enrolled before is whole, and one can go on."""
    gallery.enrol('Anna', vectors(2), listed('1.jpg', '2.jpg'))
    before, sizes = content(gallery), {}
    for name in store.FILES:
        sizes[name] = os.path.getsize(os.path.join(gallery.path, name))
    gallery.enrol('Bob', vectors(1), listed('3.jpg'))
    after, more = content(gallery), vectors(1)
    for name in store.FILES:
        end = os.path.getsize(os.path.join(gallery.path, name))
        for cut in range(sizes[name], end):
            copy = str(tmp_path / '{}-{}'.format(name, cut))
            shutil.copytree(gallery.path, copy)
            with open(os.path.join(copy, name), 'r+b') as file:
                file.truncate(cut)
            if name != 'journal.txt':  # vectors come before the journal: it does not count them yet
                with open(os.path.join(copy, 'journal.txt'), 'r+b') as file:
                    file.truncate(sizes['journal.txt'])
            opened = Enrolled(copy)
            assert content(opened) == before
            if cut % 20 == 0 or cut == end - 1:
                opened.enrol('Eve', more, listed('4.jpg'))
                assert set(content(opened)) == {'Anna', 'Eve'} and content(opened)['Anna'] == before['Anna']
    assert content(gallery) == after


@pytest.mark.parametrize('steps', range(1, 6))
def test_stopped_between_any_two_steps(gallery, monkeypatch, steps):
    """After each of the three times that data go to the disk; then the same enrolment again."""
    gallery.enrol('Anna', vectors(2), listed('1.jpg', '2.jpg'))
    before, x, done = content(gallery), vectors(1), []

    def sync(path):
        done.append(path)
        if len(done) == steps:
            raise KeyboardInterrupt

    monkeypatch.setattr(store, 'sync', sync)
    if steps <= 3:
        with pytest.raises(KeyboardInterrupt):
            gallery.enrol('Bob', x, listed('3.jpg'))
        assert content(gallery) == before or steps == 3 and set(content(gallery)) == {'Anna', 'Bob'}
    else:
        steps -= 3
        with pytest.raises(KeyboardInterrupt):
            gallery.remove('Anna')
        assert content(gallery) == {}  # and the next to write erases what is left
    steps = 0
    gallery.enrol('Bob', x, listed('3.jpg'))
    assert [path for path, _, _ in Enrolled(gallery.path).photos('Bob')] == ['3.jpg']
    if 'Anna' not in gallery:
        assert not np.fromfile(os.path.join(gallery.path, 'templates.f16'), '<f2')[:6].any()


def _enrol_many(path, name, count):
    gallery = Enrolled(path)
    for i in range(count):
        gallery.enrol('{} {}'.format(name, i % 7), np.full((1, 6), i + 1.0) + np.eye(6)[:1], listed(str(i)))


@pytest.fixture
def fork():
    if not hasattr(os, 'fork'):
        pytest.skip('no fork')
    return multiprocessing.get_context('fork')


def test_several_processes_write_and_one_reads(gallery, fork):
    writers = [fork.Process(target=_enrol_many, args=(gallery.path, name, 20)) for name in 'ab']
    for writer in writers:
        writer.start()
    seen = [0]
    while any(writer.is_alive() for writer in writers):
        seen.append(sum(len(gallery.photos(name)) for name in gallery.people()))
        assert all(len(matches) <= 1 for matches in gallery.search(np.ones((2, 6)), threshold=0.9))
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    assert seen == sorted(seen)
    assert sum(len(photos) for photos, _ in content(gallery).values()) == 40


def test_killed_at_any_moment(gallery, fork):
    """Whatever a killed process was at, the gallery opens, holds all that was enrolled, and takes more."""
    for attempt in range(6):
        writer = fork.Process(target=_enrol_many, args=(gallery.path, str(attempt), 10 ** 6))
        writer.start()
        time.sleep(0.02 + 0.005 * attempt)
        os.kill(writer.pid, signal.SIGKILL)
        writer.join()
        before = content(gallery)
        gallery.enrol('me', vectors(1), listed(str(attempt)))
        now = content(gallery)
        assert len(now.pop('me')[0]) == attempt + 1
        before.pop('me', None)
        assert now == before


def test_damage_is_told(gallery):
    for i in range(3):
        gallery.enrol('p{}'.format(i), vectors(1), listed('1.jpg'))
    journal = os.path.join(gallery.path, 'journal.txt')
    with open(journal, 'rb') as file:
        whole = file.read()
    for place in (3, whole.index(b'\n') + 20):
        with open(journal, 'wb') as file:
            file.write(whole[:place] + b'#' + whole[place + 1:])
        with pytest.raises(ValueError, match='journal.txt is damaged at byte {:,}: what stands'.format(
                whole.rfind(b'\n', 0, place) + 1)):
            Enrolled(gallery.path)
    with open(journal, 'wb') as file:
        file.write(whole)
    with open(os.path.join(gallery.path, 'templates.f16'), 'r+b') as file:
        file.truncate(30)
    with pytest.raises(ValueError, match='templates.f16 is damaged: it must have 36 bytes, got 30'):
        Enrolled(gallery.path)


@pytest.mark.parametrize('facts, message', [
    ({'format': 2}, 'must be of format 1, got 2: another version'),
    ({'format': 1, 'net': {}}, 'must say net, size, advice and options'), ([], 'is no gallery of `gluonfr enrol`')])
def test_facts_that_are_wrong(gallery, facts, message):
    with open(os.path.join(gallery.path, 'gallery.json'), 'w', encoding='utf-8') as file:
        json.dump(facts, file)
    with pytest.raises(ValueError, match=message):
        Enrolled(gallery.path)


def test_what_is_no_gallery(tmp_path):
    with pytest.raises(FileNotFoundError, match='there is no gallery .*: `gluonfr enrol` makes one'):
        Enrolled(str(tmp_path))
    (tmp_path / 'full').mkdir()
    (tmp_path / 'full' / 'photo.jpg').write_bytes(b'1')
    with pytest.raises(FileExistsError, match='full must be a gallery of `gluonfr enrol`, or not be there'):
        Enrolled.create(str(tmp_path / 'full'), NET, 6)
    assert not is_enrolled(str(tmp_path / 'full')) and os.listdir(tmp_path / 'full') == ['photo.jpg']
    first = Enrolled.create(str(tmp_path / 'new'), NET, 6)
    first.enrol('Anna', vectors(1), listed('1.jpg'))
    assert Enrolled.create(str(tmp_path / 'new'), NET, 6).people() == ['Anna']  # another process has been faster
    assert sorted(os.listdir(tmp_path)) == ['full', 'new']


def test_many_at_once_are_as_one_by_one(gallery, tmp_path, monkeypatch):
    monkeypatch.setattr('gluonfr.photos.enrolled.ROWS_AT_ONCE', 4)
    x, other = vectors(12), Enrolled.create(str(tmp_path / 'other'), NET, 6)
    people = [('p{}'.format(i % 5), x[i:i + 1], listed(str(i))) for i in range(12)]
    assert gallery.enrol_all(people) == 12
    for person in people:
        other.enrol(*person)
    assert content(gallery) == content(other)
