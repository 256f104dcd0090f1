"""Do the tests find faults? Makes those of mutations.py one at a time in a copy of the sources, and runs the tests.

    python scripts/mutate.py                      # all, some seconds each
    python scripts/mutate.py --only ring-geman centres-flee
    python scripts/mutate.py --list

Each line says killed (a test failed, as it should) or SURVIVED. Ends with 1 if any survived, and with 2 if a text of
mutations.py is not in its file exactly once or its tests do not run.
"""
import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / 'scripts'))

from mutations import MUTATIONS  # noqa: E402

__all__ = ['mutated', 'run']

COPIED = ('gluonfr', 'tests', 'examples', 'scripts', 'pyproject.toml')


def main():
    """Run the mutations that are asked for; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--only', nargs='+', metavar='NAME', choices=[m.name for m in MUTATIONS], help='these')
    parser.add_argument('--list', action='store_true', help='show them')
    args = parser.parse_args()
    chosen = [m for m in MUTATIONS if not args.only or m.name in args.only]
    if args.list:
        for m in chosen:
            print('{:32} {}: {!r} -> {!r}'.format(m.name, m.file, m.before, m.after))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        for name in COPIED:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, Path(folder) / name, ignore=shutil.ignore_patterns('__pycache__'))
            else:
                shutil.copy(ROOT / name, folder)
        ends = {m.name: run(m, Path(folder)) for m in chosen}
    for name in ('survived', 'failed'):
        found = [key for key, end in ends.items() if end == name]
        if found:
            print('{}: {}'.format(name, ' '.join(found)))
    print('{} of {} killed'.format(sum(end == 'killed' for end in ends.values()), len(ends)))
    return 2 if 'failed' in ends.values() else int('survived' in ends.values())


def mutated(mutation, root=ROOT):
    """The source of a mutation's file under ``root`` with the fault; a ValueError where its text is not there once."""
    source = (root / mutation.file).read_text(encoding='utf-8')
    if source.count(mutation.before) != 1:
        raise ValueError('mutation {}: {} must hold the text {!r} once, and has it {} times. Give it the text that '
                         'stands there now, in scripts/mutations.py.'.format(
                             mutation.name, mutation.file, mutation.before, source.count(mutation.before)))
    return source.replace(mutation.before, mutation.after)


def run(mutation, folder):
    """'killed', 'survived' or 'failed' (its tests cannot be run), said in a line; ``folder`` is left as it was."""
    path = folder / mutation.file
    source = path.read_text(encoding='utf-8')
    path.write_text(mutated(mutation, folder), encoding='utf-8')
    try:
        done = subprocess.run([sys.executable, '-m', 'pytest', '-x', '-q', '-p', 'no:cacheprovider', *mutation.tests],
                              cwd=str(folder), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              env={**os.environ, 'PYTHONPATH': str(folder), 'PYTHONDONTWRITEBYTECODE': '1'})
    finally:
        path.write_text(source, encoding='utf-8')
    end = {0: 'survived', 1: 'killed'}.get(done.returncode, 'failed')
    print('{:32} {}'.format(mutation.name, end if end == 'killed' else end.upper()), flush=True)
    if end == 'failed':
        print(done.stdout[-2000:])
    return end


if __name__ == '__main__':
    sys.exit(main())
