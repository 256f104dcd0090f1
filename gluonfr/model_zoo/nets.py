"""All that is in the model zoo and needs MXNet. Who imports this module has every network in the registry."""
from .attention_net import (AttentionModule, AttentionNet, AttentionNetFace, attention_net56, attention_net92,
                            attention_net128, attention_net164, attention_net236, attention_net452, get_attention_face,
                            get_attention_net)
from .gluonfr1 import (AttentionNetGluonfr1, SEResNetGluonfr1, attention_net56_gluonfr1, attention_net92_gluonfr1,
                       attention_net128_gluonfr1, attention_net164_gluonfr1, attention_net236_gluonfr1,
                       attention_net452_gluonfr1, se_resnet18_v2_gluonfr1, se_resnet34_v2_gluonfr1,
                       se_resnet50_v2_gluonfr1, se_resnet101_v2_gluonfr1, se_resnet152_v2_gluonfr1)
from .iresnet import IResNet, iresnet18, iresnet34, iresnet50, iresnet100, iresnet200, iresnet2060
from .lenet import LeNetPlus
from .macs import count_macs, count_parameters
from .making import get_model, get_model_list
from .miniresnet import MiniResNet18
from .mobile_facenet import (MobileFaceNet, MobileFaceNetRe, get_mobile_facenet, get_mobile_facenet_re, mbf, mbf_large,
                             mobilefacenet_ring, mobilefacenet_shared, mobilefacenet_y1, mobilefacenet_y2)
from .parameters import load_parameters
from .registry import MODELS
from .resnet_face import (ResNetFace, resnet18_v1b_face, resnet34_v1b_face, resnet50_v1b_face, resnet50_v1c_face,
                          resnet50_v1d_face, resnet101_v1b_face, resnet101_v1c_face, resnet101_v1d_face,
                          resnet152_v1b_face, resnet152_v1c_face, resnet152_v1d_face)
from .se_resnet import (SEResNetV2, get_se_resnet, se_resnet18_v2, se_resnet34_v2, se_resnet50_v2, se_resnet101_v2,
                        se_resnet152_v2)

__all__ = ['AttentionModule', 'AttentionNet', 'AttentionNetFace', 'AttentionNetGluonfr1', 'IResNet', 'LeNetPlus',
           'MODELS', 'MiniResNet18', 'MobileFaceNet', 'MobileFaceNetRe', 'ResNetFace', 'SEResNetGluonfr1',
           'SEResNetV2', 'attention_net56', 'attention_net56_gluonfr1', 'attention_net92', 'attention_net92_gluonfr1',
           'attention_net128', 'attention_net128_gluonfr1', 'attention_net164', 'attention_net164_gluonfr1',
           'attention_net236', 'attention_net236_gluonfr1', 'attention_net452', 'attention_net452_gluonfr1',
           'count_macs', 'count_parameters', 'get_attention_face', 'get_attention_net', 'get_mobile_facenet',
           'get_mobile_facenet_re', 'get_model', 'get_model_list', 'get_se_resnet', 'iresnet18', 'iresnet34',
           'iresnet50', 'iresnet100', 'iresnet200', 'iresnet2060', 'load_parameters', 'mbf', 'mbf_large',
           'mobilefacenet_ring', 'mobilefacenet_shared', 'mobilefacenet_y1', 'mobilefacenet_y2', 'resnet18_v1b_face',
           'resnet34_v1b_face', 'resnet50_v1b_face', 'resnet50_v1c_face', 'resnet50_v1d_face', 'resnet101_v1b_face',
           'resnet101_v1c_face', 'resnet101_v1d_face', 'resnet152_v1b_face', 'resnet152_v1c_face',
           'resnet152_v1d_face', 'se_resnet18_v2', 'se_resnet18_v2_gluonfr1', 'se_resnet34_v2',
           'se_resnet34_v2_gluonfr1', 'se_resnet50_v2', 'se_resnet50_v2_gluonfr1', 'se_resnet101_v2',
           'se_resnet101_v2_gluonfr1', 'se_resnet152_v2', 'se_resnet152_v2_gluonfr1']
