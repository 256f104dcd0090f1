"""Time the way of images from a .rec to a net: gluonfr beside a plain Gluon dataset, and training with loading.

    python scripts/benchmark/data.py --quick                  # two rounds
    python scripts/benchmark/data.py --save                   # and write resources/results/benchmark-data.csv
    python scripts/benchmark/data.py --only batches --batch 128 --steps 32

Task 'batches': one epoch of shuffled batches of JPEGs of 112x112 pixels, decoded, mirrored at random and normalised, as
float32 (B, 3, 112, 112). gluonfr is `ImageLoader` over `RecordDataset`. The others:

 - the original's way: a Gluon dataset over the same .rec with `mx.image.imdecode`, `mxnet.gluon.data.vision.transforms`
   and `DataLoader` with the number of workers, of 0, 1, 2 and 4, that is fastest here;
 - gluonfr's own decoding and normalisation in as many processes of a `DataLoader`, instead of threads;
 - DALI, where it is installed;
 - `cv2.imdecode` alone on one core: what decoding costs, and nothing else.

Task 'loop': `gluonfr.train.fit` for MobileFaceNet with that loader, beside the same with one batch that lies in memory.
"""
import os
import time

import numpy as np
from bench import Contestant, Task, main, once
from train import gluonfr_train

WORKERS_TRIED = (0, 1, 2, 4)
PEOPLE = 128  # and as many images of each as it takes


