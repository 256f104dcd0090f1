"""`FaceVerification`: the metric of LFW, CFP, AgeDB and other sets of pairs in folds."""
import logging
from typing import List, Optional, Tuple

import numpy as np
from mxnet.metric import EvalMetric

from ..utils.check import check_choice, check_int, check_number
from ..utils.types import ArrayLike
from .kfold import CLASSIC_GRIDS, CLASSIC_VAL_GRIDS, above, check_grid, kfold_curve
from .pairs import judge_pairs
from .roc import auc, equal_error_rate
from .scores import FLIPS, check_embeddings, check_issame, combine_flip, pair_scores, pca_scores

__all__ = ['FaceVerification']

KINDS = {0: 'l2', 1: 'cosine', 2: 'squared_l2'}


class FaceVerification(EvalMetric):
    """Accuracy and VAL@FAR on pairs of embeddings over k folds, in the order in which the pairs come.

    The threshold of a fold is chosen on the other folds, among all distinct distances (`kfold_accuracy`,
    `kfold_tar_at_far`). Call `reset` between sets.

    Parameters
    ----------
    nfolds : int >= 1
        Where it does not divide the number of pairs, the first folds have a pair more.
    thresholds : array, (T,) or None
        Distances to choose from instead of all distinct ones; a pair is accepted if its distance is below, as in
        gluonfr 1.0.
    far_target : float in [0, 1]
        FAR of VAL@FAR. Below 1 / impostor pairs the result is the TAR at FAR 0, and a warning is logged once.
    dist_type : {0, 1, 2}
        0: L2, 1: 1 - cosine, 2: squared L2.
    compat : bool
        Take the classic grid of the dist_type as thresholds (`CLASSIC_GRIDS`, for val `CLASSIC_VAL_GRIDS`). It is meant
        for embeddings of length 1.
    normalize : bool
        Bring embeddings to length 1 before distances are taken.
    flip : {'none', 'sum', 'concat'}
        What is made of an image and its mirror image: see `combine_flip`.
    pca : int or None
        Distances of this many principal components, of length 1, found on the other folds: see `pca_scores`.
    name : str

    Examples
    --------
    >>> from mxnet import nd
    >>> from gluonfr.metrics import FaceVerification
    >>> metric = FaceVerification(nfolds=2, far_target=0.5)
    >>> same = nd.array([1, 0, 1, 0])
    >>> first, second = nd.array([[1, 0], [1, 0], [0, 1], [0, 1]]), nd.array([[1, 0], [0, 1], [0, 1], [1, 0]])
    >>> metric.update(same, first, second)
    >>> print(dict(metric.get_name_value())['acc'])
    1.0
    """

    def __init__(self, nfolds: int = 10, thresholds: Optional[ArrayLike] = None, far_target: float = 1e-3,
                 dist_type: int = 0, *, compat: bool = False, normalize: bool = False, flip: str = 'none',
                 pca: Optional[int] = None, name: str = 'FaceVerification'):
        check_int('FaceVerification', 'nfolds', nfolds, 1)
        check_number('FaceVerification', 'far_target', far_target, 0, 1)
        check_choice('FaceVerification', 'dist_type', dist_type, tuple(KINDS))
        check_choice('FaceVerification', 'flip', flip, FLIPS)
        if pca is not None:
            check_int('FaceVerification', 'pca', pca, 1)
        if compat and thresholds is not None:
            raise ValueError('FaceVerification: thresholds must be None with compat=True, which sets them.')
        check_grid('FaceVerification', thresholds)
        super().__init__(name, nfolds=nfolds, thresholds=thresholds, far_target=far_target, dist_type=dist_type,
                         compat=compat, normalize=normalize, flip=flip, pca=pca)
        self.far_target = far_target
        self._nfolds, self._dist_type = int(nfolds), dist_type
        self._normalize, self._flip, self._pca = normalize, flip, pca
        grids = (CLASSIC_GRIDS[dist_type], CLASSIC_VAL_GRIDS[dist_type]) if compat else (thresholds, thresholds)
        self._thresholds, self._val_thresholds = (None if grid is None else above(-np.asarray(grid, dtype='float64'))
                                                  for grid in grids)
        self._told = set()

    def reset(self):
        """Forget all pairs."""
        super().reset()
        self._issame, self._batches = [], []

    def reset_local(self):
        """Forget all pairs: there is no other part."""
        self.reset()

    def update(self, labels: ArrayLike, embeddings0: ArrayLike, embeddings1: ArrayLike,
               flipped0: Optional[ArrayLike] = None, flipped1: Optional[ArrayLike] = None) -> None:
        """Add a batch of pairs.

        Parameters
        ----------
        labels : bool NDArray or array, (B,)
            True or 1 where both images show one person.
        embeddings0, embeddings1 : NDArray or array, (B, D)
        flipped0, flipped1 : NDArray or array, (B, D), or None
            Embeddings of the mirrored images, where ``flip`` is not 'none'.

        Raises
        ------
        ValueError
            Shapes that do not fit, labels other than 0 and 1, NaN or infinite embeddings; nothing is added then.
        """
        issame = check_issame('FaceVerification', labels)
        x, y = check_embeddings('FaceVerification', embeddings0, embeddings1)
        if len(issame) != len(x):
            raise ValueError('FaceVerification: labels must be (B,) = ({},), got {}.'.format(len(x), issame.shape))
        x, y = combine_flip(x, flipped0, self._flip), combine_flip(y, flipped1, self._flip)
        if self._pca is None:
            self._batches.append(pair_scores(x, y, KINDS[self._dist_type], normalize=self._normalize))
        else:
            self._batches.append((np.array(x), np.array(y)))  # copies: the caller may use his arrays again
        self._issame.append(np.array(issame))
        self.num_inst += len(issame)

    @property
    def issame(self) -> np.ndarray:
        """Bool array (N,) of all pairs, in their order."""
        self._need_pairs()
        return np.concatenate(self._issame)

    @property
    def scores(self) -> np.ndarray:
        """Minus the distances, (N,) float64, in the order of the pairs; with ``pca`` (nfolds, N)."""
        self._need_pairs()
        if self._pca is None:
            scores = np.concatenate(self._batches)
        else:
            scores = pca_scores(*(np.concatenate(part) for part in zip(*self._batches)), self._pca, self._nfolds,
                                KINDS[self._dist_type])
        return scores - 1 if self._dist_type == 1 else scores

    def get(self) -> Tuple[np.ndarray, np.ndarray, float, float, float, float, float]:
        """The result as gluonfr 1.0 gives it.

        Returns
        -------
        tpr, fpr : float64, (M,)
            The ROC of all pairs; with thresholds or compat the mean over folds at each threshold, from strict to loose.
        acc : float
        val, val_std, far : float
            TAR at ``far_target``, its deviation over folds, and the FAR on the held-out folds; over the folds that
            have genuine or impostor pairs, and a line is logged once where some have not.
        acc_std : float

        Raises
        ------
        ValueError
            No pairs, fewer than folds, a fold that all genuine or all impostor pairs are in, or with compat no distance
            inside the grid.
        """
        (tpr, fpr), _, acc, val = self._measure()
        return tpr, fpr, acc.mean, val.mean, val.std, val.far, acc.std

    def get_name_value(self) -> List[Tuple[str, float]]:
        """[(name, float)] of acc, acc_std, val, val_std, far, auc, eer and threshold.

        ``auc`` and ``eer`` are those of all pairs; ``threshold`` is the mean distance, over folds, that decides.
        """
        _, roc, acc, val = self._measure()
        return [('acc', acc.mean), ('acc_std', acc.std), ('val', val.mean), ('val_std', val.std), ('far', val.far),
                ('auc', auc(roc)), ('eer', equal_error_rate(roc)[0]), ('threshold', float(-acc.thresholds.mean()))]

    def _measure(self):
        scores, issame = self.scores, self.issame
        grid = self._thresholds
        if grid is not None and scores.max() < grid.min():
            raise ValueError('FaceVerification: thresholds must reach the distances, which begin at {:.6g}, got none '
                             'above {:.6g}: give normalize=True, or thresholds of that scale.'.format(
                                 -scores.max(), -grid.min()))
        acc, val, roc = judge_pairs(self._held_out(scores), issame, self._nfolds, self.far_target, grid, scores,
                                    self._val_thresholds)
        for rates, kind, what in ((val.folds, 'genuine', 'val'), (val.fars, 'impostor', 'far')):
            if np.isnan(rates).any():
                self._tell('{} of the {} folds have no {} pairs: {} is the mean over the others.'.format(
                    np.isnan(rates).sum(), len(rates), kind, what))
        if self.far_target < 1 / val.impostors:
            self._tell('far_target {:g} is below 1 / {}, the impostor pairs that a threshold is chosen on: val is the '
                       'TAR at FAR 0.'.format(self.far_target, val.impostors))
        curve = (roc.tpr, roc.fpr) if grid is None else kfold_curve(scores, issame, grid, self._nfolds)
        return curve, roc, acc, val

    def _tell(self, message):
        if message not in self._told:
            self._told.add(message)
            logging.getLogger('gluonfr').warning('%s: %s', self.name, message)

    def _held_out(self, scores):
        """One score a pair: with ``pca`` that of the pair's own fold."""
        if scores.ndim == 1:
            return scores
        return np.concatenate([np.array_split(row, self._nfolds)[k] for k, row in enumerate(scores)])

    def _need_pairs(self):
        if not self.num_inst:
            raise ValueError('FaceVerification: there are no pairs, call update(labels, embeddings0, embeddings1) '
                             'first.')
