"""Errors of the library as the command says them: in its options."""
import ast
import re
import warnings
from pathlib import Path

import pytest

import gluonfr
from gluonfr import cli
from gluonfr.cli import listing
from gluonfr.cli.parsers import make_parser
from gluonfr.cli.words import in_words

COMMANDS = {
    'pack': ['pack', 'folder', 'people', '--out', 'x'], 'align': ['align', 'photos', '--out', 'x'],
    'train': ['train', '--dataset', 'x', '--out', 'x'], 'embed': ['embed', 'net', 'data', '--out', 'x'],
    'compare': ['compare', 'net', 'a', 'b'], 'verify': ['verify', 'net', '--data', 'x'],
    'evaluate': ['evaluate', '--data', 'x', '--out', 'y']}


def test_warnings_are_lines_in_the_words_of_the_command(monkeypatch, capsys):
    def run(args):
        print(warnings.formatwarning(UserWarning("damaged. Use on_error='skip'."), UserWarning, __file__, 1), end='')

    before = warnings.formatwarning
    monkeypatch.setattr(listing, 'losses', run)
    assert cli.main(['losses']) == 0
    assert capsys.readouterr().out == "gluonfr losses: warning: damaged. Use on_error='skip'.\n"
    assert warnings.formatwarning is before


def said(message, command):
    words = COMMANDS[command]
    return in_words(command, message, make_parser().parse_args(words).parser, words)


@pytest.mark.parametrize('command, message, expected', [
    ('pack', 'pack_folder: resize must be given for images of several sizes: p/resize.jpg has 8 x 8 pixels',
     '--resize must be given for images of several sizes: p/resize.jpg has 8 x 8 pixels'),
    ('pack', 'pack: x/train.rec was made with other settings. Give another folder, or resume=False to replace it.',
     'x/train.rec was made with other settings. Give another folder, or --no-resume to replace it.'),
    ('pack', 'pack_folder: min_images must be >= 1, got 0.', '--min-images must be >= 1, got 0.'),
    ('pack', 'none remains: the one with the most images has 3, min_images is 5.',
     'none remains: the one with the most images has 3, --min-images is 5.'),
    ('pack', "FolderDataset: each folder in people must hold images. Remove them or use on_error='skip'.",
     'FolderDataset: each folder in people must hold images. Remove them or use --on-error skip.'),
    ('pack', 'FolderDataset: people must hold a folder for each person.',
     'FolderDataset: people must hold a folder for each person.'),  # which is the folder that was given
    ('pack', 'pack_folder: exclude must be names of people in x.', '--exclude must be names of people in x.'),
    ('pack', 'relabel=True numbers them anew.', '--relabel numbers them anew.'),
    ('align', 'Finder: min_face must be >= 0, got -1.', '--min-face must be >= 0, got -1.'),
    ('train', 'IterLRScheduler: warmup_iters must be in [0, 3], got 100.', '--warmup must be in [0, 3], got 100.'),
    ('train', "Pass resume='auto' to go on, another folder, or overwrite=True.",
     'Pass --resume to go on, another folder, or --overwrite.'),
    ('train', 'ArcLoss: m must be in [0, pi/2), got 3.0.', 'ArcLoss: m must be in [0, pi/2), got 3.0.'),
    ('compare', "record 3 is empty. With on_error='skip' what can be read is used, and the rest reported.",
     'record 3 is empty.'),  # it has no such option
    ('compare', "Remove them or use on_error='skip'.", 'Remove them.'),
    ('compare', "[Errno 2] No such file or directory: 'b.jpg'", "No such file or directory: 'b.jpg'"),
    ('verify', 'kfold: nfolds must be at most 6, got 10.', '--folds must be at most 6, got 10.'),
    ('evaluate', "plane='umap' needs umap-learn", '--map umap needs umap-learn'),
    ('evaluate', 'GivenDistractors: distractors must come with a set of people.',
     '--distractors must come with a set of people.'),
    ('evaluate', 'add_quality: quality must be norm, got x.', '--quality must be norm, got x.'),
    ('evaluate', 'both with the same seed and most_pairs.', 'both with the same seed and --most-pairs.'),
    ('evaluate', 'the first: x. root says which folder', 'the first: x. --root says which folder'),
    ('embed', 'there is no folder out/on_error/seed=1/min_face.', 'there is no folder out/on_error/seed=1/min_face.'),
])
def test_words(command, message, expected):
    assert said(message, command) == expected


ADVICE = re.compile(r"(?:resume|on_error|relabel|overwrite)=(?:'\w+'|True|False)")


def test_all_advice_of_the_library_can_be_said():
    """What messages of gluonfr.data and .align advise in Python's words is an option of the commands that give them."""
    root, found = Path(gluonfr.__file__).parent, set()
    for path in [*root.glob('data/**/*.py'), *root.glob('align/*.py')]:
        tree = ast.parse(path.read_text(encoding='utf-8'))
        documented = {id(node.body[0].value) for node in ast.walk(tree) if isinstance(node, (
            ast.Module, ast.ClassDef, ast.FunctionDef)) and isinstance(node.body[0], ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documented:
                found.update(ADVICE.findall(node.value))
    assert found == {"on_error='skip'", 'resume=False', 'relabel=True'}
    for advice in found:
        assert said(advice, 'pack').startswith('--')
