"""Where the landmarks of a face stand in an image that networks take."""
import numpy as np

__all__ = ['FIVE_POINTS']

# Left eye, right eye, nose, left and right corner of the mouth, as seen in the picture: x and y in pixels of 112 x 112.
# The template of the public ArcFace code (1801.07698), to which InsightFace's training sets and weights are aligned.
FIVE_POINTS = np.array([[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655],
                        [70.7299, 92.2041]])
FIVE_POINTS.flags.writeable = False
