"""Packaging of gluonfr; the version stands in gluonfr/version.py."""
import re
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).resolve().parent
README = ROOT / 'README.md'

# What MXNet 1.9.1 asks for. On a later Python pip would first build NumPy 1 from source, and fail: it is to refuse at
# once, by the name of a version that no index can hold.
MXNET = [
    '{}==1.9.1; python_version < "3.13"',
    '{}==1.9.1+needs.python.3.8.to.3.12; python_version >= "3.13"',
    'numpy<2',
    'scipy<2',  # MXNet uses scipy.sparse.csr, which SciPy 2 drops
    'setuptools; python_version >= "3.12"',  # MXNet imports distutils
    'gluoncv>=0.10.5',
    'tensorboardX>=2.2',
]

EXTRAS = {
    'cpu': [need.format('mxnet') for need in MXNET],
    # mxnet-cu112 links these libraries; as wheels they need no CUDA toolkit, and gluonfr/compat loads them
    'cu112': [
        *(need.format('mxnet-cu112') for need in MXNET),
        'nvidia-cuda-runtime-cu11>=11.7,<12',
        'nvidia-cuda-nvrtc-cu11>=11.8,<12',  # 11.7 compiles for nothing newer than compute capability 8.7
        'nvidia-cublas-cu11>=11.10,<12',
        'nvidia-cudnn-cu11==8.9.6.50',  # 9 has other file names
        'nvidia-cufft-cu11>=10.7,<11',
        'nvidia-curand-cu11>=10.2,<11',
        'nvidia-cusolver-cu11>=11.4,<12',
        'nvidia-nccl-cu11>=2.14,<3',
        'nvidia-nvtx-cu11>=11.7,<12',
    ],
    'dali': ['nvidia-dali-cuda110==1.34.0'],  # the last wheel on the index with the MXNet plugin
    'demo': ['mlxtend>=0.22'],
    'onnx': ['onnx>=1.17', 'onnxruntime>=1.19'],
    'onnx-gpu': ['onnx>=1.17', 'onnxruntime-gpu[cuda,cudnn]>=1.19'],  # in place of onnx: both hold one package
    'openvino': ['onnx>=1.17', 'openvino>=2024.4'],
    'torch': ['torch>=2.6; python_version >= "3.9"'],  # before, weights_only could be got around (CVE-2025-32434)
    'mtcnn': ['facenet-pytorch==2.5.3'],  # later ones ask for NumPy >= 1.24 and old Pillow
    'faiss': ['faiss-cpu>=1.7.4'],
    'report': ['bokeh>=3.1', 'jinja2>=3.0'],  # the script of plotly is 5 MB in each report, Bokeh's 1 to 1.4
    'dev': ['pytest>=7', 'pytest-xdist>=3.2', 'ruff>=0.5', 'import-linter>=2.0', 'build', 'twine>=5', 'setuptools'],
    'docs': ['sphinx>=7.1,<10', 'myst-parser>=3,<6', 'furo>=2024.8.6'],
}
EXTRAS['docs'] += EXTRAS['report']  # the example report
# what tests need
EXTRAS['dev'] += EXTRAS['onnx'] + EXTRAS['openvino'] + EXTRAS['faiss'] + EXTRAS['report'] + ['scikit-image']
# of the two MXNet wheels only one can be installed: with an NVIDIA GPU take cu112 instead of all
EXTRAS['all'] = [package for name in ('cpu', 'demo', 'dev', 'docs') for package in EXTRAS[name]]

setup(
    name='gluonfr',
    version=re.search(r"__version__ = '(.+)'", (ROOT / 'gluonfr' / 'version.py').read_text(encoding='utf-8')).group(1),
    description='Face recognition toolkit: losses, networks, data, training on MXNet Gluon, and use on any runtime',
    long_description=README.read_text(encoding='utf-8') if README.exists() else '',
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    packages=find_packages(include=['gluonfr', 'gluonfr.*']),
    package_data={'gluonfr': ['py.typed'], 'gluonfr.model_zoo': ['cards.json', 'weights/*'],
                  'gluonfr.report': ['templates/*']},
    python_requires='>=3.8',
    install_requires=[  # of what works without MXNet
        'numpy>=1.17',
        'scipy>=1.4',
        'matplotlib>=3.1',
        'seaborn>=0.11',
        'scikit-learn>=0.22',
        'threadpoolctl>=2.0',
        'tqdm',
        'opencv-python',
        'pillow',
    ],
    extras_require=EXTRAS,
    entry_points={'console_scripts': ['gluonfr = gluonfr.cli:main']},
    classifiers=[
        'Development Status :: 4 - Beta',
        'Intended Audience :: Science/Research',
        'Operating System :: MacOS',  # as Windows, without MXNet: written for, and not run there
        'Operating System :: Microsoft :: Windows',
        'Operating System :: POSIX :: Linux',
        'Programming Language :: Python :: 3',
        *('Programming Language :: Python :: 3.{}'.format(minor) for minor in range(8, 15)),  # from 13 without MXNet
        'Topic :: Scientific/Engineering :: Image Recognition',
    ],
)
