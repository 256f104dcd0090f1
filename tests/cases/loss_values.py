"""A loss as NumPy: its values and gradients on given inputs, and its parameters by name."""
import mxnet as mx
import numpy as np
from loss_inputs import CLASSES
from mxnet import autograd, gluon


class Outer(gluon.HybridBlock):
    """Calls a loss inside another graph, where it meets Symbols."""

    def __init__(self, loss):
        super().__init__()
        self.loss = loss

    def hybrid_forward(self, F, *args):
        return self.loss(*args)


def params_of(loss):
    """Parameters by attribute name: {'R': Parameter, ...}, those of a block inside the loss included."""
    return {path.split('.')[-1]: p for path, p in loss._collect_params_with_prefix().items()}


def set_params(loss, values):
    """Write arrays into the named parameters."""
    for name, value in values.items():
        params_of(loss)[name].set_data(mx.nd.array(value, dtype=params_of(loss)[name].dtype))


def snapshot(loss):
    """Copies of every parameter, state included."""
    return {name: p.data(p.list_ctx()[0]).asnumpy().copy() for name, p in params_of(loss).items()}


def arrays(x, dtype='float32', label_dtype='float32', ctx=None):
    """Inputs as NDArrays in their order."""
    return [mx.nd.array(v, dtype=label_dtype if k == 'label' else dtype, ctx=ctx or mx.cpu()) for k, v in x.items()]


def first(out):
    """The loss of a result that may be (loss, probability)."""
    return out[0] if isinstance(out, (list, tuple)) else out


def value(loss, x, train=False, dtype='float32', label_dtype='float32', sample_weight=None, ctx=None):
    """Loss (B,) as NumPy."""
    args = arrays(x, dtype, label_dtype, ctx)
    if sample_weight is not None:
        args.append(mx.nd.array(sample_weight, dtype=dtype))
    with autograd.record(train_mode=train):
        out = first(loss(*args))
    return out.asnumpy()


def gradients(loss, x, head, train=False, dtype='float64', ctx=None):
    """(loss, gradient by input name, gradient by parameter name) of sum(head * loss)."""
    args = arrays(x, dtype, dtype if dtype == 'float64' else 'float32', ctx)
    named = dict(zip(x, args))
    for key, array in named.items():
        if key != 'label':
            array.attach_grad()
    with autograd.record(train_mode=train):
        out = first(loss(*args))
    out.backward(mx.nd.array(head, dtype=out.dtype, ctx=out.context))
    by_input = {k: a.grad.asnumpy() for k, a in named.items() if k != 'label'}
    by_param = {k: p.grad(args[0].context).asnumpy() for k, p in params_of(loss).items() if p.grad_req != 'null'}
    return out.asnumpy(), by_input, by_param


def close(got, want, tight=True):
    """float64 up to the epsilons of divisions (1e-8), or float32."""
    np.testing.assert_allclose(got, want, rtol=1e-7 if tight else 1e-4, atol=1e-8 if tight else 1e-4)


def one_hot(label, classes=CLASSES):
    """(B,) -> (B, C)."""
    return np.eye(classes)[label.astype(int)]
