"""Write the tables of the README and of docs/: losses, nets and weights from the registries and cards.json, results
from the csv files in resources/results, the gallery from the pictures in resources.

    python scripts/tables.py

A table stands between two marks of its page; tests/unittests/test_tables.py fails when one is out of date.
"""
import csv
import inspect
import json
import os
import re
import sys
from functools import partial

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [ROOT] + [os.path.join(ROOT, *folder) for folder in (['scripts'], ['scripts', 'benchmark'])]

import mnist_results  # noqa: E402
import mnist_ringloss  # noqa: E402
import ratios  # noqa: E402
from gluonfr.loss import get_loss_list, loss_facts, LOSSES  # noqa: E402
from gluonfr.loss.by_name import SHARED  # noqa: E402
from gluonfr.loss.joint import JointLoss  # noqa: E402
from gluonfr.model_zoo import MODELS  # noqa: E402
from gluonfr.model_zoo.model_store import list_cards  # noqa: E402
from gluonfr.model_zoo.sizes import SIZES  # noqa: E402
from marked import replace_marked  # noqa: E402

__all__ = ['MARKS', 'TABLES', 'write']

MARKS = '<!-- table: {}, by scripts/tables.py -->', '<!-- end of the table -->'
# papers without a number of arXiv
PAPERS = {'centerloss': '[ECCV 2016](https://ydwen.github.io/papers/WenECCV16.pdf)',
          'contrastiveloss': '[Hadsell 2006](http://yann.lecun.com/exdb/publis/pdf/hadsell-chopra-lecun-06.pdf)',
          'subcenterarcface': '[ECCV 2020](https://www.ecva.net/papers/eccv_2020/papers_ECCV/papers/123560715.pdf)',
          'uniface': 'ICCV 2023'}
KINDS = 'cosines', 'scores', 'terms', 'pairs'  # of losses, a table each
SETTING_OF = {'A-softmax': 'asoftmax', 'CosFace': 'cosloss', 'ArcFace': 'arcface'}  # a named setting -> its loss


def write():
    """Write all of them."""
    for (page, name), make in TABLES.items():
        replace_marked(os.path.join(ROOT, page), marks(name), make())


def marks(name):
    """What a table stands between."""
    return MARKS[0].format(name), MARKS[1]


def losses():
    """A row for each loss of the registry."""
    return table(['name', 'class', 'also called', 'paper', 'LFW, %'], [
        [facts.name, LOSSES.get(facts.name).__name__, ', '.join(facts.aliases), paper(facts),
         '{:.2f}'.format(facts.lfw) if facts.lfw else ''] for facts in map(loss_facts, get_loss_list())])


def choices(kind):
    """A row for each loss of a kind: when to use it, what it needs and its defaults."""
    names = {LOSSES.get(name).__name__: name for name in get_loss_list()}
    rows = []
    for facts in map(loss_facts, get_loss_list()):
        maker = LOSSES.get(facts.name)
        if kind_of(maker) == kind:
            use = re.sub(r'`+(?:gluonfr\.[\w.]*\.)?([^`]*)`+',
                         lambda m: '`{}`'.format(names.get(m[1], m[1])), facts.use)
            defaults = ' '.join('{}={}'.format(*item) for item in facts.defaults.items())
            rows.append(['`{}`'.format(facts.name), use[0].upper() + use[1:], needs(maker),
                         '`{}`'.format(defaults) if defaults else ''])
    return table(['loss', 'when to use it', 'needs', 'defaults'], rows)


def kind_of(maker):
    """The table of docs/howto/choose-a-loss.md that a loss stands in."""
    if maker.wants_groups:
        return 'pairs'
    if issubclass(maker, JointLoss):
        return 'terms'
    return 'cosines' if maker.head == 'cosine' else 'scores'


def needs(maker):
    """What a loss needs beside images and labels."""
    said = [name for name, parameter in inspect.signature(maker).parameters.items()
            if parameter.default is parameter.empty and parameter.kind != parameter.VAR_KEYWORD]
    said += ['mining'] * ('mining' in inspect.signature(maker).parameters)  # without it, pairs are given
    return ', '.join(['`{}`'.format(name) for name in said if name not in SHARED]
                     + ['batches of groups'] * maker.wants_groups)


def all_losses(text):
    """How many losses there are, and their names."""
    return text.format(len(get_loss_list()), ', '.join(map('`{}`'.format, get_loss_list())))


def paper(facts):
    """Links to the papers that the docstring names."""
    return PAPERS.get(facts.name) or ', '.join('[{0}](https://arxiv.org/abs/{0})'.format(n) for n in facts.papers)


