"""The registry of networks."""
import inspect
from typing import Optional

from ..utils.registry import Registry

__all__ = ['MODELS', 'variant']

MODELS = Registry('model', home='gluonfr.model_zoo.nets')


def variant(net, name, *aliases, **settings):
    """Register the class ``net`` under ``name`` with other defaults, and return the constructor.

    Parameters
    ----------
    net : type
        A network's class. The constructor takes ``classes`` and ``need_cls_layer``, and by keyword what ``net`` and
        its bases take: its signature says so, for `Registry` to check.
    name, *aliases : str
        As in `Registry.register`.
    **settings
        The defaults that differ.
    """
    def make(classes: Optional[int] = None, need_cls_layer: Optional[bool] = None, **kwargs):
        return net(**dict(settings, classes=classes, need_cls_layer=need_cls_layer, **kwargs))

    parameters = {key: p for key, p in inspect.signature(make).parameters.items() if p.kind != p.VAR_KEYWORD}
    for cls in net.__mro__:
        own = inspect.signature(cls).parameters.values() if '__init__' in vars(cls) else ()
        for p in own:
            if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL):
                parameters.setdefault(p.name, p.replace(kind=p.KEYWORD_ONLY, default=settings.get(p.name, p.default)))
        if own and not any(p.kind == p.VAR_KEYWORD for p in own):
            break
    make.__name__ = make.__qualname__ = name
    make.__module__ = net.__module__
    make.__doc__ = '`{}` with {}.'.format(net.__name__, ', '.join('{}={!r}'.format(*s) for s in settings.items()))
    make.__signature__ = inspect.Signature(list(parameters.values()))
    return MODELS.register(name, *aliases)(make)
