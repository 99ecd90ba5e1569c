import pytest

from helpers.naming import list_differences, refuse_other, suggest


@pytest.mark.parametrize(
    ("word", "known", "words"),
    [
        ("plumm", ["pear", "plum"], "; did you mean plum? fruit: pear, plum"),
        ("xyz", ["pear", "plum"], "; fruit: pear, plum"),
        ("xyz", [], "; fruit: none"),
        (13, [12, 13], "; did you mean 13? fruit: 12, 13"),
        ("n7", [f"n{n}" for n in range(100)], "; did you mean n7?"),
    ],
)
def test_an_unknown_word_gets_the_nearest_known_one(word, known, words):
    assert suggest(word, known, "fruit") == words


def test_many_words_are_not_all_listed():
    assert suggest("??", range(100)).endswith(", 23 and 76 more")


def test_differences_are_named_by_their_place():
    there = {"schedule": {"factor": 0.5, "patience": 1}, "seed": 0, "gone": None}
    here = {"schedule": {"factor": 0.1, "patience": 1}, "seed": 0, "new": [1]}
    assert list(list_differences(there, here)) == [
        ("gone", "None", "missing"),
        ("new", "missing", "[1]"),
        ("schedule.factor", "0.5", "0.1"),
    ]


def test_what_belongs_to_another_is_refused_with_the_difference_and_the_cure():
    refuse_other({"sizes": [1, 2]}, {"sizes": (1, 2)}, "it", "-")  # JSON knows no tuples
    with pytest.raises(ValueError, match=r"^a\.npz is of another run: seed is 0 there and 1 here; delete"):
        refuse_other({"seed": 0}, {"seed": 1}, "a.npz is of another run", "delete")
    with pytest.raises(ValueError, match=r"a is 1 there and missing here \(and 2 more\)"):
        refuse_other({"a": 1, "b": 1, "c": 1}, {}, "it", "-")
