"""Let an oracle of Keras Tuner choose trials, and train them as journaled tasks. Introduced in lesson 20.

Keras Tuner's own loop reuses any directory it finds, stays in one process, and trains with `Model.fit`. Its
oracles, which only choose, need none of that.
"""

import json
import warnings
from collections.abc import Callable, Mapping
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from helpers.tasks.parallel import Outcome, run_tasks

if TYPE_CHECKING:
    from keras_tuner import Oracle
    from keras_tuner.engine.trial import Trial


def name_trial(settings: Mapping[str, Any]) -> str:
    """Return the key of a trial in a journal: the same settings, in any order, have the same key."""
    return json.dumps(settings, sort_keys=True)


def search(
    oracle: "Oracle",
    train: Callable[..., Mapping[str, Any]],
    *,
    fixed: Mapping[str, Any],
    budget: int,
    at_once: int = 1,
    **running: Any,
) -> pd.DataFrame:
    """Train the trials that an oracle asks for, until the next would cost more than is left of the budget.

    A failing trial is told to the oracle as failed, and the search goes on. With a journal, a search that was
    killed and is started again with a new oracle of the same seed asks for the same trials, has the answers
    of those that were finished, and so ends like one never interrupted.

    Args:
        oracle: new, with an objective to maximise, and `seed` other than 0, which Keras Tuner replaces by a
            random one.
        train: called with the settings of a trial; returns what JSON can hold, with the objective after each
            epoch as `history`. The trial's score is the highest, as in Keras Tuner.
        fixed: settings that all trials share, with `epochs` among them. Hyperband sets its own `epochs`; a
            trial that it prolongs is trained again from its first epoch.
        budget: epochs that all trials together may be trained.
        at_once: trials to ask for before the first is told: more than 1 only for oracles that do not learn.
        running: `client`, `journal`, `experiment` and `tell` of `run_tasks`.

    Returns:
        One row a trial, in the order of asking: its `key` (see `name_trial`), settings, `score` (NaN where it
        failed), `error`, `spent` (epochs up to and with this trial), and whatever `train` returned. A trial
        that fails, or is found in the journal, is charged like any other.
    """
    from keras_tuner.engine.base_tuner import BaseTuner

    rows, spent = [], 0
    with TemporaryDirectory() as folder:
        BaseTuner(oracle, directory=folder)  # an oracle must have a folder to write to
        oracle.verbose, oracle.max_consecutive_failed_trials = 0, None
        while batch := _ask(oracle, fixed, at_once, budget - spent):
            tasks = {name_trial(settings): settings for _, settings in batch}
            outcomes = run_tasks(train, tasks, **running)
            for trial, settings in batch:
                key = name_trial(settings)
                spent += settings["epochs"]
                result = outcomes[key].value or {}
                told = {"score": _tell(oracle, trial, outcomes[key]), "error": outcomes[key].error}
                rows.append({"key": key, **settings, "spent": spent, **told, **result})
    return pd.DataFrame(rows)


def _ask(
    oracle: "Oracle", fixed: Mapping[str, Any], at_once: int, left: int
) -> list[tuple["Trial", dict[str, Any]]]:
    """Ask for as many trials as are wanted at once and can be paid."""
    from threadpoolctl import threadpool_limits

    batch = []
    while len(batch) < at_once:
        # On so few numbers, the threads of a Gaussian process mostly wait for each other, and it warns.
        with warnings.catch_warnings(), threadpool_limits(1):
            warnings.filterwarnings("ignore", category=UserWarning, module="sklearn")
            trial = oracle.create_trial(f"asker {len(batch)}")
        if trial.status != "RUNNING":  # no more to ask for, or not before others are told
            break
        values = trial.hyperparameters.values
        settings = {name: value for name, value in values.items() if not name.startswith("tuner/")}
        settings = {**fixed, **settings, "epochs": values.get("tuner/epochs", fixed["epochs"])}
        left -= settings["epochs"]
        if left < 0:
            break
        batch.append((trial, settings))
    return batch


def _tell(oracle: "Oracle", trial: "Trial", outcome: Outcome) -> float:
    """Tell what became of a trial; return its score."""
    history = [] if outcome.error else outcome.value["history"]
    for epoch, value in enumerate(history, 1):
        oracle.update_trial(trial.trial_id, {oracle.objective.name: value}, step=epoch)
    trial.status, trial.message = ("FAILED", outcome.error) if outcome.error else ("COMPLETED", None)
    oracle.end_trial(trial)
    return max(history, default=np.nan)
