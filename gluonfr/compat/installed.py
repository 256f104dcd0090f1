"""What is installed of MXNet, whether it can work, and what to run where it cannot."""
import platform
import shlex
import sys
from importlib import metadata
from pathlib import Path
from typing import Callable, Dict, Iterable, Optional, Sequence, Union

from .modules import is_found

CHECKOUT = Path(__file__).resolve().parents[2]

NEWEST_PYTHON = (3, 12)  # that MXNet 1.9.1 works with: later ones have no NumPy 1

# Every wheel that carries the package `mxnet`; two of them overwrite each other's files.
MXNET_WHEELS = ('mxnet', 'mxnet-mkl', 'mxnet-native', 'mxnet-cu92', 'mxnet-cu100', 'mxnet-cu101', 'mxnet-cu102',
                'mxnet-cu110', 'mxnet-cu111', 'mxnet-cu112', 'mxnet-cu113', 'mxnet-cu114', 'mxnet-cu115',
                'mxnet-cu116', 'mxnet-cu117')


def install_command(extra: str, root: Union[str, Path] = CHECKOUT, system: str = sys.platform) -> str:
    """Return the pip command that installs gluonfr with an extra: from the checkout in `root`, else from the index.

    Without a bound, pip may take gluonfr 1.0 of the index, which has no extras.
    """
    quoted = '"{}"'.format if system == 'win32' else shlex.quote  # its shell knows no other quotes
    if Path(root, 'setup.py').is_file():
        return 'pip install -e ' + quoted('{}[{}]'.format(root, extra))
    return 'pip install ' + quoted('gluonfr[{}]>=2.0.dev0'.format(extra))


def installed_mxnet(version: Callable[[str], str] = metadata.version) -> Dict[str, str]:
    """Return {distribution: version} of the installed wheels that carry the package `mxnet`."""
    found = {}
    for name in MXNET_WHEELS:
        try:
            found[name] = version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def installation_problem(wheels: Dict[str, str], importable: bool, numpy_version: str, has_distutils: bool = True,
                         python: Sequence[int] = sys.version_info, system: str = sys.platform,
                         machine: Optional[str] = None) -> Optional[str]:
    """Return the sentence that says what is wrong with what is installed and what to run, or None.

    Parameters
    ----------
    wheels : dict
        {distribution: version} of the installed MXNet wheels.
    importable : bool
        Whether a package `mxnet` is found at all (a build from source has no wheel).
    numpy_version : str
    has_distutils : bool
        MXNet imports distutils, which Python 3.12 only has through setuptools.
    python : tuple of int
        Its version.
    system, machine : str
        As `sys.platform` and `platform.machine` have them.
    """
    no_wheel = None
    if system == 'win32':
        no_wheel = 'Windows'
    elif system == 'darwin' and (machine or platform.machine()) == 'arm64':
        no_wheel = 'macOS on ARM'
    if no_wheel and not importable:
        return ('MXNet is needed here, and 1.9.1 has no wheel for {}. Use Linux (on Windows: WSL) with Python 3.11, '
                'and install gluonfr[cpu] there'.format(no_wheel))
    new_numpy = int(numpy_version.split('.')[0]) >= 2
    without = 'Aligning, embedding, verifying and searching work without MXNet, too: {}'.format(install_command('onnx'))
    if python[:2] > NEWEST_PYTHON and (new_numpy or not importable):
        return ('MXNet is needed here, and 1.9.1 works with Python 3.8 to {}.{}; this is {}.{}. '
                'Install Python 3.11 and run: python3.11 -m venv .venv && .venv/bin/{}. {}'.format(
                    *NEWEST_PYTHON, *python[:2], install_command('cpu'), without))
    if not importable:
        return 'MXNet is not installed. Run: {}, or on a machine with an NVIDIA GPU: {}. {}'.format(
            install_command('cpu'), install_command('cu112'), without)
    if new_numpy:
        return ('MXNet 1.9.1 does not work with NumPy 2, and NumPy {} is installed. '
                "Run: pip install 'numpy<2'".format(numpy_version))
    if len(wheels) > 1:
        keep = 'cu112' if any('cu' in name for name in wheels) else 'cpu'
        return ('{} are installed together and overwrite each other. '
                'Run: pip uninstall -y {} && {}'.format(
                    ' and '.join(sorted(wheels)), ' '.join(sorted(wheels)), install_command(keep)))
    if not has_distutils:
        return 'MXNet needs distutils, which Python 3.12 left to setuptools. Run: pip install setuptools'
    return None


def mxnet_problem() -> Optional[str]:
    """Return the sentence on why MXNet cannot be imported here and what to run, or None; it is not imported."""
    import numpy as np
    return installation_problem(installed_mxnet(), is_found('mxnet'), np.__version__, is_found('distutils'))


def earlier_import_problem(modules: Iterable[str], numpy_version: str) -> Optional[str]:
    """Return the sentence for an `import mxnet` that failed before gluonfr was imported, or None.

    MXNet's own import stops at `np.bool` under NumPy 1.24 or newer and leaves its submodules behind.
    """
    if 'mxnet' in modules or not any(name.startswith('mxnet.') for name in modules):
        return None
    return ('mxnet was imported before gluonfr, and that import failed (NumPy {} lacks np.bool and others, which '
            'gluonfr has now put back). MXNet works from here on, but without the thread settings of gluonfr: '
            "start Python again and import gluonfr before mxnet, or run: pip install 'numpy<1.24'".format(
                numpy_version))
