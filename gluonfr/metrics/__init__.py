"""Verification: scores of pairs, k-fold accuracy, ROC, TAR@FAR and confidence intervals; `FaceVerification`."""
from .intervals import Interval, bootstrap_accuracy, clopper_pearson
from .kfold import FoldAccuracy, FoldTar, kfold_accuracy, kfold_curve, kfold_tar_at_far, most_folds
from .roc import (FARS, Histogram, OperatingPoints, Roc, accuracy_curve, auc, equal_error_rate, roc_curve,
                  score_histogram, tar_at_far)
from .scores import combine_flip, pair_scores, pca_scores
from .verification import CLASSIC_GRIDS, FaceVerification

__all__ = ['CLASSIC_GRIDS', 'FARS', 'FaceVerification', 'FoldAccuracy', 'FoldTar', 'Histogram', 'Interval',
           'OperatingPoints', 'Roc', 'accuracy_curve', 'auc', 'bootstrap_accuracy', 'clopper_pearson', 'combine_flip',
           'equal_error_rate', 'kfold_accuracy', 'kfold_curve', 'kfold_tar_at_far', 'most_folds', 'pair_scores',
           'pca_scores', 'roc_curve', 'score_histogram', 'tar_at_far']
