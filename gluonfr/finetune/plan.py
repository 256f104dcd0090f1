"""How a fine-tuning goes: numbers that follow from the people and images where they are not given."""
import math
from collections import namedtuple
from typing import Optional, Sequence

import numpy as np

from ..utils.check import check_int, check_number
from ..utils.messages import counted

__all__ = ['Plan', 'deal_folds', 'make_plan', 'most_folds', 'scale_for']

FOLDS, MANY, VERY_MANY = 5, 1000, 5000  # folds of people; fewer of so many images, where two hold out enough
PASSES, MOST_EPOCHS = 1440, 12  # images that a training should see: more epochs of fewer images
BATCHES = 6  # an epoch
LR, MARGIN = 0.02, 0.3

Plan = namedtuple('Plan', 'folds epochs batch_size lr margin scale frozen decay augment seed said')
Plan.__doc__ = """What a fine-tuning does.

Parameters
----------
folds : int
    Of people; 0 where they are too few to measure anything.
epochs, batch_size, lr
    Of each training.
margin : float
    Of ArcFace (1801.07698), in radians, reached after a quarter of the training.
scale : float or None
    Its s; None for `scale_for` the people of each training.
frozen : float
    Share of the network's layers, from the input on, that stay as they are.
decay : float
    Learning rate of a stage as a multiple of that of the one behind it, as `gluonfr.train.layer_decay` has it.
augment : str
    As `gluonfr.data.augmentation` takes it, '' for none.
seed : int
said : list of str
    Sentences on what was chosen, and why.
"""


def make_plan(people: Sequence[str], *, folds: Optional[int] = None, epochs: Optional[int] = None,
              batch_size: Optional[int] = None, lr: Optional[float] = None, margin: Optional[float] = None,
              scale: Optional[float] = None, frozen: float = 0.3, decay: float = 0.8, augment: str = 'mirror',
              seed: int = 0) -> Plan:
    """Choose what is not given by who is on the images.

    Parameters
    ----------
    people : sequence of str, (N,)
        Who is on each image.
    folds : int or None
        >= 2; None for 5, 3 of more than 1,000 images, 2 of more than 5,000, or as many as there are twos of people with
        two images.
    epochs : int or None
        None for about 1,440 images, at least 3 epochs and at most 12.
    batch_size : int or None
        None for about six batches an epoch, between 8 and 64.
    lr : float or None
        > 0; None for 0.02.
    margin : float or None
        In [0, pi/2); None for 0.3.
    scale : float or None
        > 0; None: see `scale_for`.
    frozen, decay, augment, seed
        See `Plan`.

    Returns
    -------
    Plan

    Raises
    ------
    ValueError
        A number out of its range, or more folds than the people fill.

    Examples
    --------
    >>> from gluonfr.finetune import make_plan
    >>> plan = make_plan(['ann', 'bob', 'eve', 'tom', 'una', 'zoe'] * 6)
    >>> plan.folds, plan.epochs, plan.batch_size
    (3, 12, 8)
    """
    images, most = len(people), most_folds(people)
    said = []
    if folds is None:
        folds = min(most, FOLDS if images <= MANY else 3 if images <= VERY_MANY else 2)
        said.append('{} of people: each is recognised by a network that was trained on the others'.format(
            counted(folds, 'fold')))
    elif check_int('finetune', 'folds', folds, 2) > most:
        raise ValueError('finetune: folds must be at most {}, as each takes two people with two images, got {}.'.format(
            most, folds))
    if epochs is None:
        epochs = min(MOST_EPOCHS, max(3, round(PASSES / max(images, 1))))
        said.append('{} for {}'.format(counted(epochs, 'epoch'), counted(images, 'image')))
    if batch_size is None:
        batch_size = min(64, max(8, 1 << int(math.log2(max(images / BATCHES, 1)))))
        said.append('batches of {}'.format(counted(batch_size, 'image')))
    if scale is None:
        classes = len(set(people))
        said.append('s = {:.3g} for {}: sqrt(2) log(C - 1), as AdaCos (1905.00292)'.format(
            scale_for(classes), counted(classes, 'person', 'people')))
    else:
        check_number('finetune', 's', scale, 0, low_open=True)
    return Plan(folds, check_int('finetune', 'epochs', epochs, 1), check_int('finetune', 'batch_size', batch_size, 1),
                check_number('finetune', 'lr', LR if lr is None else lr, 0, low_open=True),
                check_number('finetune', 'margin', MARGIN if margin is None else margin, 0, math.pi / 2,
                             high_open=True), scale,
                check_number('finetune', 'frozen', frozen, 0, 1), check_number('finetune', 'decay', decay, 0, 1,
                                                                               low_open=True), augment,
                check_int('finetune', 'seed', seed, 0, 2 ** 32 - 1), said)


def most_folds(people: Sequence[str]) -> int:
    """How many folds people fill with two each who have two images; 0 where they do not fill two."""
    several = int((np.unique(people, return_counts=True)[1] > 1).sum())
    return several // 2 if several >= 4 else 0


def scale_for(classes: int) -> float:
    """The scale s of class scores for so many classes: sqrt(2) log(C - 1), and at least 2.

    It is the fixed one of "AdaCos" (1905.00292): with it the probability of a class has its steepest part where
    cosines of trained networks are, for whatever number of classes.
    """
    return max(2.0, math.sqrt(2) * math.log(max(classes - 1, 1)))


def deal_folds(people: Sequence[str], folds: int, seed: int) -> np.ndarray:
    """In which fold each image is, int64 (N,): that of its person, and those with two images are dealt out first.

    Parameters
    ----------
    people : sequence of str, (N,)
    folds : int
        From 1 on.
    seed : int
    """
    names, who, counts = np.unique(people, return_inverse=True, return_counts=True)
    order = np.random.RandomState(seed).permutation(len(names))
    order = order[np.argsort(counts[order] < 2, kind='stable')]
    fold = np.empty(len(names), np.int64)
    fold[order] = np.arange(len(names)) % folds
    return fold[who]
