"""Judge models: predictions, measures, intervals, paired tests and cost."""

from helpers.judging.comparisons import corrected_t, fold_interval, holm, mcnemar, wilcoxon_over_seeds
from helpers.judging.cost import count_multiply_adds, list_models, measure_cost
from helpers.judging.measures import (
    average_classes,
    count_confusions,
    count_correct,
    judge_classes,
    wilson_interval,
)
from helpers.judging.predictions import look_mirrored_and_shifted, look_once, predict
