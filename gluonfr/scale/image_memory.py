"""KiB that an image of a batch takes in training, by network, as scripts/training_memory.py has measured."""

__all__ = ['IMAGE_MEMORY']

IMAGE_MEMORY = {
    'mobilefacenet': 38301,
    'mobilefacenet_shared': 38296,
    'mobilefacenet_ring': 36686,
    'mobilefacenet_y1': 38298,
    'mobilefacenet_y2': 66087,
    'mbf': 49954,
    'mbf_large': 117982,
    'iresnet18': 79215,
    'iresnet34': 82182,
    'iresnet50': 91540,
    'iresnet100': 125384,
    'lenetplus': 1693,
    'miniresnet18': 2525,
    'se_resnet18_v2': 79051,
    'se_resnet34_v2': 112164,
    'se_resnet50_v2': 300860,
    'resnet18_v1b_face': 37367,
    'resnet34_v1b_face': 47420,
}
