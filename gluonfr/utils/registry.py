"""The one way a name becomes a thing: losses, models, datasets and protocols all use it."""
import difflib
import importlib
import inspect
import warnings
from typing import Optional

__all__ = ['Registry']


class Registry:
    """Names, matched without regard to case, and the constructors behind them.

    Parameters
    ----------
    kind : str
        What is registered here ('loss', 'model', ...), for the messages.
    home : str or None
        The module whose import registers what belongs here; it is imported when a name is first looked up.

    Examples
    --------
    >>> from gluonfr.utils import Registry
    >>> SHAPES = Registry('shape')
    >>> @SHAPES.register('square', 'box')
    ... def square(side=1):
    ...     return side * side
    >>> SHAPES.create('Box', side=3), SHAPES.names()
    (9, ['square'])
    >>> SHAPES.create('sqare')
    Traceback (most recent call last):
    ValueError: unknown shape 'sqare'. Did you mean 'square'? Known: square.
    """

    def __init__(self, kind: str, home: Optional[str] = None) -> None:
        self._kind = kind
        self._home = home
        self._makers = {}
        self._aliases = {}

    def register(self, name, *aliases):
        """Decorator: put a class or function under ``name``, reachable by ``aliases`` too."""
        def decorate(maker):
            for key in (name,) + aliases:
                key = key.lower()
                if key in self._aliases:
                    warnings.warn('the {} name {!r} is registered again: {!r} replaces {!r}.'.format(
                        self._kind, key, maker, self._makers[self._aliases[key]]), stacklevel=2)
                    self._makers.pop(key, None)
                self._aliases[key] = name.lower()
            self._makers[name.lower()] = maker
            return maker
        return decorate

    def names(self):
        """All canonical names, sorted."""
        self._fill()
        return sorted(self._makers)

    def aliases(self, name):
        """The other names of ``name``, sorted."""
        key = self.canonical(name)
        return sorted(a for a, k in self._aliases.items() if k == key and a != key)

    def __contains__(self, name):
        self._fill()
        return isinstance(name, str) and name.lower() in self._aliases

    def canonical(self, name):
        """The canonical form of ``name``.

        Raises
        ------
        TypeError
            ``name`` is no string.
        ValueError
            Nothing has this name; the message lists all names and the nearest one.
        """
        if not isinstance(name, str):
            raise TypeError('the name of a {} must be a string, got {!r}.'.format(self._kind, name))
        self._fill()
        key = name.lower()
        if key not in self._aliases:
            near = difflib.get_close_matches(key, self._aliases, n=1)
            raise ValueError('unknown {} {!r}.{} Known: {}.'.format(
                self._kind, name, ' Did you mean {!r}?'.format(near[0]) if near else '', ', '.join(self.names())))
        return self._aliases[key]

    def get(self, name):
        """The constructor registered as ``name``."""
        return self._makers[self.canonical(name)]

    def keywords(self, name):
        """The set of keywords that the constructor of ``name`` takes, those it hands to its base included."""
        return _keywords(self.get(name))[0]

    def signature(self, name):
        """How the constructor of ``name`` is called, as text and without types."""
        maker = self.get(name)
        parameters = inspect.signature(maker).parameters.values()
        plain = inspect.Signature([parameter.replace(annotation=parameter.empty) for parameter in parameters])
        return '{}{}'.format(maker.__name__, plain)

    def create(self, name, **kwargs):
        """Call the constructor of ``name``.

        Raises
        ------
        TypeError
            A keyword that it does not take, or one missing that it needs; the message shows the signature.
        """
        maker = self.get(name)
        allowed, required = _keywords(maker)
        unknown = [] if getattr(maker, 'open_keywords', False) else sorted(set(kwargs) - allowed)
        missing = sorted(required - set(kwargs))
        if unknown or missing:
            raise TypeError('{} {!r}: {}. Signature: {}.'.format(
                self._kind, self.canonical(name),
                ' and '.join(filter(None, [
                    'unknown argument ' + ', '.join(map(repr, unknown)) if unknown else '',
                    'missing argument ' + ', '.join(map(repr, missing)) if missing else ''])),
                self.signature(name)))
        return maker(**kwargs)

    def _fill(self):
        if self._home:
            importlib.import_module(self._home)
            self._home = None


def _keywords(maker):
    """The keywords that ``maker`` takes and those it cannot do without, two sets.

    A class that hands ``**kwargs`` to its base takes what the base takes; one that hands them to something else says
    ``open_keywords = True`` and checks them itself.
    """
    if inspect.isclass(maker):
        steps = [vars(c)['__init__'] for c in maker.__mro__ if '__init__' in vars(c) and c is not object]
    else:
        steps = [maker]
    allowed, required = set(), set()
    for depth, step in enumerate(steps):
        parameters = [p for p in inspect.signature(step).parameters.values() if p.name != 'self']
        named = [p for p in parameters if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
        allowed.update(p.name for p in named)
        if depth == 0:
            required.update(p.name for p in named if p.default is p.empty)
        if getattr(maker, 'open_keywords', False) or not any(p.kind == p.VAR_KEYWORD for p in parameters):
            break
    return allowed, required
