import json
import math
import runpy
import subprocess
import sys
import time
from collections import Counter
from functools import partial
from operator import itemgetter
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from misbehaving import misbehave

from helpers.data import JobError, load
from helpers.search.driver import STATUSES, Budget, Rung, search
from helpers.search.objectives import weigh
from helpers.search.optimisers import OPTIMISERS, Optimiser, RandomSearch, RegularisedEvolution
from helpers.search.space import FixedSpace
from helpers.tasks.sandbox import Sandbox


class Letters(FixedSpace):
    """Texts; the letter d costs a hundred parameters, any other one."""

    def __init__(self) -> None:
        super().__init__(["abcd"] * 4)

    def measure(self, genome):
        return {"parameters": sum(100 if unit == "d" else 1 for unit in genome)}


class Asker(Optimiser):
    """Ask for given candidates, one batch after the other."""

    def __init__(self, *batches: list[str], space: FixedSpace | None = None) -> None:
        super().__init__(space or Letters())
        self.batches, self.told = [list(map(tuple, batch)) for batch in batches], []

    def ask(self):
        return self.batches.pop(0) if self.batches else []

    def tell(self, genomes, losses):
        self.told += zip(map("".join, genomes), losses, strict=True)


def measure(genome: str, **rung: float) -> dict:
    return {"error": genome.count("a") + genome.count("b") / 2} | rung


def guard(genome: str, folder: Path) -> dict:
    """Let one candidate have little time, and those that work have as much as they need."""
    seconds = 1 if genome == "b a a c" else 60
    return Sandbox(partial(misbehave, folder=folder), seconds=seconds, memory_mib=350)(genome=genome)


def hold(genome: str, folder: Path) -> dict:
    """Let later candidates of a generation end first."""
    time.sleep(0.3 if genome.startswith("a") else 0.01)
    return measure(genome)


def read_journal(path: Path) -> list[dict]:
    """Return its header and its lines by key: on workers they come in any order."""
    whole = path.read_text()
    lines = [json.loads(line) for line in whole[: whole.rfind("\n") + 1].splitlines()]
    for line in lines[1:]:
        if line["value"]:
            del line["value"]["seconds"]
    return lines[:1] + sorted(lines[1:], key=itemgetter("key"))


def test_a_search_asks_judges_and_tells():
    optimiser = Asker(["aaaa", "abcc"], ["cccd"])
    found = search(optimiser, measure, budget=Budget(9), objectives=("error", "parameters"))
    assert optimiser.told == [("aaaa", [4, 4]), ("abcc", [1.5, 4]), ("cccd", [0, 103])]
    rows = found.candidates.drop(columns="seconds").to_dict("records")
    assert rows[2] == {
        "genome": "c c c d",
        "status": "ok",
        "reason": "",
        "parameters": 103,
        "error": 0,
        "batch": 1,
        "rung": 0,
    }
    assert [row["batch"] for row in rows] == [0, 0, 1]
    assert (found.best, found.hits, found.ended) == ("c c c d", 0, "nothing new")


def test_known_candidates_are_hits_and_free():
    optimiser = Asker(["aaaa", "aaaa", "bbbb"], ["bbbb", "cccc"], ["cccc", "dddd", "aaaa"])
    found = search(optimiser, measure, budget=Budget(evaluations=3))
    assert list(found.candidates["genome"]) == ["a a a a", "b b b b", "c c c c"]
    assert (found.hits, found.ended) == (2, "budget")
    assert optimiser.told[:3] == [("aaaa", [4]), ("aaaa", [4]), ("bbbb", [2])]


def test_a_budget_of_evaluations_cuts_a_batch():
    optimiser = RandomSearch(Letters(), seed=1)
    assert len(search(optimiser, measure, budget=Budget(evaluations=14)).candidates) == 14


