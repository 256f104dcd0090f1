"""Make the results that the example report of the docs shows: drawn faces, embedded by the net that the package ships.

    python scripts/report_example.py

Writes docs/example-report/*.json (and .npz, which the report does not need). Half of the people are drawn with more
between their images (light, turn of the head, occlusion): these are the groups. scripts/docs.sh makes the page of the
results. Takes about a minute.
"""
import os
import shutil

from gluonfr import cli
from gluonfr.data import SyntheticFaces, encode
from gluonfr.evaluation import Result
from gluonfr.utils.files import file_sha256

PEOPLE, IMAGES, SEED = 60, 6, 2
FIRST = 5000  # people that the net was not trained on
GROUPS = {'little differs': 1.0, 'much differs': 1.7}  # group -> difficulty
FOLDER = os.path.join('outputs', 'report-example')
RESULTS = os.path.join('docs', 'example-report')
NET = 'mobilefacenet_drawn'


def draw(folder):
    """Draw the people into sub-folders, and write who is of which group."""
    shutil.rmtree(folder, ignore_errors=True)
    each = PEOPLE // len(GROUPS)
    lines = ['image,group']
    for k, (group, difficulty) in enumerate(GROUPS.items()):
        faces = SyntheticFaces(each, IMAGES, seed=SEED, difficulty=difficulty, first_identity=FIRST + k * each)
        for i in range(len(faces)):
            image, label = faces.read(i)
            person = 'person-{:02d}'.format(k * each + label)
            os.makedirs(os.path.join(folder, 'people', person), exist_ok=True)
            with open(os.path.join(folder, 'people', person, '{}.png'.format(i % IMAGES)), 'wb') as file:
                file.write(encode(image, '.png'))
            if i % IMAGES == 0:
                lines.append('{},{}'.format(person, group))
    with open(os.path.join(folder, 'groups.csv'), 'w') as file:
        file.write('\n'.join(lines) + '\n')


def main():
    """Draw, then evaluate without and with mirror images."""
    draw(FOLDER)
    for flip in ('none', 'sum'):
        out = os.path.join(RESULTS, 'flip-' + flip)
        words = ['evaluate', NET, '--data', os.path.join(FOLDER, 'people'), '--groups',
                 os.path.join(FOLDER, 'groups.csv'), '--quality', 'norm', '--advise', '1e-3', '--flip', flip,
                 '--hardest', '8', '--out', out, '--no-progress']
        if flip == 'sum':
            words += ['--against', os.path.join(RESULTS, 'flip-none')]
        if cli.main(words):
            raise SystemExit(1)
        result = Result.load(out)
        for about, name in ((result.data, 'path'), (result.model, 'card')):  # whoever makes it has another folder
            about[name] = os.path.relpath(about[name])
        result.save(out)
        print('{}.json: {} bytes, SHA-256 {}'.format(out, os.path.getsize(out + '.json'), file_sha256(out + '.json')))


if __name__ == '__main__':
    main()
