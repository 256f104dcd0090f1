"""KiB that an image of a batch takes in training, by network: of scripts/network_memory.py."""

__all__ = ['IMAGE_MEMORY']

IMAGE_MEMORY = {
    'mobilefacenet': 36708,
    'iresnet50': 107000,
}
