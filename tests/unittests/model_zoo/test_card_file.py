"""What a card names lies in its folder."""
import json
import os

import pytest

from gluonfr.model_zoo.card_file import CardError, graph_of_card, read_card, write_card
from gluonfr.model_zoo.spec import InputSpec
from gluonfr.utils.files import file_sha256


@pytest.fixture
def card(tmp_path):
    """A folder home with card.json, its weights and its graph; other weights and another graph beside home."""
    home = tmp_path / 'home'
    (home / 'checkpoint').mkdir(parents=True)
    for name in ('home/checkpoint/w.params', 'w.params', 'g-symbol.json'):
        (tmp_path / name).write_text('of ' + name)
    write_card(str(home / 'card.json'), str(home / 'checkpoint' / 'w.params'), 'mobilefacenet', {}, InputSpec(),
               graph='{}')
    return home / 'card.json'


def change(card, **entries):
    content = json.loads(card.read_text())
    content.update(entries)
    card.write_text(json.dumps(content))


def test_weights_and_graph_are_found(card):
    content, params, _ = read_card(str(card))
    assert params == str(card.parent / 'checkpoint' / 'w.params')
    assert graph_of_card(str(card), content) == str(card.parent / 'card-symbol.json')


@pytest.mark.parametrize('name', ['../{}', '{folder}/{}', 'checkpoint/../../{}'])
def test_they_never_lie_outside_its_folder(card, name):
    folder = card.parent.parent
    change(card, params=name.format('w.params', folder=folder), sha256=file_sha256(str(folder / 'w.params')))
    with pytest.raises(CardError, match="card.json: params must be a file in its folder: '.*w.params' does not lie in"):
        read_card(str(card))
    content = json.loads(card.read_text())
    graph = {'file': name.format('g-symbol.json', folder=folder), 'sha256': file_sha256(str(folder / 'g-symbol.json'))}
    for said in (dict(content, graph=graph),
                 dict(content, model='symbol', arguments={'graph': graph['file'], 'sha256': graph['sha256']})):
        with pytest.raises(CardError, match='card.json: graph must be a file in its folder'):
            graph_of_card(str(card), said)


def test_none_is_written_that_could_not_be_read(card):
    with pytest.raises(ValueError, match='write_card: params must lie in the folder of the card'):
        write_card(str(card), str(card.parent.parent / 'w.params'), 'mobilefacenet', {}, InputSpec())


def test_checkpoints_may_lie_on_another_disk(card):
    away = str(card.parent.parent / 'away')
    os.rename(str(card.parent / 'checkpoint'), away)
    os.symlink(away, str(card.parent / 'checkpoint'))
    assert read_card(str(card))[1] == str(card.parent / 'checkpoint' / 'w.params')
