"""scripts/tune_lfw.py: the winner of a search beside the full grid."""
import pytest
from helpers import ROOT, rows
from tune_cases import make_net, make_people


def test_the_row_compares_the_winner_with_the_best_of_the_grid(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / 'scripts'))
    import tune_lfw
    people, net = make_people(tmp_path / 'people'), make_net(tmp_path / 'net')
    words = ['--people', people, '--net', net, '--out', tmp_path / 'out', '--losses', 'arcface', 'softmax',
             '--candidates', 4, '--grid', 6, '--epochs', 2, '--rungs', 2, '--finetune-steps', 1, '--folds', 2,
             '--csv', tmp_path / 'a.csv']
    for _ in range(2):  # the second time from files, those of trainings that both need among them
        tune_lfw.main(list(map(str, words)))
    first, second = rows(tmp_path / 'a.csv')
    assert first == second and (first['tune_candidates'], first['grid_candidates']) == ('4', '6')
    grid = rows(tmp_path / 'out' / 'grid.csv')
    assert len(grid) == 6 and grid[0]['candidate'] == first['best']
    tars = {row['candidate']: float(row['tar']) for row in grid}
    assert max(tars.values()) == tars[first['best']] == pytest.approx(float(first['best_tar']), abs=1e-5)
    assert float(first['points']) == pytest.approx(100 * (tars[first['winner']] - tars[first['best']]), abs=1e-3)
    assert 0 < float(first['share']) and '--people people --net net --out out' in first['command']
