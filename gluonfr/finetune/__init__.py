"""Fine-tuning of a trained network to one's own people, judged by those of them that it was not trained on."""
from .photos import PHOTOS, Chosen, choose_photos
from .plan import Plan, make_plan
from .run import FineTuned, finetune
from .start import Start, open_start

__all__ = ['Chosen', 'FineTuned', 'PHOTOS', 'Plan', 'Start', 'choose_photos', 'finetune', 'make_plan', 'open_start']
