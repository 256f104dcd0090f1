"""What Windows does in another way, with its means in the place of those of Unix; and who uses those of Unix."""
import ast
import os
import threading
import types

import pytest
from helpers import ROOT

from gluonfr.utils import system
from gluonfr.utils.files import atomic_folder
from gluonfr.utils.lock import file_lock, sole_writer


@pytest.fixture
def windows(monkeypatch):
    """The lock of `msvcrt`, of a byte, by whoever has it; {path: descriptor} of those that are held."""
    held = {}

    def locking(descriptor, how, count):
        place = os.fstat(descriptor).st_ino, os.lseek(descriptor, 0, os.SEEK_CUR)
        assert place[1] > 1000, 'others cannot read what is locked'
        if how == 'unlock':
            assert held.pop(place) == descriptor
        elif held.setdefault(place, descriptor) != descriptor:
            raise PermissionError(13, 'Permission denied')

    monkeypatch.setattr(system, 'fcntl', None)
    monkeypatch.setattr(system, 'OPEN_FILES_STAY', True)
    monkeypatch.setattr(system, '_RETRY_SECONDS', 0.01)
    monkeypatch.setattr(system, 'msvcrt', types.SimpleNamespace(LK_UNLCK='unlock', LK_NBLCK='lock', locking=locking),
                        raising=False)
    monkeypatch.delattr(os, 'pread')
    return held


def test_a_lock_names_its_owner_and_is_free_afterwards(windows, tmp_path):
    path = str(tmp_path / '.lock')
    with sole_writer(path, '--out new'):
        assert len(windows) == 1
        with pytest.raises(BlockingIOError, match='--out new is in use: process {} on .* writes there'.format(
                os.getpid())):
            with sole_writer(path, '--out new'):
                pass
    assert not windows and not os.path.exists(path)


def test_who_waits_gets_the_lock(windows, tmp_path, caplog):
    path, order = str(tmp_path / '.lock'), []

    def wait():
        with file_lock(path, 'waiting'):
            order.append('second')

    second = threading.Thread(target=wait)
    with file_lock(path, 'never said'):
        second.start()
        while 'waiting' not in caplog.text:
            second.join(0.01)
        order.append('first')
    second.join(10)
    assert order == ['first', 'second'] and not windows


def test_a_lock_file_that_another_has_open_is_left_to_it(windows, tmp_path, monkeypatch):
    path = str(tmp_path / '.lock')
    with sole_writer(path, 'x'):
        monkeypatch.setattr(os, 'remove', lambda path: (_ for _ in ()).throw(PermissionError(13, 'in use')))
    assert os.path.exists(path) and not windows


