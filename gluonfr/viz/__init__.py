"""Pictures: embeddings in the plane, angles on the circle, training curves, GIFs of them, ROC and score histograms.

The plot libraries (matplotlib, seaborn, scikit-learn, Pillow) are imported inside the functions, so that training
without pictures never pays for them. Every function draws on a figure of its own with the Agg renderer: no display is
needed and the state of ``matplotlib.pyplot`` is left as it was.
"""
from .angles import plot_angles
from .curves import plot_curves
from .embeddings import embedding_limits, fit_projection, plot_embeddings
from .gif import make_gif
from .roc import plot_accuracy, plot_roc, plot_scores

__all__ = ['embedding_limits', 'fit_projection', 'make_gif', 'plot_accuracy', 'plot_angles', 'plot_curves',
           'plot_embeddings', 'plot_roc', 'plot_scores']