def pack(link, folder, images):
    """Write folder/train.rec with drawn faces: a worker that only prepares."""
    from gluonfr.data import SyntheticFaces, pack_dataset
    pack_dataset(SyntheticFaces(PEOPLE, -(-images // PEOPLE)), folder, quality=95, progress=False)
    link.rounds(lambda: None, 1)


def face_loader(rec, batch, spec):
    """gluonfr's loader, as `gluonfr train` makes it."""
    from gluonfr.data import ImageLoader, RecordDataset
    return ImageLoader(RecordDataset(rec), batch, shuffle=True, last_batch='discard', transform='mirror', spec=spec)


def face_spec():
    """How a face net wants its images."""
    from gluonfr.model_zoo import get_model
    return get_model('mobilefacenet').input_spec


def take(loader, steps):
    """Wait for that many batches of an epoch."""
    for _, (x, _) in zip(range(steps), loader):
        x.wait_to_read()


def gluonfr_batches(link, rec, batch, steps):
    """`ImageLoader` over `RecordDataset`."""
    import cv2
    import gluonfr
    import mxnet as mx
    loader = face_loader(rec, batch, face_spec())
    take(loader, steps)
    link.rounds(lambda: take(loader, steps), 1, (gluonfr, mx, np, cv2))


def plain_batches(link, rec, batch, steps):
    """A plain dataset and Gluon's DataLoader."""
    import gluonfr
    import mxnet as mx
    from mxnet.gluon.data import Dataset
    from mxnet.gluon.data.vision import transforms

    changed = transforms.Compose([transforms.RandomFlipLeftRight(), transforms.ToTensor(),
                                  transforms.Normalize((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))])

    class Faces(Dataset):
        def __init__(self):
            self._keys = gluonfr.data.RecordDataset(rec).keys  # others are no images
            self._file = mx.recordio.MXIndexedRecordIO(rec[:-3] + 'idx', rec, 'r')

        def __len__(self):
            return len(self._keys)

        def __getitem__(self, index):
            header, data = mx.recordio.unpack(self._file.read_idx(self._keys[index]))
            image = mx.image.imdecode(data)
            return changed(image), np.float32(header.label)

    in_processes(link, Faces(), batch, steps, (mx, np))


def own_processes(link, rec, batch, steps):
    """gluonfr's decoding, mirroring and normalisation in processes of Gluon's DataLoader."""
    import gluonfr
    import mxnet as mx
    from gluonfr.data.normalize import normalize
    from mxnet.gluon.data import Dataset
    spec = face_spec()

    class Faces(Dataset):
        def __init__(self):
            self._faces = gluonfr.data.RecordDataset(rec)

        def __len__(self):
            return len(self._faces)

        def __getitem__(self, index):
            image, label = self._faces.read(index)
            return normalize(image[None, :, ::np.random.choice([1, -1])], spec)[0], np.float32(label)

    in_processes(link, Faces(), batch, steps, (gluonfr, mx, np))


def in_processes(link, faces, batch, steps, modules):
    """Rounds of a DataLoader with the number of workers that is the fastest here."""
    from mxnet.gluon.data import DataLoader
    seconds, loaders = {}, {}
    for workers in WORKERS_TRIED:
        loaders[workers] = DataLoader(faces, batch, shuffle=True, num_workers=workers, last_batch='discard')
        for _ in range(2):
            begin = time.perf_counter()
            take(loaders[workers], steps)
            seconds[workers] = time.perf_counter() - begin
    workers = min(seconds, key=seconds.get)
    link.rounds(lambda: take(loaders[workers], steps), 1, modules, threads='{} workers'.format(workers))


def dali_batches(link, rec, batch, steps):
    """DALI on the CPU, with gluonfr's order."""
    import gluonfr
    import mxnet as mx
    import nvidia.dali
    loader = gluonfr.data.DALIRecordIter(rec, batch, shuffle=True, last_batch='discard', transform='mirror',
                                         spec=face_spec(), ctx=mx.cpu())
    take(loader, steps)
    link.rounds(lambda: take(loader, steps), 1, (nvidia.dali, gluonfr, mx, np))


def decode_batches(link, rec, batch, steps):
    """`cv2.imdecode` on one core, of bytes that lie in memory."""
    import cv2
    import gluonfr
    cv2.setNumThreads(1)
    faces = gluonfr.data.RecordDataset(rec)
    encoded = [np.frombuffer(faces.read_bytes(i)[0], np.uint8) for i in range(batch * steps)]

    def step():
        for data in encoded:
            cv2.imdecode(data, cv2.IMREAD_COLOR)

    step()
    link.rounds(step, 1, (cv2, np), threads=1)


def training_loop(link, network, batch, steps, rec=None):
    """Steps of `fit`, with the loader or with one cached batch."""
    loader = None if rec is None else lambda spec: face_loader(rec, batch, spec)
    gluonfr_train(link, network, batch, steps, loader=loader)


def tasks(args):
    """Batches alone, and the loop around a net."""
    batch, steps = args.batch or 128, args.steps or (16 if args.quick else 32)
    small, short = args.batch or 32, args.steps or (6 if args.quick else 20)
    images = max(batch * steps, small)
    folder = os.path.join(args.work, 'drawn-{}'.format(images))

    def prepare():
        once(__file__, 'pack', folder=folder, images=images)  # nothing to do where it is packed already

    rec = os.path.join(folder, 'train.rec')
    read = {'rec': rec, 'batch': batch, 'steps': steps}
    trained = {'network': 'mobilefacenet', 'batch': small, 'steps': short}
    return {
        'batches': Task('batches of {} from a .rec, mirrored at random and normalised'.format(batch), batch, [
            Contestant('gluonfr', 'gluonfr', read, 'rate', 9000),
            Contestant('Gluon dataset and DataLoader', 'plain', read, goal=4.0),
            Contestant('gluonfr, in processes', 'processes', read),
            Contestant('DALI', 'dali', read, needs=('nvidia.dali',)),
            Contestant('cv2.imdecode alone, one core', 'decode', read)], prepare=prepare),
        'loop': Task('train MobileFaceNet, batches of {}'.format(small), small, [
            Contestant('gluonfr, with loading', 'loop', dict(trained, rec=rec)),
            Contestant('gluonfr, one cached batch', 'loop', trained, goal=0.95)], prepare=prepare)}


WORKERS = {'gluonfr': gluonfr_batches, 'plain': plain_batches, 'processes': own_processes, 'dali': dali_batches,
           'decode': decode_batches, 'loop': training_loop, 'pack': pack}

if __name__ == '__main__':
    main(__file__, __doc__, tasks, WORKERS)
