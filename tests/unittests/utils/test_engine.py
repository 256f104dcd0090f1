"""Threads that compute: how many, and on which cores."""
import os
import subprocess
import sys

import pytest
from gluonfr import compat

CORES = compat.core_groups(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else []
CODE = """
import glob, os
import gluonfr, mxnet as mx
from gluonfr.utils.engine import pin_threads
print(pin_threads(mx.cpu()))
x = mx.nd.random.uniform(shape=(8, 16, 64, 64))
mx.nd.Convolution(x, mx.nd.ones((16, 16, 3, 3)), kernel=(3, 3), num_filter=16, no_bias=True).wait_to_read()
for path in glob.glob('/proc/self/task/*/status'):
    print([line.split()[1] for line in open(path) if line.startswith('Cpus_allowed_list')][0])
"""


def run(**environ):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(('OMP_', 'GOMP_'))}
    done = subprocess.run([sys.executable, '-c', CODE], env=dict(kept, **environ),
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()[0], done.stdout.split()[1:]


@pytest.mark.mxnet
@pytest.mark.skipif(len(CORES) < 2 or compat.usable_cores() != len(CORES), reason='needs two whole cores, on Linux')
def test_each_thread_that_computes_has_a_core_of_its_own():
    pinned, places = run()
    everywhere = max(places, key=len)
    assert pinned == 'True'
    assert len(set(places) - {everywhere}) == len(CORES)
    assert len([place for place in places if place != everywhere]) == len(CORES), 'others, such as readers, are free'


@pytest.mark.mxnet
@pytest.mark.skipif(not CORES, reason='needs Linux')
@pytest.mark.parametrize('environ', [{'OMP_NUM_THREADS': '1'}, {'OMP_NUM_THREADS': str(len(CORES) + 1)},
                                     {'GOMP_CPU_AFFINITY': '0'}, {'OMP_PROC_BIND': 'false'}])
def test_threads_stay_free_where_the_user_has_said_how_many_or_where(environ):
    if environ == {'OMP_NUM_THREADS': '1'} and len(CORES) == 1:
        pytest.skip('one thread is what there is')
    pinned, places = run(**environ)
    assert pinned == 'False'
    if 'GOMP_CPU_AFFINITY' not in environ:
        assert len(set(places)) == 1
