"""From a file of weights of any kind to a folder with a card that `load_net` takes."""

__all__ = ['convert']


def convert(source, out, model=None, params=None, spec=None, images=None):
    """Convert weights to a native net, check that both sides give the same embeddings, and write them with a card.

    Parameters
    ----------
    source : str
        A '-symbol.json' of MXNet, '.onnx', a PyTorch state dict '.pth' or '.pt', or Gluon '.params' (with `model`).
    out : str
        Folder that is made, with card.json and the weights: all of it or nothing.
    model : str or None
        Name for `get_model`; None finds the net that fits.
    params : str or None
        Weights of a symbol, None for the newest '<prefix>-NNNN.params' beside it.
    spec : InputSpec or None
        What the source takes; None for what its graph says.
    images : str, sequence or None
        Aligned faces to compare both sides on, besides random images: a folder or list file, or what `Embedder` takes.

    Returns
    -------
    str
        Path of card.json.

    Raises
    ------
    ConvertError
        The source is damaged or does not fit; unused and missing names are listed.
    """
    raise NotImplementedError
