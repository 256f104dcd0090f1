"""gluonfr.data.packing: what an interruption, damage or a full disk leaves, and how the same call goes on."""
import multiprocessing
import os
import resource
import signal
import time

import pytest
from pack_cases import FILES, contents, fill, packed

from gluonfr.data.packing import pack as module
from gluonfr.data.packing import write as pack_write
from gluonfr.data.packing import pack_folder
from gluonfr.data.record import RecordDataset

CROWD = {'p{:03d}'.format(i): 1 + i % 4 for i in range(120)}  # 300 images, some 4 MB


@pytest.fixture(scope='module')
def crowd(tmp_path_factory):
    """A folder of people, and what packing it without an interruption gives."""
    root = tmp_path_factory.mktemp('crowd')
    fill(root / 'people', CROWD, (96, 96))
    pack_folder(root / 'people', root / 'whole')
    return root


def in_child(function):
    """Run `function` in a process of its own and return that; its memory is a copy of this one's."""
    process = multiprocessing.get_context('fork').Process(target=function)
    process.start()
    return process


def finish(crowd, out, monkeypatch):
    """Pack the rest; return how many images that took, and check that all is as without the interruption."""
    loaded = []
    monkeypatch.setattr(module, '_encoded', lambda *args, original=module._encoded: loaded.append(1) or original(*args))
    report = pack_folder(crowd / 'people', out)
    assert contents(out) == contents(crowd / 'whole') and sorted(os.listdir(out)) == FILES
    assert report.images == report.copied == sum(CROWD.values())
    return len(loaded)


def test_killed_while_packing(crowd, tmp_path, monkeypatch):
    out = tmp_path / 'out'
    part = out / 'train.rec.part'
    monkeypatch.setattr(pack_write, '_MARK_EVERY', 100000)
    encoded, total = module._encoded, (crowd / 'whole' / 'train.rec').stat().st_size
    for share in 0.2, 0.4, 0.6, 0.8:
        def slow(*args, stop=(share + 0.1) * 300):
            if args[-1] > stop:
                time.sleep(60)  # so that it cannot be done before it is killed
            return encoded(*args)

        monkeypatch.setattr(module, '_encoded', slow)
        process = in_child(lambda: pack_folder(crowd / 'people', out, workers=1, progress=False))
        while process.is_alive() and not (part.exists() and part.stat().st_size > share * total):
            time.sleep(0.0005)
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL
        assert sorted(os.listdir(out)) == ['.lock', 'train.rec.journal', 'train.rec.part']
        with pytest.raises(FileNotFoundError):
            RecordDataset(out / 'train.rec')
    monkeypatch.setattr(module, '_encoded', encoded)
    assert finish(crowd, out, monkeypatch) < 0.3 * sum(CROWD.values())


@pytest.mark.parametrize('name', ['replace', 'remove'])
@pytest.mark.parametrize('nth', range(5))
def test_killed_while_finishing(crowd, tmp_path, monkeypatch, name, nth):
    """At each of the renamings and removals that give the finished files their names."""
    out = tmp_path / 'out'
    monkeypatch.setattr(pack_write, '_MARK_EVERY', 100000)
    if name == 'remove':  # those of a set that is replaced
        (crowd / 'other').mkdir(exist_ok=True)
        pack_folder(crowd / 'people', out, people=['p000', 'p001'])

    def killed():
        calls, original = [], getattr(os, name)

        def call(*args):
            calls.append(args)
            if len(calls) > nth:
                os.kill(os.getpid(), signal.SIGKILL)
            original(*args)

        setattr(os, name, call)
        pack_folder(crowd / 'people', out, resume=name == 'replace', progress=False)

    process = in_child(killed)
    process.join()
    if process.exitcode != -signal.SIGKILL:
        assert process.exitcode == 0 and nth > 1
    if (out / 'train.rec').exists():
        packed(out / 'train.rec')  # the old or the new, whole
    finish(crowd, out, monkeypatch)


def test_damage_to_what_was_packed_is_found(crowd, tmp_path, monkeypatch):
    """After a power failure a file may have zeros where data were, and half a line may end the journal."""
    out = tmp_path / 'out'
    monkeypatch.setattr(pack_write, '_MARK_EVERY', 100000)
    process = in_child(lambda: [setattr(os, 'replace', lambda *args: os.kill(os.getpid(), signal.SIGKILL)),
                                pack_folder(crowd / 'people', out, progress=False)])
    process.join()
    with open(out / 'train.rec.part', 'r+b') as part:
        part.seek(part.seek(0, os.SEEK_END) // 2)
        part.write(bytes(50))
    with open(out / 'train.rec.journal', 'ab') as journal:
        journal.write(b'[299, 29')
    assert 0.4 * sum(CROWD.values()) < finish(crowd, out, monkeypatch) < 0.6 * sum(CROWD.values())


def test_unfinished_set_of_other_files_is_not_continued(crowd, tmp_path):
    out = tmp_path / 'out'
    fill(tmp_path / 'people')
    process = in_child(lambda: [setattr(os, 'replace', lambda *args: os.kill(os.getpid(), signal.SIGKILL)),
                                pack_folder(tmp_path / 'people', out, progress=False)])
    process.join()
    os.utime(tmp_path / 'people' / 'Dan' / 'Dan_0001.jpg', (1, 1))
    with pytest.raises(ValueError, match='train.rec.part was made from other files or with other settings'):
        pack_folder(tmp_path / 'people', out)
    report = pack_folder(tmp_path / 'people', out, resume=False)
    assert report.images == 11 and sorted(os.listdir(out)) == FILES


@pytest.mark.parametrize('share', [0.00001, 0.5, 0.9999])
def test_full_disk(crowd, tmp_path, monkeypatch, share):
    """A limit on the size of a file stands for the disk: the system refuses to write on, in the middle of a record."""
    out = tmp_path / 'out'
    monkeypatch.setattr(pack_write, '_MARK_EVERY', 100000)
    limit = int(share * (crowd / 'whole' / 'train.rec').stat().st_size)
    said = tmp_path / 'said'

    def limited():
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        try:
            pack_folder(crowd / 'people', out, progress=False)
        except OSError as error:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
            said.symlink_to('{}'.format(error)[:250].replace('/', '|'))  # a link needs no room

    in_child(limited).join()
    message = os.readlink(said)
    assert 'pack: ' in message and 'cannot be written: File too large' in message and 'make room' in message
    assert set(os.listdir(out)) <= {'train.rec.journal', 'train.rec.part', 'classes.txt', 'pack.json'}
    again = finish(crowd, out, monkeypatch)
    assert share < 0.1 or again < (1.1 - share) * sum(CROWD.values())


# --- real faces ---