def nets():
    """A row for each network of the registry, iresnet18 before iresnet100."""
    names = sorted(MODELS.names(), key=lambda name: [part.zfill(4) for part in re.split(r'(\d+)', name)])
    rows = [[name, ', '.join(MODELS.aliases(name)), str(size.embedding_size), '{:.2f} M'.format(size.values / 1e6),
             '{:.2f} G'.format(size.macs / 1e9)] for name, size in ((name, SIZES[name]) for name in names)]
    return table(['name', 'also called', 'embedding', 'parameters', 'multiply-adds'], rows)


def weights():
    """A row for each card of pretrained weights."""
    rows = []
    for card in list_cards().values():
        figures = ', '.join('{} {:.2f}'.format(*figure) for figure in card.published.items())
        source = ('in the package' if not card.page else
                  'download' if any('url' in source for source in card.sources) else 'a copy of yours')
        rows.append(['[{}]({})'.format(card.name, card.page) if card.page else card.name, card.model or '',
                     card.data or '', source, '{:.1f}'.format(card.size / 1e6) if card.size else '', figures,
                     card.licence])
    return table(['name', 'network', 'trained on', 'comes from', 'MB', 'published, %', 'licence'], rows)


def gallery():
    """A section with the pictures of each named setting and each loss."""
    sections, kind = [], None
    for row in sorted(read('mnist'), key=lambda row: mnist_results.all_rows().index((row['kind'], row['name']))):
        if row['kind'] != kind:
            sections += ['## ' + {'setting': 'Named settings of AngleLinear', 'loss': 'Losses'}[row['kind']], '']
        name, kind = row['name'], row['kind']
        text = '`{}`: test accuracy {:.2f} %'.format(
            re.sub(r' --seed.*', '', row['command']), 100 * float(row['test_accuracy']))
        loss = name if row['kind'] == 'loss' else SETTING_OF.get(name.partition('_')[0], '')
        lfw = loss and loss_facts(loss).lfw
        if lfw:
            text += '; on LFW in its paper: {:.2f} %'.format(lfw)
        sections += ['### {}'.format(name), '', text + '.', '', pictures(row), '']
    waiting = sorted(set(get_loss_list()) - {row['name'] for row in read('mnist') if row['kind'] == 'loss'})
    if waiting:
        sections += ['### No pictures yet', '', ', '.join(map('`{}`'.format, waiting)) + '.']
    return '\n'.join(sections).rstrip()


def pictures(row):
    """The pictures of a row of mnist.csv: training images left, test images right."""
    folder, rows = mnist_results.picture_folder(row['kind'], row['name']), []
    for ending in ('.png', '-circle.png', '.gif'):
        names = [row['name'] + which + ending for which in ('-train', '-test')]
        if os.path.exists(os.path.join(ROOT, 'resources', folder, names[0])):
            rows.append(['![{1}](../resources/{0}/{1})'.format(folder, name) for name in names])
    return table(['training images', 'test images'], rows)


def parity():
    """How far converted networks are from their sources."""
    return table(['source', 'becomes', 'images', 'largest difference'], [
        [row['source'], '`{}`'.format(row['net']), row['images'], row['max_abs_diff']]
        for row in read('convert-parity')])


def realigned():
    """What detection and alignment cost."""
    head = ['landmarks', 'found', 'cosine to the original: mean, median, lowest 1 %', 'accuracy % of the originals',
            'accuracy %']
    return table(head, [
        [row['detector'].replace('none', 'the true ones'), row['found'],
         '{cosine_mean}, {cosine_median}, {cosine_1%}'.format(**row), percent(row['acc_aligned']),
         percent(row['acc_found'])] for row in read('lfw-realigned')])


def drawn():
    """The network of drawn faces that comes with the package."""
    return table(['network', 'people', 'images', 'pairs', 'accuracy %', 'EER %'], [
        ['`{net}`'.format(**row), row['people'], row['images'], row['pairs'], spread(row), percent(row['eer'])]
        for row in read('mobilefacenet-drawn')])


def cuda():
    """Embedding on a GPU, beside the CPU of its machine."""
    rows = read('benchmark-cuda')
    return table(['network', 'batches of', 'images/s on the GPU', 'images/s on the CPU', 'largest difference'], [
        [gpu['net'], gpu['batch'], '{:,}'.format(int(gpu['forward'])), '{:,}'.format(int(cpu['forward'])),
         gpu['largest_difference']] for cpu, gpu in zip(rows[::2], rows[1::2])])


def fold1():
    """Training on LFW itself."""
    return table(['training', 'epochs', 'accuracy %', 'AUC', 'EER %'], [
        [row['name'], row['epochs'], spread(row), '{:.4f}'.format(float(row['auc'])), percent(row['eer'])]
        for row in read('lfw-fold1')])


