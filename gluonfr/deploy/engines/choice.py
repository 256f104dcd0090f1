"""Which engine computes: the one that is asked for, that of earlier versions, or the fastest here."""
import logging
import time

import numpy as np

from ...compat import threads_to_use
from ...compat.machine import processor
from .notes import note, noted
from .parity import compare_once
from .registry import ENGINES

__all__ = ['choose_engine', 'measure']

EACH, ROUNDS, SECONDS = 4, 3, 0.3  # images a core, rounds through all engines, and how long each has in a round
MARGIN = 1.03  # another engine than MXNet must be so much faster, which is more than a measurement errs by
log = logging.getLogger('gluonfr')


def choose_engine(engine, net, precision, device, calibration):
    """Make the engine that is asked for.

    Parameters
    ----------
    engine : str or None
        A name, 'auto', or None: MXNet for a network of its own, ONNX Runtime for an ONNX file and on a GPU named by
        `device`, and 'auto' where that is not installed.
    net : TrainedNet
    precision : str
    device : Device or None
    calibration : sequence or None

    Returns
    -------
    (str, object)
        The name, and what computes.

    Raises
    ------
    ValueError, ImportError
        It cannot compute this here; the sentence says why and what to do.
    """
    calibrated = calibration is not None and len(calibration) > 0
    wanted = net, precision, device, calibrated
    if engine is None:
        engine = 'onnxruntime' if net.is_onnx or device is not None and device.kind == 'cuda' else 'mxnet'
        try:
            ENGINES.get(engine).check(*wanted)
        except ImportError:
            if engine == 'onnxruntime' and not _able(wanted)[0]:
                raise
            engine = 'auto'
        else:
            return _made(engine, net, precision, device, calibration)
    if engine != 'auto':
        engine = ENGINES.canonical(engine)
        ENGINES.get(engine).check(*wanted)
        return _made(engine, net, precision, device, calibration)
    able, problems = _able(wanted)
    if not able:
        raise ValueError('Embedder: no engine can compute this here. {}'.format('; '.join(problems)))
    if len(able) > 1:
        return _fastest(able, net, precision, device, calibration)
    log.debug('engine %s is the only one that can compute this here', able[0])
    return _made(able[0], net, precision, device, calibration)


def _made(name, net, precision, device, calibration):
    """An engine that can compute this, by its name: compared once with the others, and (name, engine)."""
    engine = ENGINES.get(name)(net, precision, device, calibration)
    compare_once(name, engine, net, device)
    return name, engine


def _able(wanted):
    """The names of the engines that can compute what is wanted, and why others cannot."""
    able, problems = [], []
    for name in ENGINES.names():
        try:
            ENGINES.get(name).check(*wanted)
            able.append(name)
        except (ImportError, ValueError) as error:
            problems.append('{}: {}'.format(name, str(error).replace('Embedder: ', '')))
    return able, problems


def _fastest(able, net, precision, device, calibration):
    """The fastest engine by what was measured once for this network, machine, precision and what is installed."""
    versions = ', '.join('{} {}'.format(name, ENGINES.get(name).version()) for name in able)
    key = 'images/s ahead in {} on {}, {}, {} threads: {}'.format(
        precision, device or 'cpu', processor(), threads_to_use(), versions)
    rates = noted(net.model().sha256, key)
    made = {}
    if not isinstance(rates, dict) or set(rates) - set(able) or not rates:
        for name in able:
            try:
                made[name] = _made(name, net, precision, device, calibration)[1]
            except ValueError as error:
                log.warning('engine %s is left out: %s', name, error)
        if not made:
            raise ValueError('Embedder: no engine computes this network: see the lines above.')
        if len(made) == 1:
            return next(iter(made.items()))
        rates = measure(made)
        note(net.model().sha256, key, rates)
    name = best(rates)
    log.debug('engine %s: %s images/s', name, ', '.join('{} {:.0f}'.format(*pair) for pair in sorted(rates.items())))
    return (name, made[name]) if name in made else _made(name, net, precision, device, calibration)


def best(rates):
    """The name of the fastest engine; MXNet, whose digits earlier versions gave, unless another is 3 % faster."""
    fastest = max(rates, key=rates.get)
    return 'mxnet' if rates.get('mxnet', 0) * MARGIN > rates[fastest] else fastest


def measure(engines, clock=time.perf_counter):
    """Images a second of each of {name: engine}: the best of some rounds, in which they take turns.

    As in an `Embedder`, the next batch is on its way before one is waited for.
    """
    rates, count = dict.fromkeys(engines, 0.0), EACH * threads_to_use()
    x = np.random.RandomState(0).uniform(-1, 1, (count,) + next(iter(engines.values())).spec.shape).astype('float32')
    for engine in engines.values():
        engine.submit(x)()
    for _ in range(ROUNDS):
        for name, engine in engines.items():
            begin, calls, waiting = clock(), 1, engine.submit(x)
            while clock() - begin < SECONDS:
                following = engine.submit(x)
                waiting()
                calls, waiting = calls + 1, following
            waiting()
            rates[name] = max(rates[name], round(count * calls / (clock() - begin), 1))
    return rates
