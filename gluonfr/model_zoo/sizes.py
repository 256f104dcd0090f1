"""The names of the networks of the model zoo and how big each is, without MXNet.

`count_parameters`, `count_macs` and `MODELS.aliases` give the same, as the tests check.
"""
from collections import namedtuple

__all__ = ['NAMES', 'SIZES', 'Size']

Size = namedtuple('Size', 'values macs embedding_size aliases', defaults=((),))
Size.__doc__ = """Values of the parameters, multiply-adds of one image of the default size, D, and other names."""

SIZES = {
    'mobilefacenet': Size(1003136, 220965376, 128),
    'mobilefacenet_shared': Size(995617, 220965376, 128),
    'mobilefacenet_ring': Size(1061410, 221030912, 256),
    'mobilefacenet_re': Size(535374, 50707008, 160),
    'mobilefacenet_y1': Size(1003264, 220965376, 128),  # 1,003,136 and the bias of its embedding layer
    'mobilefacenet_y2': Size(1996032, 468825088, 256),
    'mbf': Size(2059520, 437520896, 512, ('mobilefacenet_mbf',)),
    'mbf_large': Size(6314880, 1816482816, 512),
    'iresnet18': Size(24025600, 2609954816, 512, ('r18',)),
    'iresnet34': Size(34139328, 4459642880, 512, ('r34',)),
    'iresnet50': Size(43590848, 6309330944, 512, ('r50',)),
    'iresnet100': Size(65156160, 12089606144, 512, ('r100',)),
    'iresnet200': Size(118833920, 23418945536, 512, ('r200',)),
    'iresnet2060': Size(1122301120, 238907604992, 512, ('r2060',)),
    'lenetplus': Size(797602, 80911104, 2, ('lenet++', 'lenet_m')),
    'miniresnet18': Size(481794, 50803456, 2),
    'se_resnet18_v2': Size(24109888, 1743000576, 512, ('l_se_resnet18v2',)),
    'se_resnet34_v2': Size(34293884, 3592758784, 512, ('l_se_resnet34v2',)),
    'se_resnet50_v2': Size(77425792, 4083228672, 512, ('l_se_resnet50v2',)),
    'se_resnet101_v2': Size(98690769, 7797678080, 512, ('l_se_resnet101v2',)),
    'se_resnet152_v2': Size(116208802, 11511734272, 512, ('l_se_resnet152v2',)),
    'se_resnet18_v2_gluonfr1': Size(1228897, 160109568, 512),
    'se_resnet34_v2_gluonfr1': Size(1902837, 269362688, 512),
    'se_resnet50_v2_gluonfr1': Size(27073465, 3994361856, 512),
    'se_resnet101_v2_gluonfr1': Size(48312381, 7708811264, 512),
    'se_resnet152_v2_gluonfr1': Size(65807425, 11422867456, 512),
    'attention_facenet': Size(56464064, 14942658560, 512),  # of 128 layers by default
    'attention_net56': Size(30807744, 6212034560, 512, ('attentionfacenet56',)),
    'attention_net92': Size(51463360, 10474987520, 512, ('attentionfacenet92',)),
    'attention_net128': Size(56464064, 14942658560, 512, ('attentionfacenet128',)),
    'attention_net164': Size(69292224, 19307970560, 512, ('attentionfacenet164',)),
    'attention_net236': Size(94948544, 28038594560, 512, ('attentionfacenet236',)),
    'attention_net452': Size(175496384, 48428515328, 512, ('attentionfacenet452',)),
    'attention_net56_gluonfr1': Size(30803649, 6212034560, 512),
    'attention_net92_gluonfr1': Size(51459265, 10474987520, 512),
    'attention_net128_gluonfr1': Size(56459969, 14942658560, 512),
    'attention_net164_gluonfr1': Size(69288129, 19307970560, 512),
    'attention_net236_gluonfr1': Size(94944449, 28038594560, 512),
    'attention_net452_gluonfr1': Size(175492289, 48428515328, 512),
    'resnet18_v1b_face': Size(24023616, 1826406400, 512),
    'resnet34_v1b_face': Size(34131776, 3676094464, 512),
    'resnet50_v1b_face': Size(74893376, 4138516480, 512),
    'resnet101_v1b_face': Size(93885504, 7850737664, 512),
    'resnet152_v1b_face': Size(109529152, 11562958848, 512),
    'resnet50_v1c_face': Size(74912608, 4378157056, 512),
    'resnet101_v1c_face': Size(93904736, 8090378240, 512),
    'resnet152_v1c_face': Size(109548384, 11802599424, 512),
    'resnet50_v1d_face': Size(74912608, 4378157056, 512),
    'resnet101_v1d_face': Size(93904736, 8090378240, 512),
    'resnet152_v1d_face': Size(109548384, 11802599424, 512),
}

NAMES = {known: name for name, size in SIZES.items() for known in (name, *size.aliases)}
