"""The small network of the ring-loss document, for its recipes: a twentieth of LeNet++'s work."""
from gluonfr.model_zoo import get_model
from gluonfr.model_zoo.spec import InputSpec
from mxnet.gluon import nn

__all__ = ['MnistNet', 'make_net']


def make_net(name, embedding_size):
    """The network of a recipe: 'mnistnet', or one of the model zoo."""
    return MnistNet(embedding_size) if name == 'mnistnet' else get_model(name, embedding_size=embedding_size)


class MnistNet(nn.HybridBlock):
    """Two 5x5 convolutions (32 and 64 channels, each pooled), 128 and 256 units, all with ReLU, and a linear embedding.

    Parameters
    ----------
    embedding_size : int
        D.

    Inputs:
        - **x**: (B, 1, 28, 28), values in [0, 1], of which the network takes 0.5 off as the document does

    Outputs:
        - **embedding**: (B, D)
    """

    def __init__(self, embedding_size=2, **kwargs):
        super().__init__(**kwargs)
        self.input_spec = InputSpec((28, 28), (0,), (255,), 'grey', embedding_size)
        with self.name_scope():
            self.features = nn.HybridSequential(prefix='features_')
            with self.features.name_scope():
                for width, channels in ((1, 32), (32, 64)):
                    self.features.add(nn.Conv2D(channels, 5, activation='relu', in_channels=width), nn.MaxPool2D(2, 2))
                self.features.add(nn.Flatten(), nn.Dense(128, activation='relu', in_units=64 * 4 * 4),
                                  nn.Dense(256, activation='relu', in_units=128),
                                  nn.Dense(embedding_size, use_bias=False, in_units=256))

    def hybrid_forward(self, F, x):
        """The embedding, (B, D)."""
        return self.features(x - 0.5)
