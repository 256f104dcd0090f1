"""Docstrings for a terminal: formulas without LaTeX, names without marks."""
import re

__all__ = ['plain_formula', 'plain_text']

GROUP = r'\{((?:[^{}]|\{[^{}]*\})*)\}'  # braces, with one level of braces inside
FRACTION = r'\\t?frac\s*' + GROUP + r'\s*' + GROUP
STEPS = [
    (r'\\tfrac\s*(\d)(\d)', r'\1/\2 '),
    (r'\\(?:left|right|text|mathrm|mathop)(?![a-zA-Z])', ''),
    (r'\s*\\q?quad\s*', '\0'), (r'\\[,; ]', ' '),
    (r'\\[lr]Vert', '|'), (r'\\lfloor', 'floor('), (r'\\rfloor', ')'), (r'\\ne(?![a-zA-Z])', '!='),
    (r'\\leftarrow', '<-'), (r'\\sim', '~'),
    (r'\\([a-zA-Z]+)', r' \1 '),
    (r'([_^])\{(\w+)\}', r'\1\2'), (r'([_^])' + GROUP, r'\1(\2)'), (r'[{}]', ''),
    (r' +', ' '), (r' ([_^),/])', r'\1'), (r'\( ', '('), (r'([_^]) ', r'\1'), (r'\((\w+)\)/', r'\1/'),
    (r'/\((\w+)\)', r'/\1'), (r'(cos|log|max|min|psi|det|exp) \(', r'\1('),
    (r'\| ', '|'), (r' \|(?=[,)^/+-]|$|\|)', '|'), ('\0', '  '),
]


def plain_formula(latex):
    """'s cos(theta_y + m)' of LaTeX's own words for it."""
    before = None
    while before != latex:  # fractions stand inside fractions
        before = latex
        latex = re.sub(r'(\\log|\\cos)\s*' + FRACTION, r'\1((\2)/(\3))', latex)
        latex = re.sub(FRACTION, r'(\1)/(\2)', latex)
    for pattern, replacement in STEPS:
        latex = re.sub(pattern, replacement, latex)
    return latex.strip()


def plain_text(doc):
    """A docstring in reStructuredText as plain text."""
    lines, formula = [], False
    for line in doc.splitlines():
        if line.strip() == '.. math::':
            formula = True
        elif formula and (line.startswith(' ') or not line.strip()):
            lines.append(('    ' + plain_formula(line)).rstrip())
        else:
            formula = False
            line = re.sub(':math:`([^`]*)`', lambda found: plain_formula(found.group(1)), line)
            lines.append(re.sub(r'(?::\w+:)?`{1,2}([^`]*)`{1,2}', r'\1', line))
    return '\n'.join(lines)