def test_a_budget_of_seconds_ends_after_the_batch(monkeypatch):
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr("helpers.search.driver.time", SimpleNamespace(monotonic=lambda: clock.now))

    def judge(genome: str) -> dict:
        clock.now += 0.3
        return measure(genome)

    optimiser = Asker(*[["aaa" + letter] for letter in "abcd"])
    found = search(optimiser, judge, budget=Budget(seconds=0.5))
    assert found.ended == "budget"
    assert len(found.candidates) == 2
    assert list(found.candidates["seconds"]) == pytest.approx([0.3, 0.3])


def test_asking_for_nothing_that_can_be_judged_comes_to_an_end():
    optimiser = RandomSearch(Letters(), seed=0)
    found = search(optimiser, measure, budget=Budget(5), limits={"parameters": 1})
    assert found.ended == "nothing new"
    assert (set(found.candidates["status"]), found.best) == ({"too big"}, "")


def test_the_best_climb_the_ladder_within_the_budget():
    ladder = [Rung(100, 1), Rung(200, 2, keep=3), Rung(400, 5, keep=1)]
    found = search(
        RandomSearch(Letters(), seed=0),
        measure,
        budget=Budget(image_epochs=100 * 20 + 3 * 400 + 2000, evaluations=99),
        ladder=ladder,
    )
    rungs = [part for _, part in found.candidates.groupby("rung")]
    assert [len(part) for part in rungs] == [20, 3, 1]
    assert [set(zip(part["images"], part["epochs"], strict=True)) for part in rungs] == [
        {(100, 1)},
        {(200, 2)},
        {(400, 5)},
    ]
    best = rungs[0].sort_values("error", kind="stable")["genome"]
    assert list(rungs[1]["genome"]) == list(best[:3])
    assert found.best == rungs[2]["genome"].iloc[0] == best.iloc[0]
    few = search(RandomSearch(Letters(), seed=0), measure, budget=Budget(evaluations=9), ladder=ladder)
    assert list(few.candidates["rung"]) == [0] * 5 + [1] * 3 + [2]


@pytest.mark.parametrize(
    ("budget", "ladder", "message"),
    [
        (Budget(), (), "no end"),
        (Budget(image_epochs=9), (), "counted on a ladder"),
        (Budget(evaluations=0), (), "leaves nothing"),
        (Budget(evaluations=3), (Rung(1, 1), Rung(2, 1, keep=3)), "leaves nothing"),
        (Budget(image_epochs=5), (Rung(6, 1),), "leaves nothing"),
    ],
)
def test_budgets_that_cannot_be_kept_are_refused(budget, ladder, message):
    with pytest.raises(ValueError, match=message):
        search(RandomSearch(Letters()), measure, budget=budget, ladder=ladder)


def test_several_objectives_reach_the_score():
    optimiser = RegularisedEvolution(Letters(), seed=0, score=weigh(0.7, 0.3))
    found = search(optimiser, measure, budget=Budget(60), objectives=("error", "parameters"))
    assert found.best == "c c c c"  # the letter d has no error either, but parameters


def run_misbehaving(folder: Path, **running: object) -> pd.DataFrame:
    folder.mkdir()
    batch = ["aaaa", "baaa", "baab", "baac", "babb", "caaa", "adaa", "aa"]
    judge = partial(guard, folder=folder)
    running = {"journal": folder / "journal", "experiment": {"a": 1}} | running
    optimiser = Asker(batch, ["bbbb"])
    found = search(optimiser, judge, budget=Budget(99), limits={"parameters": 99}, **running)
    assert found.ended == "nothing new"
    assert (dict(optimiser.told)["baaa"], dict(optimiser.told)["bbbb"]) == ([math.inf], [0.25])
    return found.candidates.set_index("genome")


