"""ONNX models that are run on images while they are changed."""
from ...compat import threads_to_use

__all__ = ['batches', 'run_batches', 'session_of']

BATCH = 8


def session_of(model):
    """The session of an ONNX file, or of what one holds, on the CPU."""
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads_to_use()
    options.log_severity_level = 3  # errors
    return onnxruntime.InferenceSession(model, options, providers=['CPUExecutionProvider'])


def batches(images, fixed):
    """Parts of images: as many as a model takes, where that is `fixed`, an int."""
    step = fixed if isinstance(fixed, int) else BATCH
    for begin in range(0, len(images), step):
        part = images[begin:begin + step]
        if len(part) == step or not isinstance(fixed, int):
            yield part


def run_batches(session, images, names):
    """The values of these names on one part of the images after another."""
    data = session.get_inputs()[0]
    for part in batches(images, data.shape[0]):
        yield session.run(names, {data.name: part})
