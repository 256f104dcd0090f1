"""scripts/beside_insightface.py runs parts of public scripts as they stand; here of scripts with the same names."""
import csv
import subprocess
import sys

from helpers import ROOT

# ijb_11.py and ijb_1n.py by other means: what measures is gluonfr, what is tested is that the right parts are run
TEMPLATES = '''
import no_such_module
use_norm_score = use_detector_score = use_flip_test = True

def image2template_feature(img_feats, templates, medias, chosen=None, people=None):
    from gluonfr.metrics import pool_templates
    ids, vectors = pool_templates(img_feats, templates, medias)
    if chosen is None:
        return vectors, ids
    return vectors[np.searchsorted(ids, chosen)], chosen, people
'''
IJB_11 = TEMPLATES + '''
def verification(vectors, ids, p1, p2):
    print('scoring')
    return np.einsum('ij,ij->i', vectors[np.searchsorted(ids, p1)], vectors[np.searchsorted(ids, p2)])

if use_flip_test:
    half = img_feats.shape[1] // 2
    img_input_feats = img_feats[:, :half] + img_feats[:, half:]
else:
    img_input_feats = img_feats[:, :img_feats.shape[1] // 2]
if not_a_switch:
    raise RuntimeError
if use_norm_score:
    pass
else:
    img_input_feats = img_input_feats / np.linalg.norm(img_input_feats, axis=1)[:, None]
if use_detector_score:
    img_input_feats = img_input_feats * faceness_scores[:, None]
x_labels = [1e-3, 1e-6]
for method in methods:
    fpr, tpr, _ = roc_curve(label, scores[method])
    plt.plot(fpr, tpr, color=colours[method])
    at = [tpr[::-1][np.argmin(abs(fpr[::-1] - x))] for x in x_labels]
    tpr_fpr_table.add_row([method] + ['%.2f' % (100 * x + (WRONG)) for x in at])
'''
IJB_1N = TEMPLATES + '''
def gen_mask(query_ids, reg_ids):
    return [list(reg_ids).index(x) for x in query_ids]

def evaluation(query, gallery, mask):
    scores = query @ gallery.T
    own = scores[np.arange(len(query)), mask]
    rank = (scores >= own[:, None]).sum(axis=1)
    print(scores.shape)
    for k in (1, 5, 10):
        print('top{} = {}'.format(k, np.mean(rank <= k)))
'''


def run(folder, path):
    done = subprocess.run([sys.executable, str(ROOT / 'scripts' / 'beside_insightface.py'), '--public', str(folder),
                           '--csv', str(path)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout
    with open(str(path), newline='', encoding='utf-8') as file:
        return list(csv.DictReader(file))


def test_rows_say_what_is_the_same_and_what_is_not(tmp_path):
    (tmp_path / 'ijb_1n.py').write_text(IJB_1N)
    (tmp_path / 'ijb_11.py').write_text(IJB_11.replace('WRONG', '0 if use_flip_test else 1'))
    rows = run(tmp_path, tmp_path / 'out.csv')
    assert len(rows) == 4 * 3 + 3 and {row['script'] for row in rows} == {'ijb_11.py', 'ijb_1n.py'}
    same = {(row['set'], row['quantity']): row['same'] for row in rows}
    for switches in ('N1D1F1', 'N0D1F1', 'N1D0F0', 'N0D0F0'):
        assert same['drawn, ' + switches, 'TAR % at FAR 0.001'] == ('yes' if 'F1' in switches else 'no')
        assert same['drawn, ' + switches, 'TAR % at FAR 1e-06'] == ''
    differences = [float(row['compat']) for row in rows if row['quantity'].startswith('largest')]
    assert len(differences) == 4 and max(differences) < 1e-6
    assert [row['same'] for row in rows if row['script'] == 'ijb_1n.py'] == ['yes'] * 3
    assert all(row['command'].startswith('python scripts/beside_insightface.py --public ') for row in rows)
