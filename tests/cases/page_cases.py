"""The pages that users read, and the blocks of code in them."""
import re
import shlex
from collections import namedtuple

from helpers import ROOT

READMES = [ROOT / name for name in ('README.md', 'README_zh.md')]
CHINESE = [READMES[1], *sorted((ROOT / 'docs' / 'zh').glob('*.md'))]
INCLUDED = [ROOT / folder / 'README.md' for folder in ('examples/face', 'examples/mnist', 'scripts/benchmark')]
PAGES = [*READMES, *sorted((ROOT / 'docs').rglob('*.md')), *INCLUDED]

#: language: sh or python; extra: {word of a command: words to add}; reason: why it is not run, or None.
Block = namedtuple('Block', 'language code extra reason')
BLOCK = re.compile(r'(?:^<!-- (run with|not run): (.*?) -->\n)?^```(sh|bash|python)\n(.*?)^```', re.M | re.S)


def page_name(page):
    """How a test calls a page."""
    return str(page.relative_to(ROOT))


def blocks(page):
    """The blocks of a page that stand in shell or Python."""
    found = []
    for mark, said, language, code in BLOCK.findall(page.read_text(encoding='utf-8')):
        parts = [shlex.split(part) for part in said.split(';')] if mark == 'run with' else []
        found.append(Block(language.replace('bash', 'sh'), code, {part[0]: part[1:] for part in parts},
                           said if mark == 'not run' else None))
    return found


def command_lines(code):
    """The command lines of a shell block, without comments, as lists of words."""
    lines = [shlex.split(line, comments=True) for line in code.replace('\\\n', ' ').splitlines()]
    return [words for words in lines if words]
