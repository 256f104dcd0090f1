"""New processes that load gluonfr.compat alone, and wheels that are none, for the tests of gluonfr.compat."""
import os
import subprocess
import sys
from pathlib import Path

from gluonfr import compat

ROOT = Path(compat.__file__).resolve().parents[2]
INSTALL = "pip install -e '{}[cpu]'".format(ROOT)

# Loads gluonfr.compat alone, so that the process does not need what the rest of gluonfr imports, and has it prepare.
LOAD = """
import sys
def load_compat():
    sys.path.insert(0, {!r})
    import compat
    del sys.path[0]
    compat.prepare()
""".format(str(ROOT / 'gluonfr'))


def run_python(code, path=(), **environ):
    """Run `code` in a new process with `path` before the import path; returns (exit status, stdout, stderr)."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(('OMP_', 'GOMP_', 'PYTHON'))}
    clean.update(environ, PYTHONPATH=os.pathsep.join([str(p) for p in path] + [str(ROOT)]))
    done = subprocess.run([sys.executable, '-c', LOAD + code], env=clean, capture_output=True, text=True,
                          timeout=120)
    return done.returncode, done.stdout, done.stderr


def fake_wheel(folder, name, init='', package='mxnet', version='1.9.1'):
    """Put a distribution `name` with a package into `folder`."""
    info = folder / '{}-{}.dist-info'.format(name.replace('-', '_'), version)
    info.mkdir()
    (info / 'METADATA').write_text('Metadata-Version: 2.1\nName: {}\nVersion: {}\n'.format(name, version))
    (folder / package).mkdir(exist_ok=True)
    (folder / package / '__init__.py').write_text(init)