def leaderboard():
    """Losses from the highest TAR to the lowest, and what the intervals let one say about each beside softmax."""
    def cells(row, name):
        shown = '{} [{}, {}]'.format(*(percent(row[name + end]) for end in ('', '_low', '_high')))
        return [shown, row[name + '_shown']]

    rows = sorted(read('leaderboard-losses'), key=lambda row: -float(row['tar@0.01']))
    return table(['loss', 'accuracy %', 'beside softmax', 'TAR % at FAR 1e-2', 'beside softmax', 'CPU seconds a run'], [
        ['`{loss}`'.format(**row), *cells(row, 'acc'), *cells(row, 'tar@0.01'), row['cpu_seconds']] for row in rows])


def y1():
    """A published network on LFW, in every way of reading it."""
    return table(['read by', 'precision', 'flip', 'thresholds', 'accuracy %'], [
        [row['reader'], row['precision'], row['flip'], row['thresholds'], spread(row)] for row in read('lfw-y1')])


def beside():
    """What InsightFace's own scripts print, and gluonfr on the same embeddings."""
    return table(['script', 'set', 'quantity', 'InsightFace', 'gluonfr, compat', 'gluonfr, exact'], [
        [row['script'], row['set'], row['quantity'], row['insightface'], row['compat'], row['exact']]
        for row in read('beside-insightface')])


def copies():
    """Copies that were planted, found by gluonfr clean and by fastdup."""
    mine = row_of('clean-lfw', 'part', 'copies')
    found = [['`gluonfr clean`', '', mine['recall'], mine['precision']]]
    found += [[row['tool'], row['threshold'], *('{:.4f}'.format(float(row[key])) for key in ('recall', 'precision'))]
              for row in read('copies-beside')]
    return table(['found by', 'threshold', 'recall', 'precision'], found)


def int8():
    """The certificate of the published network in 8 bits, and its speed in ONNX Runtime."""
    with open(os.path.join(ROOT, 'resources', 'results', 'int8-y1.json'), encoding='utf-8') as file:
        said = json.load(file)
    found = said['verification'][0]
    cosines = {'float32': ['', ''], 'int8': ['{:.4f}'.format(found[key]) for key in ('mean_cosine', 'lowest_cosine')]}
    return table(['layers', 'bytes', 'accuracy %', '95 % interval', 'mean cosine', 'lowest cosine', 'images/s'], [
        [name, '{:,}'.format(said[name]['bytes']), spread(found[name]),
         '{} to {}'.format(*map(percent, found[name]['interval'])), *cosines[name],
         row_of('int8-onnx', 'precision', name)['images/s']] for name in cosines])


SHORT = {'en': ['measured', 'result',
                'LeNet++ with a 2-d embedding, `ArcFace_v3`, all of MNIST', '{} % of the test images',
                'InsightFace\'s MobileFaceNet "y1", converted, LFW', '{} % (published: {:.2f} %)',
                'MobileFaceNet + ArcFace from scratch on LFW without the people of fold 1, measured on fold 1', '{} %',
                'IResNet-50 converted from ONNX: largest difference in an embedding', '{}',
                'training MobileFaceNet + ArcFace on two CPU cores, compared with PyTorch', '{} times as fast',
                'embedding by MobileFaceNet on two CPU cores, best engine, compared with ONNX Runtime called directly',
                '{} times as fast'],
         'zh': ['测量内容', '结果',
                'LeNet++，二维特征，`ArcFace_v3`，完整 MNIST', '测试集准确率 {} %',
                'InsightFace 发布的 MobileFaceNet “y1”，转换后在 LFW 上评测', '{} %（公布值 {:.2f} %）',
                'MobileFaceNet + ArcFace，用去掉第 1 折人物的 LFW 从头训练，在第 1 折上评测', '{} %',
                '由 ONNX 转换的 IResNet-50：特征向量的最大误差', '{}',
                '在两个 CPU 核上训练 MobileFaceNet + ArcFace，与 PyTorch 相比', '速度是其 {} 倍',
                '在两个 CPU 核上用最快的引擎提取 MobileFaceNet 特征，与直接调用 ONNX Runtime 相比', '速度是其 {} 倍']}


def short(language):
    """The results of the README; the last one once it was measured."""
    texts = SHORT[language]

    def passes(script, contestant):
        values = ['{:.2f}'.format(float(row['value'])) for row in ratios.read(script)
                  if (row['task'], row['contestant']) == ('mobilefacenet', contestant)]
        return [({'en': ' and ', 'zh': ' 和 '}[language].join(values),)] if values else []

    results = [(percent(row_of('mnist', 'name', 'ArcFace_v3')['test_accuracy']),),
               (spread(read('lfw-y1')[0]), list_cards()['ms1m_y1'].published['LFW']),
               (spread(row_of('lfw-fold1', 'name', 'arcface')),),
               (row_of('convert-parity', 'net', 'iresnet50')['max_abs_diff'],),
               *passes('train', 'PyTorch, channels_last'), *passes('engines', 'ONNX Runtime')]
    return table(texts[:2], [[what, shown.format(*result)]
                             for what, shown, result in zip(texts[2::2], texts[3::2], results)])


