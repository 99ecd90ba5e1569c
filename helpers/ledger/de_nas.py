"""What we found about the claims of `de-nas`.

"The authors' files" are those of their public repository at commit 464af726: the populations and histories,
whose numbers `helpers.experiments.de_nas_files` sums up, and three notebooks: `dl_final.ipynb` searches,
`train_final_model.ipynb` trains, `plot.ipynb` draws.
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from helpers.ledger import rules
from helpers.ledger.claims import Claim
from helpers.ledger.findings import Finding, Number, Recorded, Rest, decides
from helpers.ledger.rules import Decision

FILES = "authors' files"
LESSON = "evolved_architectures"
MILLION = 1e6
MIB = 2**20
KERNELS = (1, 3, 5, 7)
IMAGE = (3, 32, 32)  # channels, height, width
CLASSES = 10
RETRAIN = "Five trainings of {} as in the authors' notebook, with the epoch chosen on validation images."

# Figures 8 and 10 as printed: layer, shape of its output, parameters.
MODEL_1 = (
    ("Conv2d-1", (7, 32, 32), "196"),
    ("ReLU-2", (7, 32, 32), "0"),
    ("Conv2d-3", (195, 32, 32), "34,320"),
    ("ReLU-4", (195, 32, 32), "0"),
    ("Conv2d-5", (207, 32, 32), "1,978,092"),
    ("ReLU-6", (207, 32, 32), "0"),
    ("Conv2d-7", (235, 32, 32), "2,383,840"),
    ("ReLU-8", (235, 32, 32), "0"),
    ("AvgPool2d-9", (235, 16, 16), "0"),
    ("Conv2d-10", (241, 16, 16), "2,775,356"),
    ("ReLU-11", (241, 16, 16), "0"),
    ("MaxPool2d-12", (241, 8, 8), "0"),
    ("MaxPool2d-13", (241, 4, 4), "0"),
    ("Flatten-14", (3856,), "0"),
    ("Dropout-15", (3856,), "0"),
    ("Linear-16", (1928,), "7,436,296"),
    ("ReLU-17", (1928,), "0"),
    ("Dropout-18", (1928,), "0"),
    ("Linear-19", (964,), "1,859,556"),
    ("ReLU-20", (964,), "0"),
    ("Linear-21", (10,), "9,650"),
)
MODEL_2 = (
    ("Conv2d-1", (7, 32, 32), "196"),
    ("ReLU-2", (7, 32, 32), "0"),
    ("Conv2d-3", (195, 32, 32), "34,320"),
    ("ReLU-4", (195, 32, 32), "0"),
    ("MaxPool2d-5", (195, 16, 16), "0"),
    ("MaxPool2d-6", (195, 8, 8), "0"),
    ("Conv2d-7", (219, 8, 8), "1,067,844"),
    ("ReLU-8", (219, 8, 8), "0"),
    ("Conv2d-9", (188, 8, 8), "1,029,488"),
    ("ReLU-10", (188, 8, 8), "0"),
    ("AvgPool2d-11", (188, 4, 4), "0"),
    ("Flatten-12", (3008,), "0"),
    ("Dropout-13", (3008,), "0"),
    ("Linear-14", (1504,), "4,525,536"),
    ("ReLU-15", (1504,), "0"),
    ("Dropout-16", (1504,), "0"),
    ("Linear-17", (752,), "1,131,760"),
    ("ReLU-18", (752,), "0"),
    ("Linear-19", (10,), "7,530"),
)
MODELS = {"Model 1": MODEL_1, "Model 2": MODEL_2}
# Totals and sizes printed below the tables: parameters; MB of input, both passes, parameters, and in all.
TOTALS = {"Model 1": "16,477,306", "Model 2": "7,796,674"}
SIZES = {"Model 1": ("0.01", "11.73", "62.86", "74.60"), "Model 2": ("0.01", "4.14", "29.74", "33.90")}
IN_TABLE_3 = {
    "Model 1": "16.4",
    "Model 2": "7.79",
    "AlexNet": "62.3",
    "VGG16": "138",
}  # millions of parameters
ACCURACIES = {"Model 1": "92.14", "Model 2": "88.53", "AlexNet": "86.5", "VGG16": "92.64"}  # in per cent

# AlexNet of 2012 without its two groups, for 1,000 classes: inputs of one place, outputs, places.
ALEXNET = (
    (3 * 11**2, 96, 55**2),
    (96 * 5**2, 256, 27**2),
    (256 * 3**2, 384, 13**2),
    (384 * 3**2, 384, 13**2),
    (384 * 3**2, 256, 13**2),
    (256 * 6 * 6, 4096, 1),
    (4096, 4096, 1),
    (4096, 1000, 1),
)
VGG16 = (64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512, "M")


class Layer(NamedTuple):
    """A layer of Figure 8 or 10 and what follows for it from the layer before."""

    name: str
    before: tuple[int, ...]
    shape: tuple[int, ...]
    printed: int
    kernel: int  # of a convolution: the one that gives the printed count, or 0 where none does
    exact: int  # parameters
    multiply_adds: int


def list_layers(model: str) -> list[Layer]:
    """Return the layers of a model; kernels, which are not printed, are those that fit the counts."""
    layers, before = [], IMAGE
    for name, shape, text in MODELS[model]:
        printed, kernel, exact, work = int(text.replace(",", "")), 0, 0, 0
        if name.startswith("Conv2d"):
            counts = {k: before[0] * shape[0] * k * k + shape[0] for k in KERNELS}
            kernel = next((k for k, count in counts.items() if count == printed), 0)
            exact = counts.get(kernel, 0)
            work = before[0] * kernel**2 * math.prod(shape)
        elif name.startswith("Linear"):
            exact, work = before[0] * shape[0] + shape[0], before[0] * shape[0]
        layers.append(Layer(name, before, shape, printed, kernel, exact, work))
        before = shape
    return layers


def follows(layer: Layer) -> bool:
    """Say whether a shape follows from the one before: padding keeps the image, a pool halves it."""
    kind = layer.name.partition("-")[0]
    if kind == "Conv2d":
        return layer.shape[1:] == layer.before[1:]
    if kind.endswith("Pool2d"):
        return layer.shape == (layer.before[0], *(side // 2 for side in layer.before[1:]))
    if kind == "Flatten":
        return layer.shape == (math.prod(layer.before),)
    return kind == "Linear" or layer.shape == layer.before


def count_links(links: Sequence[tuple[int, int, int]]) -> tuple[int, int]:
    """Return parameters and multiply-adds of layers given as inputs of one place, outputs and places."""
    parameters = sum(inputs * outputs + outputs for inputs, outputs, _ in links)
    return parameters, sum(math.prod(link) for link in links)


def list_vgg16(side: int, dense: Sequence[int]) -> list[tuple[int, int, int]]:
    """Return the links of VGG16 for images of `side` pixels, with fully connected layers of these widths."""
    links, channels = [], 3
    for width in VGG16:
        if width == "M":
            side //= 2
        else:
            links.append((channels * 9, width, side * side))
            channels = width
    inputs = channels * side * side
    for width in dense:
        links.append((inputs, width, 1))
        inputs = width
    return links


def interval(hits: float, of: float) -> tuple[float, float]:
    """Return the 95 % interval of a share."""
    from scipy.stats import binomtest

    found = binomtest(round(hits), round(of)).proportion_ci(method="wilson")
    return found.low, found.high


def files() -> Recorded:
    return Recorded("de_nas_files")


def tell(
    decision: Decision, basis: str, certainty: str, evidence: str, ours: str = "", would_decide: str = ""
) -> Finding:
    """Return a finding whose outcome is that of a rule."""
    return Finding(
        decision.outcome,
        basis,
        certainty,
        evidence,
        decision.rule,
        ours=ours,
        rests=decision.rests,
        would_decide=would_decide,
    )


def read(outcome: str, basis: str, certainty: str, evidence: str, would_decide: str = "") -> Finding:
    """Return a finding that only reading decides."""
    return Finding(outcome, basis, certainty, evidence, "reading", would_decide=would_decide)


def build(works: bool, evidence: str) -> Finding:
    """Return the finding of a method that a function here follows."""
    if not works:
        raise AssertionError("the function no longer does what the paper describes")
    return Finding("built", "own run", "proof", evidence, "building")


def join(*decisions: Decision) -> Decision:
    """Return the decision on a claim of several parts, by the rule of the first."""
    outcomes = {one.outcome for one in decisions}
    outcome = outcomes.pop() if len(outcomes) == 1 else "holds in part"
    return Decision(outcome, decisions[0].rule, tuple(rest for one in decisions for rest in one.rests))


# The search: its steps, its networks, its rules


@decides("de-nas-01", lesson=LESSON)
def tell_speed(claim: Claim) -> Finding:
    stored = files().value("trainings")
    return read(
        "not shown",
        "paper text",
        "evidence",
        "No time, no device and no other search to compare with is given. Table 1 means 20 + 8 x 10 = 100 "
        f"trainings of 10 epochs. The authors' files have the results of {stored:.0f} of them, and no times "
        'either. What "quickly" means is left open.',
    )


@decides("de-nas-02", lesson=LESSON)
def build_objectives(claim: Claim) -> Finding:
    import numpy as np

    from helpers.search.objectives import hypervolume, weigh

    losses = np.array([[0.5, 10.0], [0.25, 20.0]])  # error and parameters of two networks
    works = weigh(0.7, 0.3)(losses).argmin() == 1 and hypervolume(losses, (1.0, 30.0)) == 12.5
    return build(
        works,
        "Our searches judge each network by error and parameters: `weigh` joins them with two weights, as "
        "the paper does, and `hypervolume` measures both without a weight. The paper itself searches for "
        "one number, the weighted sum.",
    )


@decides("de-nas-03", lesson=LESSON)
def build_steps(claim: Claim) -> Finding:
    from helpers.search.genome import NetworkSpace
    from helpers.search.optimisers import DifferentialEvolution

    search = DifferentialEvolution(NetworkSpace(), population=6, children=3)
    first = search.ask()
    search.tell(first, [[float(n)] for n in range(6)])
    children = search.ask()
    search.tell(children, [[-1.0]] * len(children))
    works = len(first) == 6 and len(children) == 3 and len(search.population) == 6
    return build(
        works,
        "All three steps are built: `DifferentialEvolution.ask` draws the first population and then makes "
        "the mutated children, `tell` selects. Run here with 6 networks and 3 children, it keeps 6 of the "
        "9.",
    )


@decides("de-nas-04", lesson=LESSON)
def build_units(claim: Claim) -> Finding:
    from helpers.search.genome import NetworkSpace, parse

    text = "C7x3 C195x5 MP AP FC1504 FC752"
    works = NetworkSpace().name(parse(text)) == text and {unit.kind for unit in parse(text)} == {
        "C",
        "MP",
        "AP",
        "FC",
    }
    return build(
        works,
        "`helpers.search.genome` writes networks with the same four types of units and reads them back: "
        f"{text} becomes units and the same text again. The figure itself is not in our copy of the paper.",
    )


@decides("de-nas-05", "de-nas-06", "de-nas-08", "de-nas-09", lesson=LESSON)
def check_all_networks(claim: Claim) -> Finding:
    name, words = {
        "de-nas-05": (
            "part 1 has convolutions and pools",
            "part 1 holds nothing but convolutions, poolings and ReLU, and the linear layers all stand in "
            "part 2",
        ),
        "de-nas-06": ("first layer is a convolution", "the first layer is a convolution"),
        "de-nas-08": (
            "ReLU after each convolution and nowhere else",
            "a ReLU follows each convolution of part 1, and stands nowhere else in it",
        ),
        "de-nas-09": (
            "part 2 has linear layers, ReLU and dropout",
            "part 2 is dropout, linear, ReLU, dropout, linear, ReLU, linear: the order of AlexNet's end",
        ),
    }[claim.id]
    held, of = _count_networks(name)
    return tell(
        rules.counting(int(of), held),
        FILES,
        "proof",
        f"In {held:.0f} of the {of:.0f} networks that the authors stored, 20 for each of nine generations, "
        f"{words}.",
        ours=f"{held:.0f} of {of:.0f}",
    )


def _count_networks(name: str) -> tuple[Number, Number]:
    """Return how many of the stored networks have a property, and how many there are."""
    stored = files()
    return stored.cell("properties", name, "networks"), stored.cell("properties", name, "of")


@decides("de-nas-07", lesson=LESSON)
def check_random_lengths(claim: Claim) -> Finding:
    stored = files()
    low, high = (stored.cell("generations", 1, one) for one in ("shortest", "longest"))
    short = stored.cell("generations", 1, "shorter than 7")
    return tell(
        rules.counting(0, short),
        FILES,
        "proof",
        "By Table 1 the limit lies from 7 to 15. The 20 random networks of the authors' first generation "
        f"have {low:.0f} to {high:.0f} convolutions and poolings, and {short:.0f} of them fewer than 7: "
        "their code skips a pooling that would be one too many instead of drawing again, so the limit is "
        "not reached.",
        ours=f"{low:.0f} to {high:.0f}",
    )


@decides("de-nas-10", lesson=LESSON)
def read_dropout(claim: Claim) -> Finding:
    return read(
        "holds",
        "paper text",
        "proof",
        'Section 1 says "with a certain probability" and names no number; Tables 1 and 2 have no row for '
        "it. The authors' training notebook calls `nn.Dropout()` without an argument, which means 0.5.",
    )


@decides("de-nas-11", lesson=LESSON)
def read_dropout_phase(claim: Claim) -> Finding:
    return read(
        "holds in part",
        "literature",
        "evidence",
        "Dropout removes units for one training case already in the forward pass (Srivastava and others "
        "2014, the paper's reference 6); backpropagation then only follows the thinned network. That it is "
        "temporary, by chance and against overfitting agrees with that source; the phase does not.",
    )


@decides("de-nas-12", lesson=LESSON)
def check_inputs(claim: Claim) -> Finding:
    layers = [layer for model in MODELS for layer in list_layers(model) if layer.name.startswith("Conv2d")]
    whole = sum(layer.kernel > 0 for layer in layers)
    held, of = _count_networks("inputs are the outputs of the layer before")
    return tell(
        join(rules.counting(len(layers), whole), rules.counting(int(of), held)),
        "printed numbers",
        "proof",
        "With 3 inputs for the first convolution, and for each other the outputs of the one before, the "
        f"printed numbers of parameters give a kernel of 1, 3, 5 or 7 in {whole} of {len(layers)} "
        f"convolutions of Figures 8 and 10. In the authors' files the inputs fit in {held:.0f} of {of:.0f} "
        "networks.",
        ours=f"{whole} of {len(layers)}",
    )


@decides("de-nas-13", lesson=LESSON)
def build_filters(claim: Claim) -> Finding:
    import numpy as np

    from helpers.search.genome import NetworkSpace

    space, rng = NetworkSpace(), np.random.default_rng(0)
    drawn = [unit.sizes[0] for _ in range(50) for unit in space.sample(rng) if unit.kind == "C"]
    return build(
        max(drawn) <= 256 and len(set(drawn)) > 50,
        "`NetworkSpace.sample` draws the filters of each convolution up to a maximum. Two limits of the "
        "authors' notebook are not in the paper: the first convolution has 5 to 12 filters, and each later "
        "one at least as many as the one before.",
    )


@decides("de-nas-14", lesson=LESSON)
def check_padding(claim: Claim) -> Finding:
    sides = [32 + 2 * padding - kernel + 1 for padding, kernel in enumerate(KERNELS)]
    return tell(
        rules.counting(len(KERNELS), sides.count(32)),
        "printed numbers",
        "proof",
        "A side of 32 pixels becomes 32 + 2 x padding - kernel + 1. For 1x1, 3x3, 5x5 and 7x7 with padding "
        f"0, 1, 2 and 3 that is {', '.join(map(str, sides))}: the same size.",
        ours=f"{sides.count(32)} of {len(KERNELS)} stay 32",
    )


@decides("de-nas-15", lesson=LESSON)
def check_pooling(claim: Claim) -> Finding:
    sides = [(side - 2) // 2 + 1 for side in (32, 16, 8, 4)]
    return tell(
        rules.counting([16, 8, 4, 2], sides),
        "printed numbers",
        "proof",
        "With kernel 2 and stride 2 a side becomes (side - 2) / 2 + 1: 32, 16, 8 and 4 pixels become "
        f"{', '.join(map(str, sides))}, half of each.",
        ours=f"32 to {sides[0]}",
    )


@decides("de-nas-16", lesson=LESSON)
def check_most_pools(claim: Claim) -> Finding:
    held, of = _count_networks("at most four pools")
    return tell(
        join(rules.counting(2, 32 // 2**4), rules.counting(int(of), held)),
        FILES,
        "proof",
        f"32 pixels halved four times are 2, so the image is 2x2; and {held:.0f} of {of:.0f} stored "
        "networks have at most four poolings. A fifth would still leave one pixel: four is a choice, not "
        "what the size demands.",
        ours=f"{held:.0f} of {of:.0f}",
    )


@decides("de-nas-17", lesson=LESSON)
def read_short_training(claim: Claim) -> Finding:
    return read(
        "holds",
        FILES,
        "evidence",
        "The authors' search notebook trains every candidate by `train_model(10, model)`: ten passes over "
        "the training images. Their stored populations keep the result but not the length, so that it "
        "cannot be checked in the numbers.",
    )


@decides("de-nas-18", lesson=LESSON)
def build_formula(claim: Claim) -> Finding:
    from helpers.search.optimisers import merge, subtract

    works = merge("abc", subtract("xyc", "xzc")) == ("a", "y", "c")
    return build(
        works,
        "`DifferentialEvolution` makes each child so: the best, plus by `merge` the difference that "
        "`subtract` takes of two others. F has no value and no place in the paper's rules; with F = 1, as "
        "here and in the authors' code, the whole difference counts.",
    )


@decides("de-nas-19", lesson=LESSON)
def build_best(claim: Claim) -> Finding:
    import inspect

    from helpers.search.optimisers import DifferentialEvolution

    best = inspect.signature(DifferentialEvolution).parameters["best"].default
    return build(
        best == 5,
        "`DifferentialEvolution` draws the best anew for each child, from the first `best` of the sorted "
        "population. How many these are is not printed; the authors' notebook has 5, and so has ours by "
        f"default ({best}).",
    )


@decides("de-nas-20", lesson=LESSON)
def read_first_rule(claim: Claim) -> Finding:
    from itertools import zip_longest

    second, third = ["C8x3", "C16x3", "MP"], ["C8x3", "C24x3", "MP", "AP"]
    literal = [
        b if a is None else a for a, b in zip_longest(second, third)
    ]  # same: its value; different: the first
    assert literal[: len(second)] == second and -1 not in literal
    return read(
        "fails",
        "paper text",
        "proof",
        "The first rule of Figure 4 expects -1 in the difference, and no rule of Figure 3 ever gives one. "
        "Taken literally, a difference begins as a copy of its first network, whatever the other is. The "
        "authors' code puts -1 where both have the same type.",
    )


@decides("de-nas-21", lesson=LESSON)
def build_second_rule(claim: Claim) -> Finding:
    from helpers.search.optimisers import subtract

    works = subtract("ab", "xyz")[2] == "z" and subtract("abc", "xy")[2] == "c"
    return build(
        works,
        "`subtract` takes the value of whichever network has one: the third of `xyz` where the first "
        "network is `ab`, and the third of `abc` where the second is `xy`. The authors' code does the same.",
    )


@decides("de-nas-22", lesson=LESSON)
def build_third_rule(claim: Claim) -> Finding:
    from helpers.search.optimisers import subtract

    return build(
        subtract("a", "b") == ["a"],
        "`subtract` takes the value of the first network where both differ. What differs is left open: "
        "here type or sizes, in the authors' code the type alone, so that two convolutions of different "
        "sizes count as the same.",
    )


@decides("de-nas-23", lesson=LESSON)
def build_merge(claim: Claim) -> Finding:
    from helpers.search.optimisers import merge

    works = merge("abc", [None, "b", "x"]) == ("a", "b", "x") and len(merge("ab", "xyz")) == 2
    return build(
        works,
        "`merge` follows the three rules: for the best `abc` and the difference -1, `b`, `x` it gives "
        "`abx`. What happens to a difference longer than the best is not said; here, as in the authors' "
        "code, it is cut.",
    )


@decides("de-nas-24", lesson=LESSON)
def check_children(claim: Claim) -> Finding:
    return tell(
        rules.counting(10, 20 // 2),
        "printed numbers",
        "proof",
        "With m = n/2 and the 20 individuals of Table 1, m is 20 / 2 = 10: the number of new individuals "
        "that Table 1 prints.",
        ours="10",
    )


@decides("de-nas-25", lesson=LESSON)
def check_merged_pool(claim: Claim) -> Finding:
    stored = files()
    new = stored.rows("generations", "new")[1:]
    kept = [20 - one for one in new]
    return tell(
        rules.ordering(max(new), 10, equal=True),
        FILES,
        "proof",
        "Chosen from 20 old and 10 new networks, a generation can have at most 10 new ones. In the "
        f"authors' files each of the eight later generations shares {min(kept):.0f} to {max(kept):.0f} "
        f"networks with the one before and has {min(new):.0f} to {max(new):.0f} new ones.",
        ours=f"{min(new):.0f} to {max(new):.0f} new",
    )


@decides("de-nas-26", lesson=LESSON)
def read_min_max(claim: Claim) -> Finding:
    return read(
        "fails",
        "paper text",
        "proof",
        "The formula below the sentence is x* = (x - min) / (max - min). In it x* is the normalised value, "
        "between 0 and 1, and x the original one: the sentence has the two symbols the wrong way round. "
        "The formula itself is min-max normalisation.",
    )


@decides("de-nas-27", lesson=LESSON)
def check_score(claim: Claim) -> Finding:
    stored = files()
    pairs, ordered = (stored.value(one) for one in ("neighbours", "neighbours_by_score"))
    return tell(
        rules.counting(int(pairs), ordered),
        FILES,
        "proof",
        "The authors stored their random networks sorted. By 0.7 x error + 0.3 x parameters, both scaled "
        f"to 0..1 within these 20, {ordered:.0f} of {pairs:.0f} neighbours stand in the right order; their "
        "code has the same formula.",
        ours=f"{ordered:.0f} of {pairs:.0f}",
    )


@decides("de-nas-28", lesson=LESSON)
def check_raw_score(claim: Claim) -> Finding:
    stored = files()
    pairs, raw, scaled = (stored.value(f"neighbours{one}") for one in ("", "_by_raw_score", "_by_score"))
    weight = 0.3 * int(TOTALS["Model 1"].replace(",", ""))
    return tell(
        join(rules.counting(int(pairs), scaled), rules.counting(int(pairs), raw)),
        FILES,
        "proof",
        f"Read as short for section 3, the weights 0.7 and 0.3 are right: {scaled:.0f} of {pairs:.0f} "
        "neighbours of the stored first population stand in that order. Read literally they are not: "
        f"{raw:.0f} do, and 0.3 x {TOTALS['Model 1']} = {weight:,.0f} would leave an error of at most 0.7 "
        "no say.",
        ours=f"scaled {scaled:.0f}, unscaled {raw:.0f} of {pairs:.0f}",
    )


@decides("de-nas-29", lesson=LESSON)
def build_selection(claim: Claim) -> Finding:
    from helpers.search.genome import NetworkSpace, parse
    from helpers.search.optimisers import DifferentialEvolution

    search = DifferentialEvolution(NetworkSpace(), population=2, children=1, best=1)
    genomes = [parse(f"C{n}x3") for n in (5, 6, 7)]
    search.tell(genomes, [[0.3], [0.1], [0.2]])
    return build(
        [genome for genome, _ in search.population] == [genomes[1], genomes[2]],
        "`DifferentialEvolution.tell` sorts old and new individuals by score and keeps the first n: of "
        "scores 0.3, 0.1 and 0.2 with n = 2 it keeps the second and the third.",
    )


# Tables 1 and 2: settings


@decides("de-nas-30", lesson=LESSON)
def check_population_size(claim: Claim) -> Finding:
    sizes = files().rows("generations", "networks")
    return tell(
        join(*(rules.counting(20, size) for size in sizes)),
        FILES,
        "proof",
        f"Each of the {len(sizes)} populations that the authors stored holds 20 networks, no more and no "
        "fewer.",
        ours=f"{max(sizes):.0f} in each",
    )


@decides("de-nas-31", lesson=LESSON)
def check_generations(claim: Claim) -> Finding:
    number = len(files().rows("generations", "networks"))
    return tell(
        rules.counting(9, number),
        FILES,
        "proof",
        f"The authors stored {number} populations, which are the 9 of Table 1 if the random one is counted: "
        "it was followed by eight rounds of mutation and selection.",
        ours=str(number),
    )


@decides("de-nas-32", lesson=LESSON)
def read_initial_epochs(claim: Claim) -> Finding:
    return read(
        "holds",
        FILES,
        "evidence",
        "The 10 epochs are the first argument of `train_model` in the authors' search notebook, which "
        "fills in the accuracy of each individual; section 1 of the paper gives the same number in words.",
    )


@decides("de-nas-33", lesson=LESSON)
def check_shortest(claim: Claim) -> Finding:
    stored = files()
    short, low = (stored.cell("generations", 1, one) for one in ("shorter than 7", "shortest"))
    held, of = _count_networks("7 to 15 layers in part 1")
    return tell(
        rules.counting(0, short),
        FILES,
        "proof",
        f"7 is the setting of the authors' code, and their own first generation breaks it: {short:.0f} of "
        f"its 20 networks are shorter, down to {low:.0f} layers. Of all stored networks {of - held:.0f} of "
        f"{of:.0f} have fewer than 7.",
        ours=f"{low:.0f}",
    )


@decides("de-nas-34", lesson=LESSON)
def check_longest(claim: Claim) -> Finding:
    stored = files()
    first, last = (stored.cell("generations", one, "longest") for one in (1, 9))
    return tell(
        rules.ordering(first, 15, equal=True),
        FILES,
        "proof",
        "No stored network has more than 15 layers in part 1: the longest of the first generation has "
        f"{first:.0f}, that of the last {last:.0f}.",
        ours=f"{first:.0f}",
    )


@decides("de-nas-35", lesson=LESSON)
def check_widest(claim: Claim) -> Finding:
    held, of = _count_networks("at most 256 filters")
    widest = files().cell("generations", 1, "widest")
    return tell(
        join(rules.counting(256, widest), rules.counting(int(of), held)),
        FILES,
        "proof",
        f"The widest convolution that the authors stored has {widest:.0f} filters, and {held:.0f} of "
        f"{of:.0f} networks keep to at most 256.",
        ours=f"{widest:.0f}",
    )


@decides("de-nas-36", "de-nas-37", "de-nas-38", lesson=LESSON)
def check_chances(claim: Claim) -> Finding:
    stored = files()
    convolutions, maxima, averages = (
        stored.value(f"drawn_{one}") for one in ("convolutions", "max_pools", "average_pools")
    )
    pools = maxima + averages
    hits, of, words = {
        "de-nas-36": (
            convolutions,
            convolutions + pools,
            "layers that were drawn after the first, while a pooling was still allowed, are convolutions",
        ),
        "de-nas-37": (maxima, pools, "poolings of the first generation are maximum poolings"),
        "de-nas-38": (averages, pools, "poolings that were drawn at random are average poolings"),
    }[claim.id]
    low, high = interval(hits, of)
    decision = rules.bounds(claim.printed, low, high)
    same = [
        n
        for n in range(1, round(2 * of))
        if rules.bounds(claim.printed, *interval(n, n + of - hits)).outcome == decision.outcome
    ]
    return tell(
        decision._replace(rests=(Rest((hits.source,), min(same), max(same)),)),
        FILES,
        "evidence",
        f"In the 20 random networks of the authors {hits:.0f} of {of:.0f} {words}: {hits / of:.2f}, 95 % "
        f"interval {low:.2f} to {high:.2f}, which includes the printed {claim.printed}.",
        ours=f"{hits / of:.2f} ({low:.2f} to {high:.2f})",
    )


@decides("de-nas-39", lesson=LESSON)
def check_new_networks(claim: Claim) -> Finding:
    new = files().rows("generations", "new")[1:]
    return tell(
        rules.counting(10, max(new)),
        FILES,
        "proof",
        f"The second stored generation has {new[0]:.0f} networks that the first had not, and no later one "
        "has more than 10 new ones. The authors' code makes half as many children as the population has "
        "members.",
        ours=f"{max(new):.0f}",
    )


@decides("de-nas-40", lesson=LESSON)
def check_epochs(claim: Claim) -> Finding:
    stored = files()
    first, second = (stored.cell("trainings", name, "epochs") for name in MODELS)
    return tell(
        join(rules.counting(200, first), rules.counting(200, second)),
        FILES,
        "proof",
        f"The history of Model 1 has {first:.0f} epochs, as printed, that of Model 2 has {second:.0f}. The "
        "authors' training notebook would go through 201.",
        ours=f"{first:.0f} and {second:.0f}",
    )


@decides("de-nas-41", "de-nas-42", "de-nas-43", "de-nas-44", "de-nas-45", "de-nas-46", lesson=LESSON)
def read_recipe(claim: Claim) -> Finding:
    outcome, evidence = {
        "de-nas-41": (
            "holds",
            "The authors' training notebook sets `batch_size = 64` for training and for test images, and "
            "its search notebook does too.",
        ),
        "de-nas-42": (
            "holds",
            "The authors' training notebook minimises `nn.CrossEntropyLoss()` of the ten outputs, without "
            "weights for classes and without smoothing.",
        ),
        "de-nas-43": (
            "holds",
            "The authors' training notebook uses `optim.SGD`. What Table 2 leaves out: with momentum 0.9 "
            "and weight decay 0.0005, while their search uses plain SGD.",
        ),
        "de-nas-44": (
            "holds in part",
            "0.01 is the rate of the first epoch only. The authors' training notebook lets it fall along a "
            "cosine over 200 epochs, which Table 2 leaves out; their search keeps 0.01 throughout.",
        ),
        "de-nas-45": (
            "holds",
            "The authors' training notebook has `RandomCrop(32, padding=4)` for training images; the four "
            "pixels are not in the paper. Their search trains without augmentation.",
        ),
        "de-nas-46": (
            "holds",
            "The authors' training notebook has `RandomHorizontalFlip()`, which mirrors every second "
            "training image by chance, and not for test images.",
        ),
    }[claim.id]
    return read(outcome, FILES, "evidence", evidence)


# The data set


@decides("de-nas-47", lesson="look_at_the_data")
def count_images(claim: Claim) -> Finding:
    images = Recorded("look_at_the_data").value("cifar10_images")
    return tell(
        rules.counting(60000, images),
        "data",
        "proof",
        f"Read and counted in the official files: {images:.0f} images, each of 32x32 pixels in three "
        "colours; the paper prints 60000.",
        ours=f"{images:,.0f}",
    )


@decides("de-nas-48", lesson="look_at_the_data")
def count_classes(claim: Claim) -> Finding:
    images = Recorded("look_at_the_data").rows("all_images", "images")
    return tell(
        join(*(rules.counting(6000, number) for number in images), rules.counting(CLASSES, len(images))),
        "data",
        "proof",
        f"Counted in the official files, training and test images together: {len(images)} classes; the "
        f"smallest has {min(images):.0f} images and the largest {max(images):.0f}. The paper prints 10 and "
        "6000.",
        ours=f"{len(images)} x {max(images):,.0f}",
    )


@decides("de-nas-49", lesson="look_at_the_data")
def count_split(claim: Claim) -> Finding:
    from helpers.data.catalog import find_set
    from helpers.data.formats import CIFAR10_RECORD

    official = find_set("cifar10")
    train, test = (sum(file.size for file in official.select(role)) for role in ("train", "test"))
    return tell(
        join(rules.counting(50000 * CIFAR10_RECORD, train), rules.counting(10000 * CIFAR10_RECORD, test)),
        "data",
        "proof",
        f"The official training files hold {train:,} bytes and the test file {test:,}. At "
        f"{CIFAR10_RECORD:,} bytes an image, label and pixels, these are {train // CIFAR10_RECORD} and "
        f"{test // CIFAR10_RECORD} images.",
        ours=f"{train // CIFAR10_RECORD:,} and {test // CIFAR10_RECORD:,}",
    )


# What the search found


@decides("de-nas-50", lesson=LESSON)
def check_first_population(claim: Claim) -> Finding:
    stored = files()
    size, different = (stored.cell("generations", 1, one) for one in ("networks", "new"))
    low, high = (stored.cell("generations", 1, f"{one} parameters") for one in ("fewest", "most"))
    return tell(
        rules.counting(20, size),
        FILES,
        "proof",
        f"The authors' first stored population holds {size:.0f} individuals, {different:.0f} of them "
        f"different, from {low:,.0f} to {high:,.0f} parameters. Their code draws each "
        "of them by the random numbers of Python.",
        ours=f"{size:.0f}",
    )


@decides("de-nas-51", lesson=LESSON)
def check_error_falls(claim: Claim) -> Finding:
    stored = files()
    first, last = (stored.cell("generations", one, "median error") for one in (1, 9))
    return tell(
        rules.ordering(last, first),
        FILES,
        "proof",
        f"In the authors' files the median error after ten epochs falls from {first:.4f} in generation 1 to "
        f"{last:.4f} in generation 9. These are errors of the test images on which the search also "
        "selected, so a part of the fall may be choice of lucky trainings.",
        ours=f"{first:.4f} to {last:.4f}",
    )


@decides("de-nas-52", lesson=LESSON)
def check_parameters_fall(claim: Claim) -> Finding:
    stored = files()
    means, medians = (stored.rows("generations", f"{one} parameters") for one in ("mean", "median"))
    low = min(range(9), key=lambda n: medians[n])
    return tell(
        join(rules.ordering(means[-1], means[0]), rules.ordering(medians[-1], medians[0])),
        FILES,
        "proof",
        "In the authors' files parameters rise from generation 1 to generation 9: the mean from "
        f"{means[0] / MILLION:.2f} to {means[-1] / MILLION:.2f} million, the median from "
        f"{medians[0] / MILLION:.2f} to {medians[-1] / MILLION:.2f}. They fell only for a while, to a "
        f"median of {medians[low] / MILLION:.2f} million in generation {low + 1}.",
        ours=f"median x {medians[-1] / medians[0]:.2f}",
    )


@decides("de-nas-53", lesson=LESSON)
def read_figure(claim: Claim) -> Finding:
    stored = files()
    place, better = stored.value("best_of_last_place"), stored.value("best_of_last_parameters")
    return read(
        "holds",
        FILES,
        "evidence",
        "The plotting notebook draws `load_population(9)[:9]` and adds up to 0.05 to each error, either "
        f"way. Among the eleven networks left out are the best of the generation, with {better:,.0f} "
        f"parameters and number {place:.0f} in the file, and all that are smaller than Model 2. The figure "
        "is not in our copy of the paper.",
    )


@decides("de-nas-54", lesson=LESSON)
def check_best(claim: Claim) -> Finding:
    stored = files()
    best, better = stored.cell("generations", 9, "best accuracy"), stored.cell("models", "Model 1", "better")
    own, size = stored.cell("models", "Model 1", "accuracy"), stored.value("best_of_last_parameters")
    drawn = stored.cell("models", "Model 1", "better of the first nine")
    return tell(
        rules.counting(0, better),
        FILES,
        "proof",
        f"In the stored generation 9 Model 1 has {own:.4f} after 10 epochs, and another network has "
        f"{best:.4f}: one with {size:,.0f} parameters. Model 1 is first by score. Of the nine networks that "
        f"the authors' plotting notebook draws for Figure 6, {drawn:.0f} are better.",
        ours=f"{better:.0f} better",
    )


@decides("de-nas-55", lesson=LESSON)
def check_smallest(claim: Claim) -> Finding:
    stored = files()
    smaller, drawn = (
        stored.cell("models", "Model 2", one) for one in ("smaller", "smaller of the first nine")
    )
    fewest = stored.cell("generations", 9, "fewest parameters")
    return tell(
        rules.counting(0, smaller),
        FILES,
        "proof",
        f"Of the 20 networks of the stored generation 9, {smaller:.0f} are smaller than Model 2 with its "
        f"{TOTALS['Model 2']} parameters; the smallest has {fewest:,.0f}. Of the nine networks "
        f"that the authors' plotting notebook draws for Figure 6, {drawn:.0f} are smaller.",
        ours=f"{smaller:.0f} smaller",
    )


# Accuracies after full training


@decides("de-nas-56", lesson=LESSON)
def check_model_1(claim: Claim) -> Finding:
    stored = files()
    best, end = (stored.cell("trainings", "Model 1", one) for one in ("best", "after 200"))
    at = stored.table("trainings").loc["Model 1", "best at"].replace(", ", " and ")
    return tell(
        join(rules.rounding(ACCURACIES["Model 1"], best), rules.rounding(ACCURACIES["Model 1"], end)),
        FILES,
        "proof",
        f"{ACCURACIES['Model 1']} % is the highest of 200 test accuracies in the authors' history, at "
        f"epochs {at}; after 200 epochs it is {end:.2f} %. So the number is theirs, but of an epoch that "
        "was chosen on the test images.",
        ours=f"best {best:.2f} %, last {end:.2f} %",
        would_decide=RETRAIN.format("Model 1"),
    )


@decides("de-nas-57", lesson=LESSON)
def check_model_2(claim: Claim) -> Finding:
    stored = files()
    end, best = (stored.cell("trainings", "Model 2", one) for one in ("after 200", "best of 200"))
    row = stored.table("trainings").loc["Model 2"]
    return tell(
        join(rules.rounding(ACCURACIES["Model 2"], end), rules.rounding(ACCURACIES["Model 2"], best)),
        FILES,
        "proof",
        f"In the authors' history Model 2 has {end:.2f} % after 200 epochs, and its best of these 200 is "
        f"{best:.2f} %, at epoch {row['best of 200 at']}. The printed {ACCURACIES['Model 2']} % occurs "
        f"once, at epoch {row['88.53 at']} of {row['epochs']:.0f}. The difference is small; the number is "
        "not that of the epoch it is said of.",
        ours=f"{end:.2f} % after 200 epochs",
        would_decide=RETRAIN.format("Model 2"),
    )


@decides("de-nas-58", lesson=LESSON)
def compare_recipes(claim: Claim) -> Finding:
    stored = files()
    one, two = (stored.cell("trainings", name, "after 10") for name in MODELS)
    above, epochs = (stored.cell("trainings", "Model 2", name) for name in ("test above train", "epochs"))
    return read(
        "inconclusive",
        FILES,
        "inference",
        f"The authors' histories differ much: after 10 epochs Model 1 has {one:.2f} % on test, Model 2 "
        f"{two:.2f} %; and in {above:.0f} of its {epochs:.0f} epochs Model 2 is better on test than in "
        "training. Another recipe could be the cause, and so could the other network. Their notebook shows "
        "the training of Model 1 only.",
        would_decide="A training of Model 2 by the notebook's recipe: how good is it after 10 epochs?",
    )


@decides("de-nas-59", lesson="alexnet_transfer")
def compare_alexnet(claim: Claim) -> Finding:
    lesson = Recorded("alexnet_transfer")
    scratch, tuned = (
        [100 * one for one in lesson.rows("runs", "accuracy", way=way, count=50000)]
        for way in ("scratch", "tuned")
    )
    ours = Number(scratch[0], lesson.rows("runs", "accuracy", way="scratch", count=50000)[0].source)
    decision = rules.equivalence(
        float(ACCURACIES["AlexNet"]), [ours], differs="a smaller AlexNet, six epochs"
    )
    shares = tuple(Rest(rest.sources, rest.low / 100, rest.high / 100) for rest in decision.rests)
    return tell(
        decision._replace(rests=shares),  # recorded as fractions
        "own run",
        "evidence",
        f"The paper names neither a source nor the network behind {ACCURACIES['AlexNet']} %. Ours for 32 "
        f"pixels has {ours:.1f} % after six epochs, one seed; ours trained on ImageNet before and "
        f"fine-tuned at 128 pixels has {min(tuned):.1f} and {max(tuned):.1f} %, two seeds. Neither is the "
        "same thing.",
        ours=f"{ours:.1f} % from scratch (1 seed)",
        would_decide="The source of 86.5 %, or its network, image size and number of epochs.",
    )


# Parameters, counted


@decides("de-nas-60", lesson=LESSON)
def count_alexnet(claim: Claim) -> Finding:
    parameters, _ = count_links(ALEXNET)
    return tell(
        rules.rounding(IN_TABLE_3["AlexNet"], parameters / MILLION),
        "printed numbers",
        "proof",
        f"The AlexNet of 2012 without its two groups, for 1,000 classes of ImageNet, has {parameters:,} "
        f"parameters: {IN_TABLE_3['AlexNet']} million cut, {parameters / MILLION:.1f} rounded. It stands "
        "beside an accuracy on CIFAR-10, which has ten classes of smaller images.",
        ours=f"{parameters:,}",
    )


@decides("de-nas-61", lesson="ensembles")
def compare_vgg16(claim: Claim) -> Finding:
    found = Recorded("ensembles").rows("teams", "accuracy", set="photographs", team="VGG16")[0]
    once = Recorded("ensembles").cell("members", "small_vgg16-0", "one view")
    ours = Number(100 * found, found.source)
    decision = rules.equivalence(
        float(ACCURACIES["VGG16"]), [ours], differs="another recipe, six views, one seed"
    )
    rests = (rest._replace(low=rest.low / 100, high=rest.high / 100) for rest in decision.rests)
    return tell(
        decision._replace(rests=tuple(rests)),  # the record has fractions
        "own run",
        "evidence",
        "Our VGG16 for 32 pixels, with batch normalisation and 14.7 million parameters, has "
        f"{100 * once:.2f} % of one view and {ours:.2f} % of six views of each test image, one seed, by "
        f"another recipe; printed are {ACCURACIES['VGG16']} %. The level is reached by a network of a tenth "
        "of the 138 million printed beside it.",
        ours=f"{ours:.2f} % (1 seed, six views)",
        would_decide="The source of 92.64 %: a page that the authors' notebook names has the same number.",
    )


@decides("de-nas-62", lesson=LESSON)
def count_vgg16(claim: Claim) -> Finding:
    parameters, _ = count_links(list_vgg16(224, (4096, 4096, 1000)))
    small, _ = count_links(list_vgg16(32, (CLASSES,)))
    return tell(
        rules.rounding(IN_TABLE_3["VGG16"], parameters / MILLION),
        "printed numbers",
        "proof",
        f"VGG16 for 1,000 classes of 224 pixels has {parameters:,} parameters, which is 138 million. The "
        "number is right for that network; with the same convolutions for 32 pixels and ten classes it has "
        f"{small:,}.",
        ours=f"{parameters:,}",
    )


@decides("de-nas-63", lesson=LESSON)
def compare_sizes(claim: Claim) -> Finding:
    small, _ = count_links(list_vgg16(32, (CLASSES,)))
    model = _count_model("Model 1")
    return tell(
        rules.ordering(model, small),
        "printed numbers",
        "inference",
        "138 million is VGG16 for ImageNet, set against 16.4 million for CIFAR-10. Counted alike, for ten "
        f"classes of 32 pixels, VGG16 has {small:,} parameters and Model 1 {model:,}. That the accuracy "
        "beside it is of such a VGG16 is inferred: one for 224 pixels is not usual on CIFAR-10.",
        ours=f"{model / small:.2f} times VGG16",
    )


def _count_model(model: str) -> int:
    return sum(layer.exact for layer in list_layers(model))


@decides("de-nas-64", "de-nas-65", lesson=LESSON)
def check_millions(claim: Claim) -> Finding:
    model = {"de-nas-64": "Model 1", "de-nas-65": "Model 2"}[claim.id]
    printed, exact = IN_TABLE_3[model], _count_model(model)
    digits = len(printed.partition(".")[2])
    return tell(
        rules.rounding(printed, exact / MILLION),
        "printed numbers",
        "proof",
        f"The layer table of {model} adds up to {exact:,} parameters. That is {exact / MILLION:.{digits}f} "
        f"million, rounded; the printed {printed} million is the same number cut off.",
        ours=f"{exact / MILLION:.{digits}f} million",
    )


# Figures 8 and 10: every number of the layer tables

LAYERS = {
    f"de-nas-{number}": (model, place)
    for model, first in (("Model 1", 66), ("Model 2", 81))
    for number, place in enumerate(
        (place for place, row in enumerate(MODELS[model]) if row[0].startswith(("Conv2d", "Linear"))), first
    )
}


@decides(*LAYERS, lesson=LESSON)
def check_layer(claim: Claim) -> Finding:
    model, place = LAYERS[claim.id]
    layer = list_layers(model)[place]
    inputs, outputs = layer.before[0], layer.shape[0]
    if layer.name.startswith("Linear"):
        words = f"{inputs} x {outputs} weights and {outputs} biases are {layer.exact:,} parameters"
    else:
        words = (
            f"{inputs} x {outputs} x {layer.kernel} x {layer.kernel} weights and {outputs} biases are "
            f"{layer.exact:,} parameters, with a kernel of {layer.kernel}x{layer.kernel}: the kernel is not "
            "printed, and of 1, 3, 5 and 7 only this one fits"
        )
    return tell(
        rules.counting(layer.printed, layer.exact),
        "printed numbers",
        "proof",
        f"{model}, {layer.name}: {words}; printed are {claim.printed}.",
        ours=f"{layer.exact:,}",
    )


@decides("de-nas-74", "de-nas-88", lesson=LESSON)
def check_shapes(claim: Claim) -> Finding:
    model = {"de-nas-74": "Model 1", "de-nas-88": "Model 2"}[claim.id]
    layers = list_layers(model)
    right = sum(map(follows, layers))
    flat = next(layer for layer in layers if layer.name.startswith("Flatten"))
    last = " x ".join(map(str, flat.before))
    return tell(
        join(rules.counting(int(claim.printed), math.prod(flat.before)), rules.counting(len(layers), right)),
        "printed numbers",
        "proof",
        f"{right} of {len(layers)} shapes of {model} follow from the one before, if convolutions keep the "
        f"size and poolings halve it; {last} outputs of the last pooling are {math.prod(flat.before)} "
        "features.",
        ours=f"{right} of {len(layers)}",
    )


@decides("de-nas-75", "de-nas-89", lesson=LESSON)
def check_total(claim: Claim) -> Finding:
    model = {"de-nas-75": "Model 1", "de-nas-89": "Model 2"}[claim.id]
    layers = list_layers(model)
    printed, total = int(TOTALS[model].replace(",", "")), sum(layer.printed for layer in layers)
    return tell(
        rules.counting(printed, total),
        "printed numbers",
        "proof",
        f"The printed counts of the {len(layers)} layers of {model} add up to {total:,}. None of its types "
        "of layers has parameters that are not trained, so the remaining 0 follows too.",
        ours=f"{total:,}",
    )


SIZE_ROWS = {
    f"de-nas-{first + number}": (model, number)
    for model, first in (("Model 1", 76), ("Model 2", 90))
    for number in range(4)
}


@decides(*SIZE_ROWS, lesson=LESSON)
def check_size(claim: Claim) -> Finding:
    model, number = SIZE_ROWS[claim.id]
    layers = list_layers(model)
    outputs = sum(math.prod(layer.shape) for layer in layers)
    parameters = sum(layer.exact for layer in layers)
    numbers = [math.prod(IMAGE), 2 * outputs, parameters]
    numbers.append(sum(numbers))
    exact = 4 * numbers[number] / MIB
    words = (
        "one image of 3 x 32 x 32 numbers",
        f"{outputs:,} outputs of all layers, once for either direction",
        f"{parameters:,} parameters",
        "input, both passes and parameters together",
    )[number]
    return tell(
        rules.rounding(SIZES[model][number], exact),
        "printed numbers",
        "proof",
        f"{model}: {words}, at four bytes a number and 2^20 bytes a MB, take {exact:.4f} MB; printed are "
        f"{claim.printed} MB.",
        ours=f"{exact:.4f} MB",
    )


@decides("de-nas-80", lesson=LESSON)
def weigh_model_1(claim: Claim) -> Finding:
    layers = list_layers("Model 1")
    work, parameters = sum(layer.multiply_adds for layer in layers), _count_model("Model 1")
    most, theirs = count_links(ALEXNET)
    _, vgg16 = count_links(list_vgg16(32, (CLASSES,)))
    return tell(
        join(rules.ordering(parameters, most), rules.ordering(work, theirs), rules.ordering(work, vgg16)),
        "printed numbers",
        "inference",
        f"Model 1 has {most / parameters:.1f} times fewer parameters than the AlexNet of Table 3, but more "
        f"work: {work / 1e9:.2f} billion multiply-adds an image, {work / theirs:.1f} times those of that "
        f"AlexNet at 224 pixels and {work / vgg16:.1f} times those of VGG16 at 32. Its wide kernels of 7x7 "
        "run at full size.",
        ours=f"{work / 1e9:.2f} billion multiply-adds",
    )


@decides("de-nas-94", lesson=LESSON)
def weigh_model_2(claim: Claim) -> Finding:
    layers = list_layers("Model 2")
    work, parameters = sum(layer.multiply_adds for layer in layers), _count_model("Model 2")
    dense = sum(layer.exact for layer in layers if layer.name.startswith("Linear")) / parameters
    small, vgg16 = count_links(list_vgg16(32, (CLASSES,)))
    return tell(
        join(rules.ordering(parameters, small), rules.ordering(work, vgg16)),
        "printed numbers",
        "inference",
        f"Against VGG16 for 32 pixels, counted alike, Model 2 has {parameters / small:.2f} of the "
        f"parameters and {work / vgg16:.2f} of the multiply-adds ({work / 1e9:.3f} billion), so it is "
        f"lighter in both; by Table 3 it is also less accurate. {100 * dense:.1f} % of its parameters are "
        "in the fully connected part.",
        ours=f"{work / 1e9:.3f} billion multiply-adds",
    )


@decides("de-nas-95", lesson=LESSON)
def check_halves(claim: Claim) -> Finding:
    chains = [[3856, 1928, 964], [3008, 1504, 752]]
    held, of = _count_networks("part 2 halves twice, to no fewer than 10")
    halved = [[chain[0], chain[0] // 2, chain[0] // 4] for chain in chains]
    texts = [" to ".join(map(str, chain)) for chain in halved]
    return tell(
        join(rules.counting(chains, halved), rules.counting(int(of), held)),
        "printed numbers",
        "proof",
        f"{texts[0]} and {texts[1]} are exact halves. In the authors' files part 2 halves twice in "
        f"{held:.0f} of {of:.0f} networks, in the smallest ones down to 10 features and no further.",
        ours=f"{held:.0f} of {of:.0f}",
    )


@decides("de-nas-96", "de-nas-97", lesson="")
def read_curves(claim: Claim) -> Finding:
    model = {"de-nas-96": "Model 1", "de-nas-97": "Model 2"}[claim.id]
    stored = files()
    epochs, last = (stored.cell("trainings", model, one) for one in ("epochs", "last"))
    return read(
        "lost",
        FILES,
        "evidence",
        f"The picture is not in our copy of the paper. The authors' history of {model} has loss and "
        f"accuracy of training and test for {epochs:.0f} epochs, the last with {last:.2f} % on test, so "
        "that the curves can be drawn again, but not compared with the printed ones.",
    )


# What the paper does not say, or concludes


@decides("de-nas-98", lesson=LESSON)
def read_fitness(claim: Claim) -> Finding:
    return read(
        "holds",
        FILES,
        "evidence",
        "In the authors' search notebook `train_model` returns the accuracy on `test_loader`, CIFAR-10's "
        "test set, and that becomes the fitness. `net.eval()` is never called in it, so that dropout is at "
        "work while it is measured. Neither Table 1 nor the text names a set.",
    )


@decides("de-nas-99", lesson=LESSON)
def read_selection(claim: Claim) -> Finding:
    stored = files()
    best = stored.cell("trainings", "Model 1", "best")
    return tell(
        rules.rounding(ACCURACIES["Model 1"], best),
        FILES,
        "proof",
        "The authors' training notebook keeps the network of the epoch with the highest accuracy on the "
        "test set, the set by which their search chose; and the printed accuracy of Model 1 is the highest "
        f"of its history, {best:.2f} %. No third set is ever used.",
        ours=f"{best:.2f} % is the highest",
    )


@decides("de-nas-100", lesson=LESSON)
def compare_spread(claim: Claim) -> Finding:
    from scipy.stats import chi2

    stored = files()
    deviation, gap = stored.value("repeat_deviation"), stored.value("first_two_differ")
    networks, trainings = stored.value("repeated_networks"), stored.value("repeated_trainings")
    freedom = trainings - networks
    low, high = (deviation * math.sqrt(freedom / chi2.ppf(one, freedom)) for one in (0.975, 0.025))
    return tell(
        rules.ordering(gap, deviation),
        FILES,
        "evidence",
        f"{networks:.0f} networks were trained two or three times by the search, with different results: "
        f"the standard deviation of one network's accuracy is {100 * deviation:.1f} points (95 % interval "
        f"{100 * low:.1f} to {100 * high:.1f}), while the first two of generation 9 lie {100 * gap:.1f} "
        "points apart.",
        ours=f"{100 * deviation:.1f} points ({100 * low:.1f} to {100 * high:.1f})",
    )


@decides("de-nas-101", lesson=LESSON)
def compare_prices(claim: Claim) -> Finding:
    stored = files()
    with_it, without = (
        stored.cell("models", "Model 1", one) for one in ("paid for parameters", "paid without the largest")
    )
    largest, first = stored.value("best_of_last_parameters"), stored.value("first_without_largest_parameters")
    return tell(
        rules.ordering(with_it, without),
        FILES,
        "proof",
        f"Scaled within the stored generation 9, Model 1 pays {with_it:.3f} of at most 0.300 for its "
        f"parameters, because one network has {largest:,.0f}. Without that one it pays {without:.3f}, and a "
        f"network with {first:,.0f} parameters becomes the first.",
        ours=f"{with_it:.3f} or {without:.3f}",
    )


@decides("de-nas-102", lesson=LESSON)
def check_sequences(claim: Claim) -> Finding:
    layers = [layer for model in MODELS for layer in list_layers(model)]
    right = sum(layer.printed == layer.exact and follows(layer) for layer in layers)
    kinds = sorted({layer.name.partition("-")[0] for layer in layers})
    return tell(
        rules.counting(len(layers), right),
        "printed numbers",
        "proof",
        f"In Figures 8 and 10, {right} of {len(layers)} layers have the shape and the parameters that "
        "follow from the one layer before them, so nothing joins from elsewhere. Their types are "
        f"{', '.join(kinds)}.",
        ours=f"{right} of {len(layers)}",
    )


@decides("de-nas-103", lesson=LESSON)
def compare_with_alexnet(claim: Claim) -> Finding:
    model = _count_model("Model 1")
    alexnet, _ = count_links(ALEXNET)
    ten, _ = count_links((*ALEXNET[:-1], (4096, CLASSES, 1)))
    return tell(
        join(rules.ordering(model, ten), rules.rounding(IN_TABLE_3["AlexNet"], alexnet / MILLION)),
        "printed numbers",
        "proof",
        f"{IN_TABLE_3['Model 1']} million are fewer than {IN_TABLE_3['AlexNet']} million, exactly "
        f"{alexnet / model:.2f} times, and {ten / model:.2f} times if AlexNet has ten outputs. But both "
        f"numbers are cut, that AlexNet is one for ImageNet, and of {ACCURACIES['Model 1']} % and "
        f"{ACCURACIES['AlexNet']} % the first was chosen on the test images and the second has no source.",
        ours=f"{alexnet / model:.2f} times fewer",
    )


@decides("de-nas-104", lesson=LESSON)
def check_first_generation(claim: Claim) -> Finding:
    stored = files()
    first, last = (stored.cell("generations", one, "mean accuracy") for one in (1, 9))
    best, chance = (stored.cell("generations", 1, one) for one in ("best accuracy", "at chance"))
    return tell(
        rules.ordering(first, last),
        FILES,
        "proof",
        f"In the authors' files the random networks have a mean accuracy of {100 * first:.1f} % and a best "
        f"one of {100 * best:.1f} %; {chance:.0f} of 20 do not leave the 10 % of guessing. The mean of "
        f"generation 9 is {100 * last:.1f} %.",
        ours=f"{100 * first:.1f} % on average",
    )


@decides("de-nas-105", lesson=LESSON)
def compare_rounds(claim: Claim) -> Finding:
    stored = files()
    best, error = (stored.rows("generations", one) for one in ("best accuracy", "median error"))
    shares = [100 * (one[1] - one[0]) / (one[-1] - one[0]) for one in (best, error)]
    same = sum(one == best[1] for one in best)
    falls = sum(after < before for before, after in pairwise(error))
    return Finding(
        "holds in part",
        FILES,
        "proof",
        f"Of all that eight rounds gained in the authors' files the first brought {shares[0]:.0f} % for the "
        f"best network ({best[0]:.3f} to {best[1]:.3f}) and {shares[1]:.0f} % for the median. The best then "
        f"stays the same to generation {1 + same}; the median falls in {falls} of 8 rounds. So it is one "
        "round for most, and many for the rest.",
        "reading",
        ours=f"{shares[0]:.0f} % in the first of eight rounds",
    )


@decides("de-nas-106", lesson=LESSON)
def read_limits(claim: Claim) -> Finding:
    return read(
        "holds",
        "paper text",
        "proof",
        "Table 1 has the limits that were set by hand: the shortest and longest part 1, the widest "
        "convolution, the chances of each type of layer, the epochs of a candidate. In our `NetworkSpace` "
        "they are arguments as well.",
    )


@decides("de-nas-107", lesson="")
def read_intention(claim: Claim) -> Finding:
    return read(
        "intention",
        "paper text",
        "proof",
        "The Conclusion proposes it for later work and claims no result. It was not attempted here either: "
        "it would need searches with known and with random first populations, of the same budget and over "
        "several seeds.",
    )


@decides("de-nas-108", lesson="")
def check_repository(claim: Claim) -> Finding:
    stored = files()
    wanted, rebuilt = stored.value("files"), stored.value("files_rebuilt")
    return tell(
        rules.counting(int(wanted), rebuilt),
        FILES,
        "evidence",
        f"It is, at {claim.printed} with underscores for the spaces: notebooks, populations and histories, "
        f"without a licence. From the numbers we read there, {rebuilt:.0f} of {wanted:.0f} data files can "
        "be made again byte by byte.",
        ours="public, commit 464af726",
    )


@decides("de-nas-109", lesson=LESSON)
def read_devices(claim: Claim) -> Finding:
    return read(
        "nothing to test",
        "paper text",
        "proof",
        "A motive and no result: no device is named, and no latency, energy or memory of one is measured. "
        "The MB below Figures 8 and 10 are computed by a tool from the layers.",
    )


@decides("de-nas-110", lesson=LESSON)
def read_later_epochs(claim: Claim) -> Finding:
    stored = files()
    best, last = (stored.cell("trainings", "Model 2", one) for one in ("best", "last"))
    row = stored.table("trainings").loc["Model 2"]
    return tell(
        rules.ordering(last, best),
        FILES,
        "proof",
        f"The authors' history of Model 2 goes on to epoch {row['epochs']:.0f}. Its best accuracy on test "
        f"is {best:.2f} %, at epoch {row['best at']}, and its last {last:.2f} %, while "
        f"{ACCURACIES['Model 2']} % is printed. So a later and better epoch was there, and a later "
        "and worse one.",
        ours=f"best {best:.2f} %, last {last:.2f} %",
    )


@decides("de-nas-111", lesson=LESSON)
def shrink_model_1(claim: Claim) -> Finding:
    sides = [IMAGE[1]]
    for layer in list_layers("Model 1"):
        if layer.kernel:
            sides.append(sides[-1] - layer.kernel + 1)
        elif "Pool2d" in layer.name and sides[-1] > 1:
            sides.append(sides[-1] // 2)
    return tell(
        rules.counting(1, sides[-1]),
        "printed numbers",
        "proof",
        "Without padding a kernel of k takes k - 1 pixels off each side. With the kernels of Model 1 the "
        f"sides would be {', '.join(map(str, sides))}: nothing would be left for its two last poolings. How "
        "much accuracy the edges are worth is not measured, in the paper or here.",
        ours=f"{sides[0]} to {sides[-1]} pixels",
    )


@decides("de-nas-112", lesson=LESSON)
def read_name(claim: Claim) -> Finding:
    held, of = _count_networks("filters and kernels all from generation 1")
    return read(
        "holds",
        "literature",
        "evidence",
        "Differential evolution crosses each vector with a mutant and keeps the better of parent and trial "
        "(Das and Suganthan 2011, the paper's reference 7). Here merge alone makes the child, and all are "
        f"sorted together. No unit is ever new: in {held:.0f} of {of:.0f} later networks all filters and "
        "kernels come from generation 1.",
    )
