"""Draw architecture.svg, in English and in Chinese: the packages of gluonfr, and from photographs to a network.

    python docs/architecture.py
"""
import os
from html import escape

HERE = os.path.dirname(os.path.abspath(__file__))
BLUE, GREY, WHITE = '#d6e4f5', '#ececec', '#ffffff'  # computes with MXNet; other parts; data
# rows of parts, the user's side above: (name, what it is in English, in Chinese, colour)
PARTS = [[('cli', 'the command gluonfr', '命令 gluonfr', GREY)],
         [('report', 'results and trainings as one page', '评测与训练结果的网页报告', GREY)],
         [('train', 'loop and callbacks', '训练循环与回调', BLUE),
          ('convert', 'weights in and out', '权重导入与导出', BLUE),
          ('evaluation', 'data to results', '从数据到评测结果', GREY)],
         [('deploy', 'embed, search, verify', '特征、检索、验证', BLUE),
          ('align', 'photographs to faces', '照片到对齐人脸', GREY)],
         [('model_zoo', 'networks and weights', '网络与权重', BLUE), ('loss', 'losses', '损失', BLUE)],
         [('nn', 'heads and blocks', '分类头与模块', BLUE),
          ('graph', 'symbol and ONNX graphs', 'symbol 与 ONNX 的统一形式', GREY)],
         [('data', 'data sets, loaders', '数据集与读取', GREY), ('metrics', 'protocols', '评测协议', GREY),
          ('viz', 'plots', '绘图', GREY)],
         [('utils, compat', 'shared helpers, MXNet fixes', '共用工具与 MXNet 兼容', GREY)]]
# from photographs to a network: (in English, in Chinese, by whom)
WAY = [('photographs', '照片', ''),
       ('aligned faces, 112 x 112', '对齐的人脸，112 x 112', 'align'),
       ('train.rec: images and labels', 'train.rec：图片与标签', 'data'),
       ('batch (B, 3, 112, 112)', '批次 (B, 3, 112, 112)', 'data'),
       ('embedding (B, D)', '特征 (B, D)', 'model_zoo'),
       ('class scores (B, C)', '类别得分 (B, C)', 'nn'),
       ('loss (B,), optimizer step', '损失 (B,)，更新参数', 'loss, train')]
ENDS = [(['every N steps: pairs, scores,', 'accuracy, TAR@FAR'], ['每 N 步：样本对、得分、', '准确率、TAR@FAR'],
         'deploy, metrics'),
        (['at the end: weights + card,', 'ONNX, symbol, PyTorch'], ['训练结束：权重与 card，', 'ONNX、symbol、PyTorch'],
         'convert')]
TITLES = [('The packages: each uses only those below', '各个包：只依赖下方的包'),
          ('From photographs to a network', '从照片到网络')]
KEY = 'computes with MXNet', '用 MXNet 计算'


def box(x, y, width, height, fill, lines):
    """A rectangle with lines of text, the first in bold."""
    parts = ['<rect x="{}" y="{}" width="{}" height="{}" rx="5" fill="{}" stroke="#555"/>'.format(
        x, y, width, height, fill)]
    for number, line in enumerate(lines):
        parts.append('<text x="{}" y="{}" text-anchor="middle"{}>{}</text>'.format(
            x + width / 2, y + height / 2 + 5 + 17 * (number - (len(lines) - 1) / 2),
            ' font-weight="bold"' if number == 0 and len(lines) > 1 and fill != WHITE else '', escape(line)))
    return parts


def text(x, y, words, extra=''):
    """A line of text."""
    return '<text x="{}" y="{}" {}>{}</text>'.format(x, y, extra, escape(words))


def arrow(*points):
    """A line along points with a head at its end, which points down."""
    x, y = points[-1]
    return ('<polyline points="{}" fill="none" stroke="#333" stroke-width="1.5"/>'
            '<path d="M{},{} l-4,-8 h8 z" fill="#333"/>').format(
        ' '.join('{},{}'.format(*point) for point in points), x, y)


def draw(language):
    """The picture as SVG; 0 is English, 1 Chinese."""
    parts = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1000 560" width="1000" height="560" font-size="14" '
             'font-family="Helvetica, Arial, Noto Sans CJK SC, PingFang SC, Microsoft YaHei, sans-serif">',
             '<rect width="1000" height="560" fill="#fff"/>']
    for x, title in zip((20, 540), TITLES):
        parts.append(text(x, 30, title[language], 'font-size="17" font-weight="bold"'))
    for row, cells in enumerate(PARTS):
        width = (480 - 10 * (len(cells) - 1)) / len(cells)
        for column, (name, *what, fill) in enumerate(cells):
            parts += box(round(20 + column * (width + 10), 1), 48 + 58 * row, round(width, 1), 48, fill,
                         [name, what[language]])
    parts += [*box(20, 520, 22, 16, BLUE, []), text(50, 533, KEY[language])]
    for row, (*words, who) in enumerate(WAY):
        y = 48 + 52 * row
        parts += box(640, y, 260, 34, WHITE, [words[language]])
        if row:
            parts.append(arrow((770, y - 18), (770, y)))
        parts.append(text(630, y + 21, who, 'text-anchor="end" fill="#24589a" font-style="italic"'))
    bottom = 48 + 52 * (len(WAY) - 1) + 34
    for x, (*words, who) in zip((540, 770), ENDS):
        parts += box(x, bottom + 52, 215, 48, WHITE, words[language])
        parts.append(arrow((770, bottom), (770, bottom + 26), (x + 107, bottom + 26), (x + 107, bottom + 52)))
        parts.append(text(x + 107, bottom + 118, who, 'text-anchor="middle" fill="#24589a" font-style="italic"'))
    return '\n'.join([*parts, '</svg>', ''])


if __name__ == '__main__':
    for number, name in enumerate(('architecture.svg', 'architecture_zh.svg')):
        with open(os.path.join(HERE, name), 'w', encoding='utf-8') as file:
            file.write(draw(number))
