"""The registry of engines."""
from ...utils.registry import Registry

__all__ = ['ENGINES', 'PRECISIONS']

# A class of it has
#   check(net, precision, device, calibrated)  raises ValueError or ImportError where it cannot compute that here
#   version()                                  of its runtime, which may change a digit or the speed
# and is made as engine(net, precision, device, calibration); then it has
#   spec, precision                            what it takes and computes in
#   submit(x)                                  starts on images (B, C, H, W); a function that waits for their embeddings
ENGINES = Registry('engine', home='gluonfr.deploy.engines')

PRECISIONS = ('float32', 'bfloat16', 'int8')