def table(heading, rows):
    """Markdown."""
    return '\n'.join('| {} |'.format(' | '.join(cells)) if cells else '|' + '---|' * len(heading)
                     for cells in [heading, [], *rows])


def read(name):
    """Rows of a csv file."""
    with open(os.path.join(ROOT, 'resources', 'results', name + '.csv'), newline='', encoding='utf-8') as file:
        return list(csv.DictReader(file))


def row_of(name, column, value):
    """The first row of a csv file with this value."""
    return next(row for row in read(name) if row[column] == value)


def percent(share):
    """'99.02' of '0.9902'."""
    return '{:.2f}'.format(100 * float(share))


def spread(row):
    """'99.42 ± 0.52'."""
    return '{} ± {}'.format(percent(row['acc']), percent(row['std']))


def kvstore():
    """The exchange of local workers beside the formula."""
    return table(['workers', 'class layer', 'sent, MB', 'step, ms', 'alone, ms', 'exchange, ms', 'formula, ms'], [
        [row['workers'], row['head'], row['megabytes'],
         *('{:.0f}'.format(1000 * float(row[name])) for name in ('step', 'alone', 'exchange', 'predicted'))]
        for row in read('kvstore')])


def million():
    """A training with a million identities, and one with the people alone."""
    return table(['class layer', 'identities', 'with images', 'sampled', 'images/s', 'seconds', 'peak memory, MiB',
                  'checkpoint, MiB', 'fold 1, %'], [
        [row['layer'], '{:,}'.format(int(row['identities'])), '{:,}'.format(int(row['people'])),
         '{:,}'.format(int(row['sampled'])) if row['sampled'] else '', row['images_per_second'], row['seconds'],
         '{:,}'.format(int(row['peak_mib'])), '{:,}'.format(int(row['checkpoint_mib'])),
         '{} ± {}'.format(percent(row['accuracy']), percent(row['std']))] for row in read('million')])


def memory():
    """Class layers of `gluonfr plan`: the formula beside what was measured."""
    return table(['class layer', 'C', 'D', 'B', 'K', 'measured, MiB', 'formula, MiB', 'formula / measured'], [
        [row['head'], '{:,}'.format(int(row['classes'])), row['embedding_size'], row['batch'],
         '{:,}'.format(int(row['sampled'])) if row['head'] == 'sampled' else '',
         '{:,}'.format(int(row['measured_mib'])), '{:,}'.format(int(row['formula_mib'])),
         '{:.2f}'.format(float(row['ratio']))]
        for row in read('training-memory-heads')])


# (page, name of the table) -> what makes it
TABLES = {('README.md', 'results'): lambda: short('en'), ('README_zh.md', 'results'): lambda: short('zh'),
          ('README.md', 'all-losses'): lambda: all_losses('{} losses: {}.'),
          ('README_zh.md', 'all-losses'): lambda: all_losses('共 {} 个损失函数：{}。'),
          ('docs/losses.md', 'losses'): losses,
          **{('docs/howto/choose-a-loss.md', kind): partial(choices, kind) for kind in KINDS},
          ('docs/model-zoo.md', 'nets'): nets, ('docs/model-zoo.md', 'weights'): weights,
          ('docs/gallery.md', 'gallery'): gallery,
          ('docs/results.md', 'mnist'): mnist_results.full_table,
          ('docs/results.md', 'digits'): mnist_results.demo_table,
          ('docs/results.md', 'ringloss'): mnist_ringloss.table, ('docs/results.md', 'fold1'): fold1,
          ('docs/results.md', 'leaderboard'): leaderboard,
          ('docs/results.md', 'y1'): y1, ('docs/results.md', 'beside'): beside,
          ('docs/results.md', 'copies'): copies, ('docs/results.md', 'int8'): int8,
          ('docs/results.md', 'parity'): parity, ('docs/results.md', 'realigned'): realigned,
          ('docs/results.md', 'precisions'): ratios.precisions,
          ('docs/howto/engines.md', 'cuda'): cuda, ('docs/howto/engines.md', 'engines'): ratios.engines,
          ('docs/howto/engines.md', 'files'): ratios.files,
          ('docs/scale.md', 'memory'): memory, ('docs/scale.md', 'million'): million,
          ('docs/scale.md', 'kvstore'): kvstore,
          ('docs/results.md', 'drawn'): drawn, ('docs/speed.md', 'speed'): ratios.table,
          ('scripts/benchmark/README.md', 'sixteen'): ratios.sixteen_cores}

if __name__ == '__main__':
    write()
