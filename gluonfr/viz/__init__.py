"""Pictures: embeddings, angles, training curves, GIFs of them, ROC, DET, CMC, histograms of scores, pairs of faces.

The plot libraries (matplotlib, seaborn, scikit-learn, Pillow) are imported inside the functions, so that training
without pictures never pays for them. Every function draws on a figure of its own with the Agg renderer: no display is
needed and the state of ``matplotlib.pyplot`` is left as it was.
"""
from .angles import plot_angles
from .curves import plot_curves
from .embeddings import embedding_limits, fit_projection, plot_embeddings
from .gif import make_gif
from .margins import plot_margins
from .pair_grid import plot_pairs
from .rates import plot_cmc, plot_det, plot_reject
from .roc import plot_accuracy, plot_roc, plot_scores

__all__ = ['embedding_limits', 'fit_projection', 'make_gif', 'plot_accuracy', 'plot_angles', 'plot_cmc', 'plot_curves',
           'plot_det', 'plot_embeddings', 'plot_margins', 'plot_pairs', 'plot_reject', 'plot_roc', 'plot_scores']