def check_outcomes(candidates: pd.DataFrame) -> None:
    assert candidates["status"].to_dict() == {
        "a a a a": "ok",
        "b a a a": "nan",
        "b a a b": "out of memory",
        "b a a c": "timeout",
        "b a b b": "ok",  # at the second try
        "c a a a": "crash",
        "a d a a": "too big",
        "a a": "invalid",
        "b b b b": "ok",
    }
    assert set(candidates["status"]) == set(STATUSES)
    assert candidates.loc["a d a a", "reason"] == "103 parameters, and 99 are allowed"
    assert candidates.loc["a a", "reason"] == "2 units, not 4"
    assert "died, 3 times" in candidates.loc["c a a a", "reason"]


def test_every_outcome_is_recorded_and_the_search_goes_on(tmp_path):
    check_outcomes(run_misbehaving(tmp_path / "here"))
    starts = (tmp_path / "here" / "started").read_text().splitlines()
    assert [starts.count(genome) for genome in ("a a a a", "b a b b", "c a a a", "a d a a")] == [1, 2, 3, 0]


def test_every_outcome_is_the_same_on_two_workers(tmp_path, client):
    check_outcomes(run_misbehaving(tmp_path / "there", client=client))
    assert len(read_journal(tmp_path / "there" / "journal")) == 1 + 9


def test_a_worker_of_dask_that_always_dies_is_a_crash(tmp_path, client):
    judge = partial(misbehave, folder=tmp_path)
    options = {"budget": Budget(9), "journal": tmp_path / "journal", "experiment": {"a": 1}}
    found = search(Asker(["caaa", "aaaa"]), judge, client=client, **options)
    assert list(found.candidates["status"]) == ["crash", "ok"]
    again = search(Asker(["caaa", "aaaa"]), judge, **options)  # run here, the first would kill us
    pd.testing.assert_frame_equal(again.candidates, found.candidates)


@pytest.mark.parametrize("name", ["regularised evolution", "differential evolution"])
def test_one_and_two_workers_find_and_write_the_same(tmp_path, client, name):
    found = {}
    for folder, running in {"one": {}, "two": {"client": client}}.items():
        found[folder] = search(
            OPTIMISERS[name](Letters(), seed=5),
            partial(hold, folder=None),
            budget=Budget(26),
            journal=tmp_path / folder,
            experiment={"a": 1},
            **running,
        )
    assert found["one"].best == found["two"].best != ""
    tables = [one.candidates.drop(columns="seconds") for one in found.values()]
    pd.testing.assert_frame_equal(*tables)  # the rows, too, in the order of asking
    assert read_journal(tmp_path / "one") == read_journal(tmp_path / "two")
    assert len(read_journal(tmp_path / "one")) == 1 + 26
    assert {path.name.removesuffix(".lock") for path in tmp_path.iterdir()} == {"one", "two"}


DRIVER = """
import os, sys, time
from pathlib import Path
from helpers.tasks.parallel import open_client
from helpers.search.driver import Budget, Rung, search
from helpers.search.optimisers import RegularisedEvolution
from helpers.search.space import FixedSpace

def judge(genome, images, epochs, folder):
    with open(folder / "started", "a") as file:
        file.write(f"{genome} {images}\\n")
    stop = folder / "stop"
    if stop.exists() and (folder / "started").read_text().count("\\n") >= int(stop.read_text()):
        time.sleep(600)  # until the end, by a kill
    time.sleep(0.02 if genome.startswith("a") else 0.01)
    return {"error": genome.count("a") + genome.count("b") / 2}

def run_search(folder, workers):
    from functools import partial
    optimiser = RegularisedEvolution(FixedSpace(["abc"] * 4), seed=2, population=8, at_once=4)
    running = {"ladder": [Rung(1, 1), Rung(2, 1, keep=3)], "budget": Budget(27), "experiment": {"a": 1}}
    running |= {"journal": folder / "journal"}
    with open_client(workers) as client:
        return search(optimiser, partial(judge, folder=folder), client=client, **running)

if __name__ == "__main__":
    run_search(Path(sys.argv[1]), int(sys.argv[2]))
"""


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    path = tmp_path_factory.mktemp("script") / "script_of_search.py"
    path.write_text(DRIVER)
    return path


