"""Verification: scores of pairs, k-fold accuracy, ROC, TAR@FAR and confidence intervals; protocols by name.

All of it is NumPy, but `FaceVerification`, a metric of MXNet.
"""
from typing import TYPE_CHECKING

from ..utils.first_use import on_first_use
from .advice import Advice, advise_threshold
from .compare import Comparison, McNemar, PairedDifference, compare_models, mcnemar, paired_bootstrap
from .distractors import Distractors
from .groups import Groups
from .identification import Identification
from .intervals import Interval, bootstrap_accuracy, clopper_pearson
from .kfold import (CLASSIC_GRIDS, CLASSIC_VAL_GRIDS, FoldAccuracy, FoldTar, kfold_accuracy, kfold_curve,
                    kfold_tar_at_far, most_folds)
from .pairs import KFoldPairs
from .pairs_at_fars import PairsAtFars
from .protocol import PROTOCOLS, Measured, get_protocol
from .quality import RejectByQuality
from .roc import (FARS, Histogram, OperatingPoints, Roc, accuracy_curve, auc, equal_error_rate, roc_curve,
                  score_histogram, tar_at_far)
from .scores import centred_scores, combine_flip, pair_scores, pca_scores
from .templates import TemplatePairs, pool_templates
from .truth import (DistractorTruth, PairTruth, PeopleTruth, QualityTruth, SearchTruth, TemplateSearchTruth,
                    TemplateTruth)

if TYPE_CHECKING:
    from .verification import FaceVerification

__all__ = ['Advice', 'CLASSIC_GRIDS', 'CLASSIC_VAL_GRIDS', 'Comparison', 'DistractorTruth', 'Distractors', 'FARS',
           'FaceVerification', 'FoldAccuracy', 'FoldTar', 'Groups', 'Histogram', 'Identification', 'Interval',
           'KFoldPairs', 'McNemar', 'Measured', 'OperatingPoints', 'PROTOCOLS', 'PairTruth', 'PairedDifference',
           'PairsAtFars', 'PeopleTruth', 'QualityTruth', 'RejectByQuality', 'Roc', 'SearchTruth', 'TemplatePairs',
           'TemplateSearchTruth', 'TemplateTruth', 'accuracy_curve', 'advise_threshold', 'auc', 'bootstrap_accuracy',
           'centred_scores', 'clopper_pearson', 'combine_flip', 'compare_models', 'equal_error_rate', 'get_protocol',
           'kfold_accuracy', 'kfold_curve', 'kfold_tar_at_far', 'mcnemar', 'most_folds', 'pair_scores',
           'paired_bootstrap', 'pca_scores', 'pool_templates', 'roc_curve', 'score_histogram', 'tar_at_far']

__getattr__, __dir__ = on_first_use(__name__, verification=['FaceVerification'])
