"""Train networks: the loop, its schedules and recipes, and the files of trained models and of members."""

from helpers.training.estimator import ImageClassifier
from helpers.training.fast_recipe import fit_fast, make_optimiser
from helpers.training.loop import Averaging, fit, hold_constant, read_weights, rise_and_fall, write_weights
from helpers.training.members import Member, load_members, reuse
from helpers.training.trained import keep_trained
