"""Sphinx builds the site from these pages and the docstrings: ./scripts/docs.sh."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from gluonfr.version import __version__  # noqa: E402

project = 'gluonfr'
copyright = 'the gluonfr authors; Apache License 2.0'  # noqa: A001
version = release = __version__
html_title = f'gluonfr {release}'
html_theme = 'furo'
html_static_path = []

extensions = ['myst_parser', 'sphinx.ext.autodoc', 'sphinx.ext.napoleon', 'sphinx.ext.mathjax']
exclude_patterns = ['_build']
myst_heading_anchors = 3

default_role = 'code'  # `name` in a docstring
autodoc_member_order = 'bysource'
autodoc_default_options = {'members': True, 'exclude-members': 'hybrid_forward, forward'}
autodoc_typehints = 'none'  # the docstrings say more than the type
napoleon_google_docstring = False
napoleon_use_param = False
napoleon_use_rtype = False
nitpick_ignore_regex = [('py:(class|exc)', '.*')]  # napoleon takes each word of a type for a name
suppress_warnings = ['ref.python']
