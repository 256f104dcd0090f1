"""Face data sets by name: where they are looked for, what they give, and what is said where one is missing."""
import logging
import lzma
import os
import shutil

import numpy as np
import pytest

import gluonfr.data.recognition as module
from gluonfr.data.opening import open_pairs
from gluonfr.data.pairs import BinError, write_bin
from gluonfr.data.image import encode
from gluonfr.data.recognition import (
    FRTrainRecordDataset,
    FRValDataset,
    get_recognition_dataset,
    get_recognition_dataset_list,
)
from gluonfr.data.record import RecordWriter

ORIGINAL = ['agedb_30', 'asian_celeb', 'calfw', 'cfp_ff', 'cfp_fp', 'cplfw', 'deep_glint', 'emore', 'lfw', 'vgg',
            'vgg2_fp', 'webface']
FACES = [np.full((6, 5, 3), (20 * i, 100, 255 - 20 * i), np.uint8) for i in range(4)]


def write_training(folder, labels=(0, 0, 1)):
    folder.mkdir(parents=True)
    with RecordWriter(str(folder / 'train'), (6, 5)) as writer:
        for i, label in enumerate(labels):
            writer.write(encode(FACES[i], '.png'), label)


def write_pairs(path, faces=FACES):
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bin(path, [encode(face, '.png') for face in faces], [True, False])


# ---- training sets

@pytest.mark.mxnet
def test_training_set(tmp_path):
    write_training(tmp_path / 'mine')
    dataset = FRTrainRecordDataset('mine', str(tmp_path))
    assert len(dataset) == 3 and dataset.num_classes == 2 and tuple(dataset.image_size) == (6, 5)
    assert dataset.labels.tolist() == [0, 0, 1] and dataset.ranges.tolist() == [[0, 2], [2, 3]]
    assert dataset.name == 'mine' and 'mine' in repr(dataset)
    image, label = dataset[2]
    assert np.array_equal(image.asnumpy(), FACES[2]) and label == 1 and type(label) is int


@pytest.mark.mxnet
def test_training_set_takes_the_originals_arguments(tmp_path):
    """(name, root, flag, transform), by position."""
    write_training(tmp_path / 'emore')
    shape, label = FRTrainRecordDataset('emore', tmp_path, 0, lambda image, label: (image.shape, -label))[2]
    assert shape == (6, 5, 1) and label == -1
    assert get_recognition_dataset('emore', root=str(tmp_path), flag=0)[0][0].shape == (6, 5, 1)


@pytest.mark.parametrize('name,folder', list(module.TRAINING.items()))
def test_training_set_under_the_name_of_the_zoo(tmp_path, name, folder):
    write_training(tmp_path / folder)
    assert len(get_recognition_dataset(name, root=tmp_path)) == 3
    assert len(FRTrainRecordDataset(folder, tmp_path)) == 3
    write_training(tmp_path / name, labels=(0, 1))
    assert len(get_recognition_dataset(name.upper(), root=tmp_path)) == 2, 'the plain name goes first'


def test_training_set_skips_what_cannot_be_read(tmp_path):
    (tmp_path / 'mine').mkdir()
    with RecordWriter(str(tmp_path / 'mine' / 'train'), (6, 5)) as writer:
        for face, label in ((encode(FACES[0], '.png'), 0), (b'no image', 0), (encode(FACES[1], '.png'), 1)):
            writer.write(face, label)
    with pytest.raises(ValueError, match='train.rec'):
        FRTrainRecordDataset('mine', tmp_path)[1]
    dataset = FRTrainRecordDataset('mine', tmp_path, on_error='skip')
    assert len(dataset) == 2 and len(dataset.skipped) == 1


# ---- verification sets

@pytest.mark.mxnet
def test_pairs(tmp_path):
    import mxnet as mx
    write_pairs(tmp_path / 'lfw.bin')
    dataset = FRValDataset('lfw', str(tmp_path))
    assert len(dataset) == len(list(dataset)) == 2 and dataset.name == 'lfw'
    assert dataset.bin.path == str(tmp_path / 'lfw.bin') and len(dataset.bin.sha256) == 64
    for i, issame in enumerate((1, 0)):
        (first, second), same = dataset[i]
        assert isinstance(first, mx.nd.NDArray) and first.dtype == np.uint8 and same == issame and type(same) is int
        assert np.array_equal(first.asnumpy(), FACES[2 * i]) and np.array_equal(second.asnumpy(), FACES[2 * i + 1])
    (first, _), _ = dataset[-1]
    assert np.array_equal(first.asnumpy(), FACES[2])
    with pytest.raises(IndexError):
        dataset[2]


@pytest.mark.mxnet
def test_transform_is_applied_to_each_image(tmp_path):
    import mxnet as mx
    write_pairs(tmp_path / 'lfw.bin')
    (first, second), same = FRValDataset('lfw', tmp_path, lambda image: image.asnumpy()[0, 0, 0] + 1)[1]
    assert (first, second, same) == (41, 61, 0)
    batch, labels = next(iter(mx.gluon.data.DataLoader(
        FRValDataset('lfw', tmp_path, lambda image: image.astype('float32') / 255), batch_size=2)))
    assert batch[0].shape == batch[1].shape == (2, 6, 5, 3) and labels.asnumpy().tolist() == [1, 0]


