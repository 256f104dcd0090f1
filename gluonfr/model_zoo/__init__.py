"""Embedding networks, by name (`get_model`) or by class."""
from .attention_net import (AttentionModule, AttentionNetFace, attention_net56, attention_net92, attention_net128,
                            attention_net164, attention_net236, attention_net452, get_attention_face)
from .card_file import read_card
from .iresnet import IResNet, iresnet18, iresnet34, iresnet50, iresnet100, iresnet200
from .lenet import LeNetPlus
from .macs import count_macs, count_parameters
from .miniresnet import MiniResNet18
from .mobile_facenet import (MobileFaceNet, get_mobile_facenet, mbf, mbf_large, mobilefacenet_ring,
                             mobilefacenet_shared, mobilefacenet_y1, mobilefacenet_y2)
from .model_store import choose_card, get_model_file
from .parameters import net_from_card
from .registry import MODELS
from .resnet_face import (ResNetFace, resnet18_v1b_face, resnet34_v1b_face, resnet50_v1b_face, resnet50_v1c_face,
                          resnet50_v1d_face, resnet101_v1b_face, resnet101_v1c_face, resnet101_v1d_face,
                          resnet152_v1b_face, resnet152_v1c_face, resnet152_v1d_face)
from .se_resnet import (SEResNetV2, get_se_resnet, se_resnet18_v2, se_resnet34_v2, se_resnet50_v2, se_resnet101_v2,
                        se_resnet152_v2)
from .spec import InputSpec

__all__ = ['AttentionModule', 'AttentionNetFace', 'IResNet', 'InputSpec', 'LeNetPlus', 'MODELS', 'MiniResNet18',
           'MobileFaceNet', 'ResNetFace', 'SEResNetV2', 'attention_net56', 'attention_net92', 'attention_net128',
           'attention_net164', 'attention_net236', 'attention_net452', 'count_macs', 'count_parameters',
           'get_attention_face', 'get_mobile_facenet', 'get_model', 'get_model_file', 'get_model_list', 'get_se_resnet',
           'iresnet18', 'iresnet34', 'iresnet50', 'iresnet100', 'iresnet200', 'mbf', 'mbf_large', 'mobilefacenet_ring',
           'mobilefacenet_shared', 'mobilefacenet_y1', 'mobilefacenet_y2', 'resnet18_v1b_face', 'resnet34_v1b_face',
           'resnet50_v1b_face', 'resnet50_v1c_face', 'resnet50_v1d_face', 'resnet101_v1b_face', 'resnet101_v1c_face',
           'resnet101_v1d_face', 'resnet152_v1b_face', 'resnet152_v1c_face', 'resnet152_v1d_face', 'se_resnet18_v2',
           'se_resnet34_v2', 'se_resnet50_v2', 'se_resnet101_v2', 'se_resnet152_v2']


def get_model(name, pretrained=False, **kwargs):
    """Make a net by name.

    Parameters
    ----------
    name : str
        A name of `get_model_list` or an alias of one, in any case.
    pretrained : bool or str
        True: with the weights of the net's default card; a str: with those of this card, or of the one whose name
        begins so ('w600k'); `gluonfr models` lists them. They are downloaded at the first time.
    root, accept_licence
        With pretrained: as in `get_model_file`.
    ctx : Context or list of Context
        With pretrained: where the weights go, None for the CPU.
    **kwargs
        Arguments of that net: classes, embedding_size, need_cls_layer, ... With pretrained they must not contradict
        the weights; a class layer starts anew.

    Returns
    -------
    HybridBlock
        image (B, C, H, W) -> embedding (B, D), or (embedding, pred) with need_cls_layer=True.

    Raises
    ------
    ValueError
        Nothing has this name; the message lists all names and the nearest. The net has no such weights, or an argument
        contradicts them.
    TypeError
        An argument that the net does not take; the message shows the signature.
    DownloadError
        The weights cannot be had; the message says what to put where.
    """
    if not pretrained:
        return MODELS.create(name, **kwargs)
    name = choose_card(name, pretrained).name
    download = {key: kwargs.pop(key) for key in ('root', 'accept_licence') if key in kwargs}
    return net_from_card(*read_card(get_model_file(name, **download)), **kwargs)


def get_model_list():
    """Names of all nets, sorted."""
    return MODELS.names()
