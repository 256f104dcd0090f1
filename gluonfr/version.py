"""The one place where the version stands; setup.py reads it."""
__version__ = '2.0.0.dev0'