def test_where_pairs_are_looked_for(tmp_path, caplog):
    """root/name.bin, then the folders in root by name; a folder can be named."""
    write_pairs(tmp_path / 'faces_b' / 'lfw.bin', FACES[::-1])
    assert FRValDataset('lfw', tmp_path).bin.path == str(tmp_path / 'faces_b' / 'lfw.bin')
    assert not caplog.records
    write_pairs(tmp_path / 'faces_a' / 'lfw.bin')
    with caplog.at_level(logging.WARNING, 'gluonfr'):
        assert FRValDataset('lfw', tmp_path).bin.path == str(tmp_path / 'faces_a' / 'lfw.bin')
    assert 'faces_b' in caplog.text
    assert FRValDataset('faces_b/lfw', tmp_path).bin.path == str(tmp_path / 'faces_b' / 'lfw.bin')
    write_pairs(tmp_path / 'lfw.bin', FACES[::-1])
    assert FRValDataset('lfw', tmp_path).bin.path == str(tmp_path / 'lfw.bin')


def test_pairs_may_be_packed_by_xz(tmp_path):
    write_pairs(tmp_path / 'hadrian.bin')
    (tmp_path / 'hadrian.xz').write_bytes(lzma.compress((tmp_path / 'hadrian.bin').read_bytes()))
    (tmp_path / 'hadrian.bin').unlink()
    assert len(FRValDataset('hadrian', tmp_path)) == 2
    assert open_pairs(str(tmp_path / 'hadrian.xz'))[0] == 'hadrian'


def test_malicious_pairs(tmp_path):
    (tmp_path / 'lfw.bin').write_bytes(b'cos\nsystem\n(Vtouch %s\ntR.' % os.fsencode(str(tmp_path / 'marker')))
    with pytest.raises(BinError, match="lfw.bin: refuses 'os.system'"):
        get_recognition_dataset('lfw', root=tmp_path)
    assert not (tmp_path / 'marker').exists()


# ---- names and folders

def test_names():
    more = ['ms1m', 'xqlfw', 'hadrian', 'eclipse', 'nd_twins', 'tinyface']
    assert set(ORIGINAL + more) == set(get_recognition_dataset_list())
    assert get_recognition_dataset_list() == sorted(get_recognition_dataset_list())


@pytest.mark.parametrize('name', sorted(set(ORIGINAL)))
def test_every_name_is_looked_for(tmp_path, name):
    with pytest.raises(FileNotFoundError, match=str(tmp_path)):
        get_recognition_dataset(name, root=tmp_path)


def test_unknown_name():
    with pytest.raises(ValueError, match="unknown dataset 'agedb30'. Did you mean 'agedb_30'"):
        get_recognition_dataset('agedb30')
    with pytest.raises(TypeError, match="dataset 'lfw': unknown argument 'flag'. Signature: .*root"):
        get_recognition_dataset('lfw', flag=0)


@pytest.mark.parametrize('name,make', [('emore', lambda root: write_training(root / 'emore')),
                                       ('lfw', lambda root: write_pairs(root / 'lfw.bin'))])
def test_default_root(tmp_path, monkeypatch, name, make):
    make(tmp_path / 'home' / 'datasets' / 'face')
    monkeypatch.setenv('MXNET_HOME', str(tmp_path / 'home'))
    assert len(get_recognition_dataset(name)) > 0
    monkeypatch.delenv('MXNET_HOME')
    monkeypatch.setenv('HOME', str(tmp_path))
    shutil.move(str(tmp_path / 'home'), str(tmp_path / '.mxnet'))
    assert len(get_recognition_dataset(name)) > 0
    assert len(get_recognition_dataset(name, root='~/.mxnet/datasets/face')) > 0


@pytest.mark.parametrize('make,holds', [
    (lambda root: None, 'holds nothing: there is no such folder'), (lambda root: root.mkdir(), 'holds nothing'),
    (lambda root: [write_pairs(root / name) for name in ('mine.bin', 'pack/other.bin')], 'holds mine.bin, pack/'),
    (lambda root: [write_pairs(root / '{:02d}.bin'.format(i)) for i in range(25)], r'holds 00.bin, .*, 19.bin, \.\.\.'),
])
def test_missing(tmp_path, make, holds):
    """Where it was looked for, what lies there, and how to make it."""
    root = tmp_path / 'face'
    make(root)
    with pytest.raises(FileNotFoundError, match='FRTrainRecordDataset: no train.rec in .*face/emore or .*/faces_emore. '
                       '.*' + holds + '.*gluonfr pack folder ... --out .*face/emore$'):
        get_recognition_dataset('emore', root=root)
    with pytest.raises(FileNotFoundError, match='FRTrainRecordDataset: no train.rec in .*face/mine. '):
        FRTrainRecordDataset('mine', root)
    with pytest.raises(FileNotFoundError, match='FRValDataset: no lfw.bin in .*face nor in a folder in it.*' + holds
                       + '.*gluonfr pack pairs ... --out .*face/lfw.bin$'):
        get_recognition_dataset('lfw', root=root)


@pytest.mark.mxnet
def test_lfw(test_data):
    dataset = get_recognition_dataset('lfw', root=test_data('lfw'))
    (first, second), same = dataset[0]
    assert len(dataset) == 6000 and first.shape == second.shape == (112, 112, 3) and same == 1


def test_names_of_1_0(tmp_path):
    """gluonfr.data.datasets, gluonfr.data.dataset, FRValDataset.bins and .issame_list."""
    import gluonfr.data
    from gluonfr.data import dataset, datasets
    assert dataset.FRValDataset is FRValDataset and dataset.FRTrainRecordDataset is FRTrainRecordDataset
    with pytest.raises(AttributeError, match="gluonfr.data.dataset' has no attribute 'FRTestDataset'"):
        dataset.FRTestDataset  # noqa: B018
    assert gluonfr.data.datasets is datasets and set(ORIGINAL) <= set(datasets)
    assert datasets['emore'] is FRTrainRecordDataset
    write_pairs(tmp_path / 'lfw.bin')
    pairs = datasets['lfw']('lfw', root=tmp_path)
    assert pairs.issame_list == [True, False] and pairs.bins == [encode(face, '.png') for face in FACES]
