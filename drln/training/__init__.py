"""Train a model, resume a run, publish the result.

Takes a model and data sets of pairs. The trainer knows nothing of the network.
"""

from drln.training.arguments import TrainingArguments
from drln.training.publishing import push_to_hub, write_card
from drln.training.run_folder import TrainingError
from drln.training.trainer import Trainer

__all__ = ["Trainer", "TrainingArguments", "TrainingError", "push_to_hub", "write_card"]