@pytest.fixture(scope="module")
def run_search(script):
    return runpy.run_path(str(script))["run_search"]


@pytest.fixture(scope="module")
def whole(run_search, tmp_path_factory):
    """Return what a search finds that is never killed, and its journal."""
    folder = tmp_path_factory.mktemp("whole")
    return run_search(folder, 1), read_journal(folder / "journal")


@pytest.mark.parametrize(("workers", "lines"), [(1, 3), (1, 14), (1, 26), (2, 3), (2, 14)])
def test_a_killed_search_goes_on_to_the_journal_of_one_never_killed(
    tmp_path, workers, lines, script, run_search, whole, request
):
    if workers > 1:
        request.getfixturevalue("client")  # skips where there can be none
    (tmp_path / "stop").write_text(str(lines))
    driver = subprocess.Popen([sys.executable, str(script), str(tmp_path), str(workers)])
    started = tmp_path / "started"
    while not started.exists() or started.read_bytes().count(b"\n") < lines:
        assert driver.poll() is None, "the driver ended before it could be killed"
        time.sleep(0.005)
    driver.kill()
    driver.wait()
    finished = {line["key"].split(" @")[0] + " 1" for line in read_journal(tmp_path / "journal")[1:]}
    before = Counter(started.read_text().splitlines())
    (tmp_path / "stop").unlink()
    resumed, (uninterrupted, journal) = run_search(tmp_path, 1), whole
    assert read_journal(tmp_path / "journal") == journal
    tables = [found.candidates.drop(columns="seconds") for found in (resumed, uninterrupted)]
    pd.testing.assert_frame_equal(*tables)
    assert resumed.best == uninterrupted.best
    assert resumed.hits == uninterrupted.hits
    after = Counter(started.read_text().splitlines())
    assert len(after) == 27
    assert all(after[genome] == before[genome] for genome in finished)


def test_a_journal_of_other_settings_is_refused(tmp_path):
    run = partial(
        search, judge=measure, budget=Budget(3), journal=tmp_path / "journal", experiment={"data": "x"}
    )
    run(RandomSearch(Letters(), seed=0))
    with pytest.raises(ValueError, match="seed is 0 there and 1 here"):
        run(RandomSearch(Letters(), seed=1))
    with pytest.raises(ValueError, match="data is 'x' there and 'y' here"):
        run(RandomSearch(Letters(), seed=0), experiment={"data": "y"})
    with pytest.raises(ValueError, match="needs experiment"):
        run(RandomSearch(Letters(), seed=0), experiment=None)


def choose_on(genome: str, role: str) -> dict:
    getattr(load("mnist-sample"), role).require("choose")
    return {"error": 0.1}


def test_choosing_on_test_images_ends_the_search(tmp_path, client):
    for running in ({}, {"client": client}):
        journal = tmp_path / f"journal{len(running)}"
        options = {"budget": Budget(3), "journal": journal, "experiment": {"a": 1}} | running
        with pytest.raises(JobError, match="cannot choose on the test split"):
            search(Asker(["aaaa"]), partial(choose_on, role="test"), **options)
        assert len(journal.read_text().splitlines() if journal.exists() else []) <= 1  # no candidate in it
        assert search(Asker(["aaaa"]), partial(choose_on, role="validation"), **options).best == "a a a a"


def test_watchers_see_every_batch():
    seen, told = [], []
    search(Asker(["aaaa", "bbbb"], ["cccc"]), measure, budget=Budget(9), watch=seen.append, tell=told.append)
    assert [len(candidates) for candidates in seen] == [2, 3]
    assert len(told) == 3


def test_an_objective_that_nothing_returns_is_named():
    with pytest.raises(ValueError, match=r"no 'speed' was returned for a a a a; there are .*, error"):
        search(Asker(["aaaa"]), measure, budget=Budget(9), objectives=("speed",))