def test_reading_at_a_place_in_turns(windows, tmp_path):
    (tmp_path / 'file').write_bytes(bytes(range(200)) * 50)
    wrong = []

    def read(descriptor):
        for place in range(0, 9000, 7):
            data = system.read_at(descriptor, 5, place)
            if data != bytes((place + i) % 200 for i in range(5)):
                wrong.append(place)

    with open(str(tmp_path / 'file'), 'rb', buffering=0) as file:
        threads = [threading.Thread(target=read, args=(file.fileno(),)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert system.read_at(file.fileno(), 100, 9990) == bytes(range(190, 200)), 'less at the end'
    assert not wrong


def test_folders_are_not_synced_and_files_are_open_for_writing(windows, tmp_path, monkeypatch):
    opened, is_open = [], os.open
    monkeypatch.setattr(os, 'open', lambda path, flags: opened.append((path, flags)) or is_open(path, flags))
    with atomic_folder(str(tmp_path / 'new')) as folder:
        with open(os.path.join(folder, 'file'), 'wb') as file:
            file.write(b'1')
    assert opened == [(os.path.join(folder, 'file'), os.O_RDWR)]


def test_a_folder_takes_the_place_of_an_empty_one_alone(tmp_path, monkeypatch):
    def rename(source, target):
        assert not os.path.exists(target), 'Windows refuses it'
        os.replace(source, target)

    monkeypatch.setattr(os, 'rename', rename)
    (tmp_path / 'empty').mkdir()
    with atomic_folder(str(tmp_path / 'empty')) as folder:
        open(os.path.join(folder, 'file'), 'wb').close()
    with pytest.raises(OSError, match='not empty'):
        with atomic_folder(str(tmp_path / 'empty')):
            pass
    assert os.listdir(str(tmp_path / 'empty')) == ['file']


# What the modules os and signal have on Unix alone, and the modules of Unix: who may use them.
OF_UNIX = {'EX_OK', 'O_DIRECTORY', 'O_NONBLOCK', 'SIGALRM', 'SIGHUP', 'SIGKILL', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2',
           'chown', 'confstr', 'fchmod', 'fchown', 'fork', 'forkpty', 'getegid', 'geteuid', 'getgid', 'getloadavg',
           'getuid', 'killpg', 'lchown', 'link', 'mkfifo', 'nice', 'openpty', 'posix_fadvise', 'pread', 'preadv',
           'pwrite', 'pwritev', 'sched_getaffinity', 'sched_setaffinity', 'sendfile', 'setitimer', 'setsid', 'statvfs',
           'symlink', 'sync', 'sysconf', 'uname', 'unlink', 'wait', 'waitpid'}
MODULES_OF_UNIX = {'fcntl', 'grp', 'posix', 'pty', 'pwd', 'resource', 'syslog', 'termios', 'tty'}
ALLOWED = {'compat': {'resource', 'sched_getaffinity'}, 'utils/system': {'SIGKILL', 'fcntl', 'pread', 'sysconf'},
           # with MXNet, which is on Linux
           'photos/cluster': {'symlink'},  # copies where there are no links
           'utils/engine': {'sched_getaffinity', 'sched_setaffinity'},
           'distributed/processes': {'SIGKILL', 'waitpid'}}


def trees():
    """(path in the package, its syntax tree) of each module."""
    for path in sorted((ROOT / 'gluonfr').rglob('*.py')):
        yield path.relative_to(ROOT / 'gluonfr').as_posix(), ast.parse(path.read_text(encoding='utf-8'))


def uses(tree):
    """The names of Unix in a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in ('os', 'signal'):
            yield from {node.attr} & OF_UNIX
        elif isinstance(node, ast.Import):
            yield from {alias.name for alias in node.names} & MODULES_OF_UNIX
        elif isinstance(node, ast.ImportFrom):
            yield from {node.module} & MODULES_OF_UNIX
            yield from {alias.name for alias in node.names if node.module in ('os', 'signal')} & OF_UNIX


def test_what_only_unix_has_is_asked_for_in_one_place():
    found = {path: set(uses(tree)) for path, tree in trees()}
    assert {'fcntl', 'pread'} <= found['utils/system.py']
    assert not {path: names for path, names in found.items() if names - set().union(
        *(allowed for place, allowed in ALLOWED.items() if path.startswith(place)))}


def test_text_is_read_and_written_as_utf8_whatever_the_machine_has():
    wrong = []
    for path, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and not _says_its_encoding(node):
                wrong.append('{}:{}'.format(path, node.lineno))
    assert not wrong


def _says_its_encoding(call):
    """Whether it is none that opens a text file (`open`, `gzip.open`, `read_text`), or tells in what encoding."""
    plain = isinstance(call.func, ast.Name)
    name = call.func.id if plain else getattr(call.func, 'attr', None)
    if 'encoding' in {keyword.arg for keyword in call.keywords} or None in {keyword.arg for keyword in call.keywords}:
        return True
    if name in ('read_text', 'write_text'):
        return plain  # that of utils.files has its own
    if name != 'open' or not plain and getattr(call.func.value, 'id', None) not in ('gzip', 'io'):
        return True  # of Pillow, an archive, the system
    modes = [part.value for part in ast.walk(call.args[1]) if isinstance(part, ast.Constant)] if call.args[1:] else [
        'r' if plain else 'rb']
    return all('b' in mode for mode in modes if isinstance(mode, str))
