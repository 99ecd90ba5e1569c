"""What we found about the claims of `alexnet-mnist`.

The paper prints one network (Table II), one search (Table III), formulas (Table IV), a survey, and no result.
So there are four kinds of functions here: arithmetic on what is printed, comparisons of our own recorded runs
with what the paper says of a technique in general, definitions and methods that this repository builds, and
reading. What is decided by reading alone stands in tables of texts at the end.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from statistics import fmean, pvariance, stdev
from typing import NamedTuple

from scipy.special import ndtri, stdtr, stdtrit

from helpers.ledger import rules
from helpers.ledger.claims import Claim
from helpers.ledger.findings import Finding, Number, Recorded, Rest, decides
from helpers.ledger.rules import Decision, counting, pairing, rounding

PAPER = "alexnet-mnist"
OWN, PRINTED, TEXT, LITERATURE = "own run", "printed numbers", "paper text", "literature"

# Table II as printed: layer, output shape, parameters.
TABLE_2 = (
    ("Input Layer", "(224, 224, 3)", "0"),
    ("Conv2D (32 filters)", "(224, 224, 32)", "896"),
    ("MaxPooling2D", "(112, 112, 32)", "0"),
    ("Conv2D (64 filters)", "(112, 112, 64)", "18496"),
    ("MaxPooling2D", "(56, 56, 64)", "0"),
    ("Flatten", "(200704)", "0"),
    ("Dense (128 units)", "(128)", "25689600"),
    ("Dense (10 units)", "[10]", "1290"),
)
# Table III as printed: what is varied, the best value, the two others; and the words of our record for it.
TABLE_3 = {
    61: ("learning rate", "0.001", ("0.01", "0.1")),
    62: ("batch", "64", ("32", "128")),
    63: ("epochs", "20", ("10", "30")),
    64: ("layers", "10", ("5", "15")),
    65: ("filter size", "3x3", ("5x5", "7x7")),
}
SIDE = "224x224"  # pixels of every image (V.A.2.a)
ALEXNET_LAYERS = "8"  # Table I
YEARS = {"VGGNet": "2014", "ResNet": "2015", "Inception": "2015"}  # Table I
DROPOUT, DROPPED = "0.5", "50%"  # V.A.3.a
IMBALANCE = "95%"  # V.C.1
GUESSING = "0.5"  # the AUC of V.C.4

TEST_IMAGES = 10_000  # of MNIST and of CIFAR-10
MNIST_IMAGES, MNIST_SIDE = 60_000, 28


def conclude(one: "Compared") -> str:
    """Say in a sentence what a comparison shows."""
    if one.decision.outcome == "inconclusive":
        return "So no gain is shown." if one.gain <= 0 else "That may be chance."
    return "So it gains." if one.gain > 0 else "So it loses."


def percent(share: float | Fraction, digits: int = 1) -> str:
    """Write a fraction in per cent."""
    return f"{100 * float(share):.{digits}f} %"


def claims(*numbers: int, lesson: str = "") -> Callable:
    """Register a function for these claims of the paper."""
    return decides(*(f"{PAPER}-{number:02d}" for number in numbers), lesson=lesson)


def _number(claim: Claim) -> int:
    return int(claim.id.rpartition("-")[2])


def _find(decision: Decision, basis: str, certainty: str, evidence: str, **more: str) -> Finding:
    return Finding(decision.outcome, basis, certainty, evidence, decision.rule, rests=decision.rests, **more)


def weigh(parts: Sequence[bool], rule: str, rests: tuple[Rest, ...] = ()) -> Decision:
    """Judge a claim of several parts: all of them, some of them, or none is right.

    Args:
        parts: whether each is right.
        rule: by which each was compared.
        rests: recorded numbers that decide.
    """
    if any(parts) and not all(parts):
        return Decision("holds in part", rule, rests)
    return Decision("holds" if all(parts) else "fails", rule, rests)


def _read(outcome: str, basis: str, evidence: str, certainty: str = "proof", **more: str) -> Finding:
    return Finding(outcome, basis, certainty, evidence, "reading", **more)


# Arithmetic: Table II


class Layer(NamedTuple):
    """A layer of Table II as it follows from the layers before it."""

    shape: tuple[int, ...]
    parameters: int
    multiply_adds: int
    how: str


def lay_out_table_2(side: int = 224, channels: int = 3, *, pooled: bool = True) -> list[Layer]:
    """Return the layers of Table II, computed from its sequence: 3 x 3 kernels with zeros around the image.

    Args:
        side: of the square images in pixels.
        channels: of the images.
        pooled: whether the two poolings are there; otherwise their rows are left out.
    """
    layers = [Layer((side, side, channels), 0, 0, "an input has nothing to learn")]
    for filters in (32, 64):
        before = layers[-1].shape[2]
        weights = 9 * before * filters
        how = f"3 x 3 x {before} weights and an offset for each of {filters} filters"
        layers.append(Layer((side, side, filters), weights + filters, side**2 * weights, how))
        if pooled:
            how = f"half of {side} pixels, and nothing to learn"
            side //= 2
            layers.append(Layer((side, side, filters), 0, 0, how))
    values = math.prod(layers[-1].shape)
    layers.append(Layer((values,), 0, 0, " x ".join(map(str, layers[-1].shape)) + f" = {values}"))
    for units in (128, 10):
        before = layers[-1].shape[0]
        how = f"{before:,} x {units} weights and {units} offsets"
        layers.append(Layer((units,), before * units + units, before * units, how))
    return layers


def count_work(layers: Sequence[Layer]) -> int:
    """Return the multiply-adds of one image."""
    return sum(layer.multiply_adds for layer in layers)


def _write_shape(shape: tuple[int, ...]) -> str:
    return f"({shape[0]})" if len(shape) == 1 else str(shape)


@claims(44, 47, 48, 49, 50, lesson="mnist_cnn")
def compare_whole_rows(claim: Claim) -> Finding:
    place = {44: 0, 47: 2, 48: 3, 49: 4, 50: 5}[_number(claim)]
    (name, shape, parameters), layer = TABLE_2[place], lay_out_table_2()[place]
    decision = counting((shape, parameters), (_write_shape(layer.shape), str(layer.parameters)))
    text = (
        f"Printed for {name}: {shape} and {parameters} parameters. Counted: {_write_shape(layer.shape)} and "
        f"{layer.parameters:,}; {layer.how}."
    )
    return _find(decision, PRINTED, "proof", text, ours=f"{_write_shape(layer.shape)}, {layer.parameters:,}")


@claims(45, 51, 52, lesson="mnist_cnn")
def compare_parameters(claim: Claim) -> Finding:
    place = {45: 1, 51: 6, 52: 7}[_number(claim)]
    (name, _, printed), layer = TABLE_2[place], lay_out_table_2()[place]
    decision = rounding(printed, layer.parameters)
    text = f"{name}: {layer.how} make {layer.parameters:,} parameters; printed is {printed}."
    short = layer.parameters - int(printed)
    if short:
        units = layer.shape[0]
        text += (
            f" That is {short} = {short // units} x {units} too few, and without offsets it is no nearer: "
        )
        text += f"{layer.multiply_adds:,}."
    return _find(decision, PRINTED, "proof", text, ours=f"{layer.parameters:,}")


@claims(46, lesson="mnist_cnn")
def compare_padding(claim: Claim) -> Finding:
    printed, same = TABLE_2[1][1], _write_shape(lay_out_table_2()[1].shape)
    text = (
        "With zeros around the image, which the paper does not print, a 3 x 3 kernel keeps its size: "
        f"{same}, as printed, {printed}. Without them it would be (222, 222, 32)."
    )
    return _find(counting(printed, same), PRINTED, "proof", text, ours=same)


@claims(54, lesson="mnist_cnn")
def compare_halves(claim: Claim) -> Finding:
    sides = [int(row[1].strip("()").split(",")[0]) for row in TABLE_2[:5]]
    halved = [sides[1] / sides[2], sides[3] / sides[4]]
    text = (
        f"Max pooling of 2x2 takes the largest of four values. Table II prints {sides[1]} pixels before and "
        f"{sides[2]} after the first, {sides[3]} and {sides[4]} at the second: half each time."
    )
    return _find(counting([2.0, 2.0], halved), PRINTED, "proof", text, ours="224, 112, 56")


@claims(53, lesson="mnist_cnn")
def sum_table_2(claim: Claim) -> Finding:
    printed = sum(int(row[2]) for row in TABLE_2)
    ours = sum(layer.parameters for layer in lay_out_table_2())
    text = (
        f"Table II ends with its last layer. Its rows as printed add up to {printed:,}, the right ones to "
        f"{ours:,}: {ours * 4 / 2**20:.1f} MiB in single precision."
    )
    return _read("holds", TEXT, text, ours=f"{ours:,}")


def find_kernels() -> list[float]:
    """Return the kernel sizes that the printed parameters of both convolutions need."""
    first, second = int(TABLE_2[1][2]), int(TABLE_2[3][2])
    return [math.sqrt((first / 32 - 1) / 3), math.sqrt((second / 64 - 1) / 32)]


@claims(67, lesson="tuning")
def compare_filter_sizes(claim: Claim) -> Finding:
    first, second = find_kernels()
    decision = counting([3.0, 3.0], [first, second])
    text = (
        f"Table III prints 3x3. In Table II, 896 = (k x k x 3 + 1) x 32 gives k = {first:g}, and 18496 = (k "
        f"x k x 32 + 1) x 64 gives k = {second:g}."
    )
    return _find(decision, PRINTED, "proof", text, ours=f"k = {first:g} and {second:g}")


@claims(97, lesson="mnist_cnn")
def compare_varied_filters(claim: Claim) -> Finding:
    first, second = find_kernels()
    varied = first != second
    text = (
        f"The one network that is printed has kernels of {first:g} x {first:g} and of {second:g} x "
        f"{second:g}: its parameters allow no others. Its shapes, 224 before and after, 112 before and "
        "after, mean steps of one pixel in both, and Table III finds 3x3 best."
    )
    return _find(counting(True, varied), PRINTED, "proof", text, ours="3 x 3 twice, steps of 1")


@claims(66, lesson="tuning")
def count_layers(claim: Claim) -> Finding:
    weighted = sum(row[2] != "0" for row in TABLE_2)
    ways = [weighted, len(TABLE_2) - 1, len(TABLE_2)]
    best = TABLE_3[64][1]
    text = (
        f"Table III finds {best} layers best. Table II has {ways[0]} with parameters, {ways[1]} without the "
        f"input, {ways[2]} rows. With the two batch normalisations and the dropout that the text adds "
        f"without a place, {ways[1]} would become {ways[1] + 3}."
    )
    return _find(counting(False, int(best) in ways), PRINTED, "proof", text, ours="4, 7 or 8")


@claims(41, lesson="mnist_cnn")
def compare_size(claim: Claim) -> Finding:
    side = int(SIDE.partition("x")[0])
    numbers = side * side * 3
    text = (
        f"The text resizes all images to {SIDE} pixels, and Table II takes inputs of {TABLE_2[0][1]}: both "
        f"agree. The {MNIST_IMAGES:,} training digits of MNIST would then hold "
        f"{MNIST_IMAGES * numbers * 4 / 1e9:.1f} GB in single precision, {numbers // MNIST_SIDE**2} times as "
        "many numbers as they have."
    )
    return _find(counting(TABLE_2[0][1], str((side, side, 3))), PRINTED, "proof", text)


@claims(42, lesson="prepare_the_images")
def compare_overhead(claim: Claim) -> Finding:
    large, small = count_work(lay_out_table_2()), count_work(lay_out_table_2(MNIST_SIDE, 1))
    pixels = (224 / MNIST_SIDE) ** 2
    text = (
        f"True of images larger than {SIDE}. A digit of MNIST, the only data set that the abstract names, "
        f"has 28x28: it grows to {pixels:.0f} times its pixels, and the network of Table II takes "
        f"{large / 1e6:.0f} million multiply-adds in place of {small / 1e6:.1f}."
    )
    decision = weigh([True, large < small], "counting")  # of larger images, of digits
    return _find(decision, PRINTED, "proof", text, ours=f"{pixels:.0f} times the pixels")


@claims(140, lesson="mnist_cnn")
def compare_pooling(claim: Claim) -> Finding:
    pooled, plain = count_work(lay_out_table_2()), count_work(lay_out_table_2(pooled=False))
    text = (
        f"Counted layer by layer, the network of Table II takes {pooled / 1e6:.0f} million multiply-adds an "
        f"image, and {plain / 1e6:,.0f} million without its two poolings: {plain / pooled:.1f} times as many."
    )
    return _find(
        counting(True, plain > pooled), PRINTED, "proof", text, ours=f"{plain / pooled:.1f} times less"
    )


# Arithmetic: other networks


def count_chain(convolutions: Sequence[tuple[int, int, int, int]], dense: Sequence[int]) -> tuple[int, int]:
    """Return parameters and multiply-adds of convolutions and dense layers in a row.

    Args:
        convolutions: of each the side of its output, the size of its kernels, channels before and after.
        dense: values before the first dense layer, then the units of each.
    """
    parameters = multiply_adds = 0
    for side, size, before, after in convolutions:
        parameters += (size * size * before + 1) * after
        multiply_adds += side * side * size * size * before * after
    for before, after in pairwise(dense):
        parameters += (before + 1) * after
        multiply_adds += before * after
    return parameters, multiply_adds


def count_alexnet() -> tuple[int, int]:
    """Count AlexNet with one tower, as its authors' later version has it."""
    layers = [(55, 11, 3, 64), (27, 5, 64, 192), (13, 3, 192, 384), (13, 3, 384, 256), (13, 3, 256, 256)]
    return count_chain(layers, [9216, 4096, 4096, 1000])


def count_vgg16() -> tuple[int, int]:
    """Count VGG16."""
    layers, before = [], 3
    for side, after, repeats in ((224, 64, 2), (112, 128, 2), (56, 256, 3), (28, 512, 3), (14, 512, 3)):
        for _ in range(repeats):
            layers.append((side, 3, before, after))
            before = after
    return count_chain(layers, [25088, 4096, 4096, 1000])


def count_resnet50() -> int:
    """Count the parameters of ResNet-50."""
    total, before = 49 * 3 * 64 + 2 * 64, 64
    for width, blocks in ((64, 3), (128, 4), (256, 6), (512, 3)):
        for block in range(blocks):
            total += before * width + 9 * width * width + 4 * width * width + 2 * 6 * width
            if block == 0:
                total += before * 4 * width + 2 * 4 * width
            before = 4 * width
    return total + (before + 1) * 1000


def count_densenet121() -> int:
    """Count the parameters of DenseNet-121: growth 32, bottlenecks of 128."""
    total, channels = 49 * 3 * 64 + 2 * 64, 64
    for stage, layers in enumerate((6, 12, 24, 16)):
        for _ in range(layers):
            total += 2 * channels + channels * 128 + 2 * 128 + 9 * 128 * 32
            channels += 32
        if stage < 3:
            total += 2 * channels + channels * channels // 2
            channels //= 2
    return total + 2 * channels + (channels + 1) * 1000


@claims(8, lesson="alexnet_transfer")
def count_alexnet_layers(claim: Claim) -> Finding:
    convolutions, dense = 5, 3
    text = (
        f"Table I prints {ALEXNET_LAYERS}. The paper that introduced it (Krizhevsky, Sutskever, Hinton, "
        f"2012, its section 3.5) has {convolutions} convolutional and {dense} fully connected layers with "
        "weights."
    )
    return _find(rounding(ALEXNET_LAYERS, convolutions + dense), LITERATURE, "evidence", text, ours="5 + 3")


@claims(14, lesson="alexnet_transfer")
def weigh_alexnet(claim: Claim) -> Finding:
    (alexnet, work), (vgg16, vgg16_work), resnet50 = count_alexnet(), count_vgg16(), count_resnet50()
    text = (
        f"Counted, as one tower: AlexNet {alexnet:,} parameters ({alexnet * 4 / 2**20:.0f} MiB) and "
        f"{work / 1e6:.0f} million multiply-adds an image; VGG16, of Table I's VGGNet, {vgg16:,} and "
        f"{vgg16_work / 1e6:,.0f} million; ResNet-50 {resnet50:,} and, by its authors, 3,800 million. So it "
        "needs much memory, and the least computation of the three."
    )
    decision = weigh([alexnet > resnet50, work > vgg16_work], "counting")
    ours = f"{alexnet / 1e6:.1f} M parameters, {work / 1e6:.0f} M multiply-adds"
    return _find(decision, PRINTED, "evidence", text, ours=ours)


@claims(147)
def weigh_densenet(claim: Claim) -> Finding:
    densenet, resnet, (vgg16, _) = count_densenet121(), count_resnet50(), count_vgg16()
    text = (
        f"Counted layer by layer: DenseNet-121 has {densenet:,} parameters, ResNet-50 {resnet:,}, VGG16 "
        f"{vgg16:,}. The authors of [5] report for DenseNets the accuracy of ResNets that have more than "
        "twice their parameters."
    )
    return _find(
        counting(True, densenet < resnet < vgg16), LITERATURE, "evidence", text, ours=f"{densenet:,}"
    )


# Arithmetic: definitions


@claims(56, lesson="mnist_cnn")
def try_softmax(claim: Claim) -> Finding:
    powers = [math.exp(score) for score in range(-4, 6)]
    odds = [power / sum(powers) for power in powers]
    right = math.isclose(sum(odds), 1) and min(odds) > 0
    text = (
        f"The softmax of the scores -4 to 5 is {len(odds)} positive numbers, the largest {max(odds):.3f}, "
        f"with the sum {sum(odds):.6f}; Table II prints 10 outputs. It holds for any scores, because each is "
        "divided by their sum."
    )
    return _find(counting((10, True), (len(odds), right)), PRINTED, "proof", text)


@claims(59, lesson="mnist_cnn")
def try_normalisation(claim: Claim) -> Finding:
    batch, small = [float(value) for value in range(8)], 1e-3
    middle, spread = fmean(batch), pvariance(batch)
    normal = [(value - middle) / math.sqrt(spread + small) for value in batch]
    right = abs(fmean(normal)) < 1e-9 and math.isclose(pvariance(normal), 1, rel_tol=1e-3)
    text = (
        "Normalised by hand as its authors define it, the numbers 0 to 7 get the mean "
        f"{abs(fmean(normal)):.1f} and the variance {pvariance(normal):.5f}; a small constant below the root "
        "keeps it a trace under one. The learned scale and shift come after that."
    )
    return _find(counting(True, right), PRINTED, "proof", text)


@claims(60, lesson="mnist_cnn")
def try_dropout(claim: Claim) -> Finding:
    text = (
        f"A dropout rate is by definition the chance that a unit is left out, so {DROPOUT} is {DROPPED}. "
        "Table II has no such layer, and the paper does not say where it stands."
    )
    decision = counting(float(DROPPED.rstrip("%")), 100 * float(DROPOUT))
    return _find(decision, PRINTED, "proof", text)


@claims(73, lesson="mnist_cnn")
def try_cross_entropy(claim: Claim) -> Finding:
    odds, truth = (0.7, 0.2, 0.1), (0, 1, 0)
    whole = -sum(one * math.log(p) for one, p in zip(truth, odds, strict=True))
    text = (
        f"Of the probabilities {odds}, with the second class true, the whole sum of cross-entropy is "
        f"{whole:.4f}, and -log 0.2 is {-math.log(0.2):.4f}: the other terms are multiplied by zero."
    )
    return _find(counting(True, math.isclose(whole, -math.log(0.2))), PRINTED, "proof", text)


@claims(82, lesson="judging_models")
def try_accuracy(claim: Claim) -> Finding:
    errors = Fraction(1, 10)
    averaged = 1 - 2 * errors / 10  # an error is a wrong answer for two of ten classes
    text = (
        "For two classes it is the share of right answers. The paper's network has ten: taken class by "
        f"class and averaged, the formula gives {percent(averaged, 0)} where {percent(1 - errors, 0)} of the "
        "answers are right, since a wrong answer is still a right no for eight classes. Which is meant is "
        "not said."
    )
    decision = weigh([True, averaged == 1 - errors], "counting")  # two classes, ten classes
    return _find(decision, PRINTED, "proof", text, ours="98 % for 90 % right")


@claims(83, lesson="judging_models")
def try_inverted_accuracy(claim: Claim) -> Finding:
    right, total = 90, 100
    value = Fraction(total, right)
    text = (
        f"With {right} of {total} right, the formula gives {float(value):.2f}, and no share exceeds 1: the "
        "fraction is upside down. Table IV and the sentence before it have it right. The formulas beside it "
        "are damaged in our copy, so it may be our copy's fault."
    )
    return _find(
        counting(True, value <= 1),
        PRINTED,
        "inference",
        text,
        ours=f"{float(value):.2f}",
        would_decide="the printed page of section V.C.1",
    )


# An example of ours: whether an image shows a cat, whether it was called one, and how many there are of each.
CATS = {(True, True): 6, (False, True): 2, (True, False): 4, (False, False): 8}


@claims(84, 85, lesson="judging_models")
def try_precision_and_recall(claim: Claim) -> Finding:
    images = [kind for kind, count in CATS.items() for _ in range(count)]
    precise = _number(claim) == 84
    asked = [kind for kind in images if kind[1 if precise else 0]]
    share = Fraction(sum(is_cat and called for is_cat, called in asked), len(asked))
    right, wrong = CATS[True, True], CATS[(False, True) if precise else (True, False)]
    formula = Fraction(right, right + wrong)
    name, mistakes = ("Precision", "false positives") if precise else ("Recall", "false negatives")
    counted = "of what was called positive is" if precise else "of the positives was found"
    text = (
        f"{name} by the printed formula, with {right} true positives and {wrong} {mistakes}: {right} / "
        f"{right + wrong} = {float(formula):.2f}. Counted image by image, {float(share):.2f} {counted}. "
        "In V.C.2 our copy repeats the denominator, a damage of copying; Table IV is whole."
    )
    return _find(counting(formula, share), PRINTED, "proof", text, ours=f"{float(share):.2f}")


@claims(86, lesson="judging_models")
def try_f1(claim: Claim) -> Finding:
    precision, recall = Fraction(6, 8), Fraction(6, 10)
    printed, harmonic = 2 * precision * recall / (precision + recall), 2 / (1 / precision + 1 / recall)
    text = (
        f"For precision {float(precision)} and recall {float(recall)} the printed formula gives {printed} = "
        f"{float(printed):.4f}, exactly the harmonic mean, two divided by the sum of the inverses."
    )
    return _find(counting(printed, harmonic), PRINTED, "proof", text, ours=f"{float(harmonic):.4f}")


@claims(87, lesson="judging_models")
def try_imbalance(claim: Claim) -> Finding:
    many, few = 190, 10
    text = (
        f"True in general, and no result of the paper. Its example adds up: of {many} images of one class "
        f"and {few} of another, a model that always says the first has {many} of {many + few} right, "
        f"{IMBALANCE}, and finds none of the {few}. MNIST has ten classes of nearly equal size."
    )
    return _read("nothing to test", PRINTED, text, ours="95 %, recall 0")


def rank_area(positive: Sequence[float], negative: Sequence[float]) -> float:
    """Return the area under the ROC curve: how often a positive scores above a negative, ties half."""
    won = sum((a > b) + (a == b) / 2 for a in positive for b in negative)
    return won / (len(positive) * len(negative))


@claims(90, lesson="judging_models")
def try_area(claim: Claim) -> Finding:
    perfect, reversed_, alike = (
        rank_area([3, 4], [1, 2]),
        rank_area([1, 2], [3, 4]),
        rank_area([1, 1], [1, 1]),
    )
    text = (
        "The area is how often a positive scores above a negative, so it lies from 0 to 1. Counted: scores "
        f"in perfect order give {perfect:g}, in reversed order {reversed_:g}, and scores that say nothing "
        f"{alike:g}, as printed: {GUESSING}."
    )
    return _find(counting((1, 0, float(GUESSING)), (perfect, reversed_, alike)), PRINTED, "proof", text)


def take_moments(gradients: Sequence[float], first: float, second: float) -> tuple[float, float]:
    """Return Adam's running means of gradients and of their squares, corrected for their start at zero."""
    mean = square = 0.0
    for gradient in gradients:
        mean = first * mean + (1 - first) * gradient
        square = second * square + (1 - second) * gradient**2
    return mean / (1 - first ** len(gradients)), square / (1 - second ** len(gradients))


@claims(39)
def try_adam_parts(claim: Claim) -> Finding:
    gradients = [0.5, -1.0, 2.0, 0.25, -0.75]
    mean, square = take_moments(gradients, 0.0, 0.9)
    running = 0.0
    for gradient in gradients:
        running = 0.9 * running + 0.1 * gradient**2
    like_rmsprop = mean == gradients[-1] and math.isclose(square * (1 - 0.9**5), running)
    _, square = take_moments(gradients, 0.0, 1 - 1e-7)
    whole = sum(gradient**2 for gradient in gradients)
    like_adagrad = math.isclose(square * len(gradients), whole, rel_tol=1e-6)
    text = (
        "By its update rule, on five gradients: without momentum Adam divides by the running mean of "
        "squares of RMSProp, but for a factor that corrects its start; with a memory that forgets nothing, "
        f"by the sum of squares of AdaGrad ({square * len(gradients):.4f} against {whole:.4f}). Its authors "
        "say the same."
    )
    return _find(counting((True, True), (like_rmsprop, like_adagrad)), LITERATURE, "proof", text)


@claims(75)
def try_adam_moments(claim: Claim) -> Finding:
    mean, square = take_moments([3.0] * 4, 0.9, 0.999)
    right = math.isclose(mean, 3) and math.isclose(square, 9)
    text = (
        "Its rule divides a running mean of the gradients by the root of one of their squares. For "
        f"gradients that are all 3 these are {mean:.0f} and {square:.0f}, the first two moments, already "
        "after four steps; so each weight gets steps of its own size."
    )
    return _find(counting(True, right), LITERATURE, "proof", text)


@claims(143)
def compare_batches(claim: Claim) -> Finding:
    ratio = math.sqrt(128 / 32)
    text = (
        "The gradient of a batch is a mean over its images, and the standard deviation of a mean falls with "
        f"the root of their number: between 32 and 128, the ends of Table III, by a factor of {ratio:g}. "
        "Images drawn without replacement from a large set change it by a trace."
    )
    return _find(counting(2.0, ratio), PRINTED, "proof", text, ours=f"{ratio:g} times")


# Our own runs


class Compared(NamedTuple):
    """Two settings over the same seeds: points gained, over seeds, with Holm's p and what follows."""

    ours: float
    other: float
    gains: list[float]
    p_value: float
    decision: Decision

    @property
    def gain(self) -> float:
        return fmean(self.gains)

    def tell(self) -> str:
        ends = f"{min(self.gains):+.2f} to {max(self.gains):+.2f}"
        return f"{self.gain:+.2f} points ({len(self.gains)} seeds, {ends}), {tell_p(self.p_value)}"


def tell_p(value: float) -> str:
    """Write a p-value; none is 0."""
    return "p < 0.001" if value < 0.001 else f"p = {value:.2g}"


def correct(p_values: Sequence[float]) -> list[float]:
    """Return p-values corrected by Holm's method for all tests of a table."""
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    corrected, least = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(order):
        least = max(least, min(1.0, p_values[place] * (len(p_values) - rank)))
        corrected[place] = least
    return corrected


class Gains(NamedTuple):
    """By how many points each seed gains, and which way the mean goes if the runs in question all rise."""

    points: list[float]
    sign: int

    def test(self, rise: float) -> float:
        """Return p of the paired t test if the runs rise by some points."""
        mean = fmean(self.points) + self.sign * rise
        return 2 * float(stdtr(len(self.points) - 1, -abs(mean) / self.error))

    @property
    def error(self) -> float:
        return stdev(self.points) / math.sqrt(len(self.points))


def compare_runs(pairs: Mapping[str, tuple[Sequence[Number], Sequence[Number]]]) -> dict[str, Compared]:
    """Test settings against others over the same seeds: paired t tests, corrected for their number.

    Args:
        pairs: name -> accuracies, as fractions, of a setting and of what it is compared with.
    """
    found = {}
    for name, (ours, other) in pairs.items():
        table = {
            one: Gains(
                [100 * (a - b) for a, b in zip(first, second, strict=True)],
                (first is ours) - (second is ours),
            )
            for one, (first, second) in pairs.items()
        }
        p_value, decision = _judge(table, name, 0.0)
        low, high = (fmean(ours) + rise / 100 for rise in _find_room(table, name))
        decision = decision._replace(rests=(Rest(tuple(number.source for number in ours), low, high),))
        found[name] = Compared(100 * fmean(ours), 100 * fmean(other), table[name].points, p_value, decision)
    return found


def _judge(table: Mapping[str, Gains], name: str, rise: float) -> tuple[float, Decision]:
    corrected = correct([one.test(rise) for one in table.values()])
    p_value = corrected[list(table).index(name)]
    return p_value, pairing(fmean(table[name].points) + rise, p_value, general=True)


def _find_room(table: Mapping[str, Gains], name: str) -> tuple[float, float]:
    """Return how far the runs may fall and rise, in points, until another outcome follows for this setting.

    By Holm's method it can change only where a p-value of the table meets the level over a number of tests.
    """
    turns = sorted(
        one.sign * (side * -float(stdtrit(len(one.points) - 1, rules.LEVEL / tests / 2)) * one.error - mean)
        for one in table.values()
        if one.sign
        for mean in [fmean(one.points)]
        for tests in range(1, len(table) + 1)
        for side in (-1, 1)
    )
    outcome = _judge(table, name, 0.0)[1].outcome
    ends = pairwise([min(turns[0], 0.0) - 1, *turns, max(turns[-1], 0.0) + 1])
    other = [(a, b) for a, b in ends if _judge(table, name, (a + b) / 2)[1].outcome != outcome]
    low = max((b for _, b in other if b <= 0), default=-math.inf)
    return low, min((a for a, _ in other if a >= 0), default=math.inf)


def _rest_on(ours: Sequence[Number], worse: float, better: float, outcome: str) -> tuple[Rest, ...]:
    """Return what an outcome rests on, where means up to `worse` and from `better` on are significant."""
    low, high = {
        "holds": (better, math.inf),
        "fails": (-math.inf, worse),
        "inconclusive": (worse, better),
    }[outcome]
    return (Rest(tuple(number.source for number in ours), low, high),)


def compare_shares(ours: Sequence[Number], other: Number, tests: int) -> tuple[float, Decision]:
    """Test a mean accuracy against another as if on other images, which asks for more than a paired test.

    Args:
        ours: fractions of `TEST_IMAGES`.
        other: likewise.
        tests: of the table, for Bonferroni's correction, which is stricter than Holm's.
    """
    mean = fmean(ours)
    p_value = min(1.0, tests * math.erfc(abs(mean - other) / _find_error(mean, other) / math.sqrt(2)))
    decision = pairing(100 * (mean - other), p_value, general=True)
    bounds = [float(other)] * 2
    for _ in range(50):  # the error changes a little with the mean
        errors = [_find_error(bound, other) for bound in bounds]
        bounds = [
            other + side * -ndtri(rules.LEVEL / tests / 2) * error
            for side, error in zip((-1, 1), errors, strict=True)
        ]
    return p_value, decision._replace(rests=_rest_on(ours, *map(float, bounds), decision.outcome))


def _find_error(one: float, other: float) -> float:
    middle = (one + other) / 2
    return math.sqrt(2 * middle * (1 - middle) / TEST_IMAGES)


def _runs(record: Recorded, setting: str) -> list[Number]:
    return record.rows("comparisons", "accuracy", setting=setting)


def _tell_scale(record: Recorded) -> str:
    how = record.result.manifest["parameters"]
    return f"{how['compare_images']:,} digits, {how['compare_epochs']} passes"


MORE_SEEDS = "ten seeds on all training digits, each setting at its own best learning rate"


@claims(20, lesson="mnist_cnn")
def compare_deep_with_classical(claim: Claim) -> Finding:
    digits, photos, classical = (
        Recorded("mnist_cnn"),
        Recorded("fast_training"),
        Recorded("classical_baselines"),
    )
    ours = [digits.cell("results", f"ours, one view, seed {seed}", "accuracy") for seed in range(5)]
    svm = digits.cell("results", "SVM on HOG", "accuracy")
    deep, shallow = (
        photos.rows("runs", "accuracy", recipe="large", views="once"),
        classical.value("cifar10_svm_hog"),
    )
    p_value, decision = compare_shares(ours, svm, 2)
    p_photos, on_photos = compare_shares(deep, shallow, 2)
    both = {decision.outcome, on_photos.outcome}
    outcome = both.pop() if len(both) == 1 else "inconclusive"
    text = (
        f"On MNIST our network reads {percent(fmean(ours), 2)} of the test digits (5 seeds), the best "
        f"classical model tried, an SVM on histograms of gradients, {percent(svm, 2)}; on CIFAR-10 "
        f"{percent(fmean(deep))} (3 seeds) against {percent(shallow)} of such an SVM, fitted to fewer "
        f"images. On both, {tell_p(max(p_value, p_photos))}: two data sets, not all."
    )
    decision = Decision(outcome, "pairing", decision.rests + on_photos.rests)
    return _find(
        decision,
        OWN,
        "evidence",
        text,
        ours=f"{100 * (fmean(ours) - svm):+.2f} and {100 * (fmean(deep) - shallow):+.1f} points",
        would_decide="several seeds of both kinds on more data sets",
    )


@claims(21, lesson="mnist_cnn")
def compare_costs(claim: Claim) -> Finding:
    record = Recorded("mnist_cnn")
    fits = [record.cell("results", f"ours, one view, seed {seed}", "fit s") for seed in range(5)]
    reads = [record.cell("results", f"ours, one view, seed {seed}", "ms") for seed in range(5)]
    right = [record.cell("results", f"ours, one view, seed {seed}", "accuracy") for seed in range(5)]
    fit, read = record.cell("results", "SVM on HOG", "fit s"), record.cell("results", "SVM on HOG", "ms")
    svm = record.cell("results", "SVM on HOG", "accuracy")
    cheaper = [fmean(fits) > fit, fmean(reads) > read]
    rests = (
        Rest(tuple(n.source for n in fits), *((fit, math.inf) if cheaper[0] else (-math.inf, fit))),
        Rest(tuple(n.source for n in reads), *((read, math.inf) if cheaper[1] else (-math.inf, read))),
    )
    text = (
        f"On MNIST and one machine, an SVM on histograms of gradients learns in {fit:.0f} s, a network of "
        f"ours in {fmean(fits):.0f} s (5 trainings), {fmean(fits) / fit:.1f} times as long. But to read one "
        f"of many digits the SVM takes {read:.2f} ms and the network {fmean(reads):.2f}. The SVM has "
        f"{percent(svm, 2)} of the test digits right, the network {percent(fmean(right), 2)}."
    )
    ours = f"training {fmean(fits) / fit:.1f} times, reading {fmean(reads) / read:.2f} times the SVM's"
    return _find(weigh(cheaper, "reading", rests), OWN, "evidence", text, ours=ours)


@claims(22, lesson="classical_baselines")
def compare_growth(claim: Claim) -> Finding:
    record = Recorded("classical_baselines")
    curves = record.table("learning_curves")
    gains = 100 * (curves["all"] - curves["1/16"])
    last = 100 * (curves["all"] - curves["1/2"])
    text = (
        f"From a sixteenth of the images to all, {(gains > 0).sum()} of {len(gains)} classical models gained "
        f"{gains.min():.1f} to {gains.max():.1f} points, the last doubling {last.min():.1f} to "
        f"{last.max():.1f}; {(gains < 0).sum()} fell. Whether they fall behind networks is open: no network "
        "was trained on the same sizes. And the paper only says that they may."
    )
    return _find(
        Decision("inconclusive", "reading"),
        OWN,
        "evidence",
        text,
        ours=f"{gains.min():+.1f} to {gains.max():+.1f} points from more images",
        would_decide="accuracies of a network and of an SVM, each from a sixteenth to all of the images",
    )


PARTS = {
    134: ("without residual connections", "residual connections", "them"),
    137: ("without dropout", "dropout", "it"),
    138: ("without all three", "all three parts", "them"),
}


def compare_parts() -> tuple[Recorded, dict[str, Compared]]:
    """Compare our recipe with those that lack a part which the paper's text claims."""
    record = Recorded("mnist_cnn")
    names = [
        "without residual connections",
        "without batch normalisation",
        "without dropout",
        "without all three",
    ]
    whole = _runs(record, "the whole recipe")
    return record, compare_runs({name: (whole, _runs(record, name)) for name in names})


@claims(134, 137, 138, lesson="mnist_cnn")
def compare_one_part(claim: Claim) -> Finding:
    record, found = compare_parts()
    name, part, pronoun = PARTS[_number(claim)]
    one = found[name]
    text = (
        f"Our network for digits ({_tell_scale(record)}, one learning rate) reads {one.ours:.2f} % of "
        f"held-out digits with {part} and {one.other:.2f} % without {pronoun}: {one.tell()} after correction "
        f"for {len(found)} such tests. {conclude(one)}"
    )
    if _number(claim) == 134:
        text += " Robustness was not compared."
    return _find(one.decision, OWN, "evidence", text, ours=one.tell(), would_decide=MORE_SEEDS)


def compare_rates() -> tuple[Recorded, dict[str, Compared]]:
    """Compare training with and without batch normalisation at three learning rates."""
    record = Recorded("mnist_cnn")
    return record, compare_runs(
        {
            rate: (
                _runs(record, f"rate {rate}, with normalisation"),
                _runs(record, f"rate {rate}, without normalisation"),
            )
            for rate in ("0.004", "0.016", "0.064")
        }
    )


@claims(38, lesson="mnist_cnn")
def compare_highest_rate(claim: Claim) -> Finding:
    record, found = compare_rates()
    highest = found["0.064"]
    text = (
        f"Our network for digits ({_tell_scale(record)}) was trained at three learning rates. At the "
        f"highest, 0.064, it ends at {highest.ours:.1f} % with batch normalisation and {highest.other:.1f} % "
        f"without: {highest.tell()} after correction; at the lowest, 0.004, {found['0.004'].tell()}. How "
        "fast it learns is another claim."
    )
    return _find(highest.decision, OWN, "evidence", text, ours=highest.tell())


@claims(136, lesson="mnist_cnn")
def compare_best_rates(claim: Claim) -> Finding:
    record, found = compare_rates()
    rate = max(found, key=lambda name: found[name].ours)
    best = found[rate]
    beaten = max(one.other for one in found.values())
    text = (
        f"Of three learning rates, {rate} is best for our network for digits ({_tell_scale(record)}) with "
        f"batch normalisation, {best.ours:.2f} % of held-out digits; without it the best is {beaten:.2f} %. "
        f"At {rate}: {best.tell()} after correction. At 0.004 it is the other way: "
        f"{found['0.004'].gain:+.2f} points."
    )
    return _find(best.decision, OWN, "evidence", text, ours=best.tell())


def compare_augmentations() -> dict[str, Compared]:
    """Compare training with and without varied images: digits moved, digits mirrored too, photographs."""
    digits, photos = Recorded("mnist_cnn"), Recorded("fast_training")
    whole = _runs(digits, "the whole recipe")
    before, after = (
        photos.rows("ladder", "accuracy", step=step)
        for step in ("+ weight averaging", "+ alternate flips and shifts")
    )
    return compare_runs(
        {
            "moved": (whole, _runs(digits, "nothing augmented")),
            "mirrored": (_runs(digits, "mirrored too"), whole),
            "photographs": (after, before),
        }
    )


def _join(*decisions: Decision) -> Decision:
    """Return what several tests of one claim say together."""
    outcomes = {decision.outcome for decision in decisions}
    rests = tuple(rest for decision in decisions for rest in decision.rests)
    if {"holds", "fails"} <= outcomes:
        return Decision("holds in part", "pairing", rests)
    return Decision(outcomes.pop() if len(outcomes) == 1 else "inconclusive", "pairing", rests)


@claims(139, lesson="mnist_cnn")
def compare_augmented(claim: Claim) -> Finding:
    found = compare_augmentations()
    moved, mirrored, photos = found["moved"], found["mirrored"], found["photographs"]
    decision = _join(mirrored.decision, photos.decision)
    text = (
        f"On photographs (5,000 of CIFAR-10) flips and shifts bring {photos.tell()}. On digits, turning, "
        f"zooming and moving bring {moved.tell()}; flips besides cost: {mirrored.tell()}. All corrected for "
        "three tests. So it depends on the augmentation and on the images."
    )
    open_ = "more seeds, and each augmentation alone" if decision.outcome == "inconclusive" else ""
    ours = f"photographs {photos.gain:+.2f}, digits {moved.gain:+.2f}, mirrored {mirrored.gain:+.2f} points"
    return _find(decision, OWN, "evidence", text, ours=ours, would_decide=open_)


@claims(72, lesson="mnist_cnn")
def compare_flips(claim: Claim) -> Finding:
    found, near = compare_augmentations()["mirrored"], Recorded("prepare_the_images")
    gain, loss = near.cell("gain", "mirrored", "photographs"), near.cell("gain", "mirrored", "digits")
    both = found.decision.outcome == "fails" and gain > 0
    decision = Decision("holds in part" if both else "inconclusive", "pairing", found.decision.rests)
    text = (
        f"Mirrored copies of the training images bring a nearest-neighbour classifier {gain:+.2f} points on "
        f"photographs and {loss:+.2f} on digits (one run each). A network for digits with flips against "
        f"none: {found.tell()} after correction. They help where a mirrored object is still one of its class."
    )
    open_ = "" if both else "several seeds on photographs and on digits"
    return _find(
        decision, OWN, "evidence", text, ours=f"{gain:+.2f} and {found.gain:+.2f} points", would_decide=open_
    )


@claims(76, lesson="mnist_cnn")
def compare_optimisers(claim: Claim) -> Finding:
    record = Recorded("mnist_cnn")
    sgd = _runs(record, "SGD, one cycle")
    rates = ("0.004", "0.016", "0.064")
    found = compare_runs({rate: (sgd, _runs(record, f"rate {rate}, with normalisation")) for rate in rates})
    best = max(rates, key=lambda rate: found[rate].other)
    text = (
        f"With one schedule ({_tell_scale(record)}), SGD at its only rate reads {found[best].ours:.2f} % of "
        f"held-out digits. Against Adam at 0.004 that is {found['0.004'].gain:+.2f} points, at {best}, the "
        f"best of three rates, {found[best].tell()} after correction. No better rate of SGD was sought."
    )
    return _find(
        found[best].decision,
        OWN,
        "evidence",
        text,
        ours=found[best].tell(),
        would_decide="SGD and Adam each at its best of several rates, ten seeds, on more than one data set",
    )


@claims(150, lesson="mnist_cnn")
def compare_schedules(claim: Claim) -> Finding:
    record = Recorded("mnist_cnn")
    constant = _runs(record, "Adam, constant")
    names = ("steps", "plateau", "cosine", "one cycle")
    found = compare_runs({name: (_runs(record, f"Adam, {name}"), constant) for name in names})
    steps, plateau = found["steps"], found["plateau"]
    text = (
        f"Our network for digits ({_tell_scale(record)}), with a rate divided by ten in steps against a "
        f"constant one: {steps.tell()}; divided on a plateau: {plateau.tell()}, both corrected for four "
        f"schedules. Over seeds, steps spread {_spread(record, 'steps'):.1f} points, constant "
        f"{_spread(record, 'constant'):.1f}."
    )
    return _find(
        _join(steps.decision, plateau.decision),
        OWN,
        "evidence",
        text,
        ours=f"{steps.gain:+.2f} and {plateau.gain:+.2f} points",
        would_decide="longer trainings on all digits, at least ten seeds a schedule",
    )


def _spread(record: Recorded, schedule: str) -> float:
    values = _runs(record, f"Adam, {schedule}")
    return 100 * (max(values) - min(values))


@claims(61, 62, 63, 64, 65, lesson="tuning")
def compare_best_values(claim: Claim) -> Finding:
    record = Recorded("tuning")
    runs = {number: _read_values(record, number) for number in TABLE_3}
    rivals = {
        number: max(TABLE_3[number][2], key=lambda value: fmean(runs[number][value])) for number in TABLE_3
    }
    found = compare_runs(
        {str(number): (runs[number][TABLE_3[number][1]], runs[number][rivals[number]]) for number in TABLE_3}
    )
    number = _number(claim)
    one, rival, (_, best, others) = found[str(number)], rivals[number], TABLE_3[number]
    levels = ", ".join(f"{value}: {percent(fmean(runs[number][value]))}" for value in (best, *others))
    failed = sum(value < 0.5 for value in runs[number][rival])
    text = (
        f"Printed best: {best}. Ours, on {record.result.manifest['parameters']['digits']:,} digits with the "
        f"other settings as printed, means of 3 runs: {levels}. Against {rival}, the best "
        f"rival{' (a run of it learned nothing)' * (failed > 0)}, {one.gain:+.1f} points, "
        f"{tell_p(one.p_value)} after correction for five settings. Data and network of the paper are "
        "unknown."
    )
    return _find(
        one.decision,
        OWN,
        "evidence",
        text,
        ours=f"{one.gain:+.1f} points against {rival}, {tell_p(one.p_value)}",
        would_decide="the data set, the network and the scores behind Table III; then ten runs of each value",
    )


def _read_values(record: Recorded, number: int) -> dict[str, list[Number]]:
    what, best, others = TABLE_3[number]
    rows = record.table("table_3").index
    found = {}
    for value in (best, *others):
        label = f"{what} {value.partition('x')[0]}"
        row = next(one for one in rows if one.partition(" (")[0] == label)
        found[value] = [record.cell("table_3", row, f"run {run}") for run in (1, 2, 3)]
    return found


class Warnings(NamedTuple):
    """How often a validation loss rose while the training loss fell, and how often it later fell below."""

    rises: int
    false: int


def count_warnings(training: Sequence[float], validation: Sequence[float]) -> Warnings:
    """Apply the paper's sign of overfitting to each epoch; it was false if a later epoch was better."""
    warned = [
        epoch
        for epoch in range(1, len(training))
        if training[epoch] < training[epoch - 1] and validation[epoch] > validation[epoch - 1]
    ]
    false = [epoch for epoch in warned if min(validation[epoch:]) < validation[epoch - 1]]
    return Warnings(len(warned), len(false))


@claims(91, lesson="cifar10_cnn")
def count_false_alarms(claim: Claim) -> Finding:
    record = Recorded("cifar10_cnn")
    found = [
        count_warnings(record.rows(table, "loss"), record.rows(table, "val_loss"))
        for table in ("plain_history", "augmented_history", "example_history")
    ]
    rises, false = sum(one.rises for one in found), sum(one.false for one in found)
    text = (
        "A lasting rise is what overfitting means. A single one is a poor sign: in three recorded trainings "
        f"on CIFAR-10 the validation loss rose {rises} times while the training loss fell, and after {false} "
        "of these it later fell below where it had been."
    )
    return _find(
        weigh([false < rises, false == 0], "reading"),
        OWN,
        "evidence",
        text,
        ours=f"{false} of {rises} false",
    )


@claims(141, lesson="alexnet_transfer")
def compare_transfer_times(claim: Claim) -> Finding:
    record = Recorded("alexnet_transfer")
    head, few, scratch = (
        [record.rows("runs", what, way=way, count=count)[0] for what in ("accuracy", "seconds")]
        for way, count in (("frozen", 5000), ("tuned", 5000), ("scratch", 50000))
    )
    text = (
        f"On CIFAR-10 an AlexNet for small images, from random weights, has {percent(scratch[0])} of the "
        f"test images right after {scratch[1]:.0f} s with 50,000 images. From ImageNet's weights and 5,000 "
        f"images more is reached sooner: {percent(head[0])} by a new last layer alone in {head[1]:.0f} s, "
        f"{percent(few[0])} by fine-tuning in {few[1]:.0f} s. But that is one training each, of other "
        "networks and image sizes, and without the time on ImageNet."
    )
    return _find(
        Decision("inconclusive", "reading"),
        OWN,
        "evidence",
        text,
        ours=f"{head[1]:.0f}, {few[1]:.0f} and {scratch[1]:.0f} s",
        would_decide="seconds until each way reaches one accuracy, one network and image size, three seeds",
    )


@claims(142, lesson="alexnet_transfer")
def compare_transfer(claim: Claim) -> Finding:
    record, ladder = Recorded("alexnet_transfer"), Recorded("fast_training")
    tuned = record.rows("runs", "accuracy", way="tuned", count=5000)
    scratch = record.rows("runs", "accuracy", way="scratch", count=5000)[0]
    better = ladder.rows("ladder", "accuracy", step="+ six views of a test image")
    all_tuned, all_scratch = record.value("tuned_50000"), ladder.value("large_accuracy")
    p_value, decision = compare_shares(tuned, scratch, 1)
    text = (
        f"From 5,000 photographs of CIFAR-10, AlexNet fine-tuned from ImageNet names {percent(tuned[0])} of "
        f"the test images, a smaller AlexNet from random weights {percent(scratch)} ({tell_p(p_value)}, one "
        f"training each), and our best training from scratch {percent(fmean(better))} (3 seeds, other "
        f"images). From all 50,000 the first reaches {percent(all_tuned)}, the last {percent(all_scratch)}."
    )
    return _find(decision, OWN, "evidence", text, ours=f"{100 * (tuned[0] - scratch):+.1f} points")


@claims(151, lesson="prepare_the_images")
def compare_scaling(claim: Claim) -> Finding:
    record = Recorded("prepare_the_images")
    rows = ("0 to 255", "0 to 1", "-1 to 1")
    alike, best = (
        ", ".join(percent(record.cell("normalisation", row, column)) for row in rows)
        for column in ("accuracy at rate 0.01", "accuracy")
    )
    text = (
        f"A linear classifier of photographs, with pixels of {', '.join(rows)}: at one learning rate it "
        f"reaches {alike}; each at its best rate {best}. That is one training each, so how much is chance is "
        "not known; and at its own small rate the unscaled one learns too."
    )
    return _find(
        Decision("inconclusive", "reading"),
        OWN,
        "evidence",
        text,
        ours=best,
        would_decide="five seeds of each range at its best rate, tested in pairs, and their epochs",
    )


# What this repository builds


def _build(text: str, *, ours: str = "") -> Finding:
    return _find(Decision("built", "building"), OWN, "evidence", text, ours=ours)


@claims(17, lesson="classical_baselines")
def build_features(claim: Claim) -> Finding:
    record = Recorded("classical_baselines")
    edges, canny, shapes = (record.value(f"mnist_svm_{name}") for name in ("sobel", "canny", "hog"))
    text = (
        "The functions `measure_edges` (Sobel), `trace_edges` (Canny) and `describe_gradients` (shapes, by "
        f"histograms of gradients) make such features; with an SVM they read {percent(edges)}, "
        f"{percent(canny)} and {percent(shapes)} of the test digits. Of textures none is built here."
    )
    return _build(text, ours=f"{percent(edges)}, {percent(canny)}, {percent(shapes)}")


@claims(18, lesson="classical_baselines")
def build_classifiers(claim: Claim) -> Finding:
    record = Recorded("classical_baselines")
    svm, near, tree = (record.value(f"mnist_{name}_hog") for name in ("svm", "knn", "tree"))
    text = (
        "All three are fitted to the features of `describe_gradients`, with scikit-learn. Of the test "
        f"digits of MNIST the support vector machine reads {percent(svm)}, k nearest neighbours "
        f"{percent(near)}, the decision tree {percent(tree)}."
    )
    return _build(text, ours=f"{percent(svm)}, {percent(near)}, {percent(tree)}")


@claims(25, lesson="alexnet_transfer")
def build_fine_tuning(claim: Claim) -> Finding:
    record = Recorded("alexnet_transfer")
    few, many = record.value("tuned_5000"), record.value("tuned_50000")
    text = (
        "`build_alexnet_features` gives AlexNet's convolutions as trained on ImageNet; a new last layer is "
        "trained, then both together. With 5,000 labelled photographs of CIFAR-10 that reaches "
        f"{percent(few)} of the test images, with 50,000 {percent(many)}."
    )
    return _build(text, ours=f"{percent(few)} from 5,000 images")


@claims(26, lesson="alexnet_transfer")
def build_automatic_features(claim: Claim) -> Finding:
    record, classical = Recorded("alexnet_transfer"), Recorded("classical_baselines")
    frozen, pixels, by_hand = (
        record.value("frozen_50000"),
        record.value("pixels_50000"),
        classical.value("cifar10_svm_hog"),
    )
    text = (
        "`build_alexnet_features`, with its weights fixed, turns an image into numbers that nobody "
        f"designed. A linear layer on them names {percent(frozen)} of CIFAR-10's test photographs, on the "
        f"pixels {percent(pixels)}; the best classifier on features made by hand {percent(by_hand)}, from "
        "fewer images."
    )
    return _build(text, ours=percent(frozen))


@claims(70, lesson="prepare_the_images")
def build_scaling(claim: Claim) -> Finding:
    text = (
        "`scale` divides by 255, which gives 0 to 1; twice that less one is -1 to 1, and both are compared "
        "in the lesson. Which of them the paper used is not said."
    )
    return _build(text)


@claims(74, lesson="mnist_cnn")
def build_optimisers(claim: Claim) -> Finding:
    record = Recorded("mnist_cnn")
    adam, sgd = (_runs(record, f"{name}, one cycle") for name in ("Adam", "SGD"))
    text = (
        "`loop.fit` takes either from Keras. With one schedule, Adam (with weight decay) reads "
        f"{percent(fmean(adam), 2)} of held-out digits and SGD {percent(fmean(sgd), 2)} "
        f"({_tell_scale(record)}, 3 seeds). Section VIII.A says that the paper's model used Adam."
    )
    return _build(text, ours=f"{percent(fmean(adam), 2)} and {percent(fmean(sgd), 2)}")


@claims(77, lesson="mnist_cnn")
def build_schedules(claim: Claim) -> Finding:
    text = (
        "`decay_in_steps` divides the learning rate by ten after each third of the training, "
        "`ReduceOnPlateau` when the validation loss has stopped falling: both multiply it by 0.1, the "
        "paper's example. Which of them the paper used, and when, is not printed."
    )
    return _build(text, ours="factor 0.1")


@claims(78, lesson="mnist_cnn")
def build_epochs(claim: Claim) -> Finding:
    record = Recorded("cifar10_cnn")
    epochs, best = len(record.table("plain_history")), record.value("best_epoch")
    text = (
        "`loop.fit` passes over all training images once an epoch and keeps loss and accuracy of each. In a "
        f"recorded training of {epochs} epochs on CIFAR-10 the validation loss was lowest after {best:.0f}, "
        "which is how their number is chosen."
    )
    return _build(text, ours=f"epoch {best:.0f} of {epochs}")


@claims(88, lesson="judging_models")
def build_confusions(claim: Claim) -> Finding:
    record = Recorded("cifar10_cnn")
    images, called, right = (
        record.cell("by_class", "deer", name) for name in ("images", "predicted", "correct")
    )
    text = (
        "`count_confusions` and `judge_classes` count them, of ten classes one against the others. Of deer, "
        f"in a recorded test on CIFAR-10: {right:.0f} true positives, {called - right:.0f} false ones, "
        f"{images - right:.0f} false negatives and {TEST_IMAGES - images - called + right:,.0f} true ones."
    )
    return _build(text, ours=f"{right:.0f} of {images:.0f} deer")


@claims(89, lesson="judging_models")
def build_roc(claim: Claim) -> Finding:
    text = (
        "`trace_roc` lowers the threshold from the highest score to the lowest and plots just these two "
        "shares, for each class against all others, as is needed for ten. Sensitivity and one minus "
        "specificity are their other names, and the paper gives both."
    )
    return _build(text)


@claims(92, lesson="mnist_cnn")
def build_inference_time(claim: Claim) -> Finding:
    milliseconds = Recorded("mnist_cnn").value("single_image_ms")
    text = (
        "`measure_cost` takes the median of repeated predictions of one image, after some to warm up. Our "
        f"network for digits took {milliseconds:.1f} ms on the recorded machine. The paper prints no time."
    )
    return _build(text, ours=f"{milliseconds:.1f} ms")


@claims(93, lesson="mnist_cnn")
def build_training_time(claim: Claim) -> Finding:
    record = Recorded("mnist_cnn")
    seconds = [record.cell("results", f"ours, one view, seed {seed}", "fit s") for seed in range(5)]
    text = (
        "`loop.fit` returns the seconds from the first step to the last. Our network for digits took "
        f"{min(seconds):.0f} to {max(seconds):.0f} s, over five trainings on all of MNIST. The paper prints "
        "no time."
    )
    return _build(text, ours=f"{fmean(seconds):.0f} s ({min(seconds):.0f} to {max(seconds):.0f})")


# Results without a number


@claims(124, lesson="mnist_cnn")
def set_accuracy_beside(claim: Claim) -> Finding:
    record = Recorded("mnist_cnn")
    mean, low, high = (record.value(f"test_{name}") for name in ("accuracy", "lowest", "highest"))
    svm = record.value("svm_hog_accuracy")
    text = (
        "No number, data set or level is printed that high could be compared with. On MNIST, which the "
        f"abstract names, even an SVM on hand-made features reads {percent(svm, 2)}; our network reads "
        f"{percent(mean, 2)} (5 seeds, five views of each digit)."
    )
    ours = f"{percent(mean, 2)} (5 seeds, {percent(low, 2)} to {percent(high, 2)})"
    return _read("nothing to test", TEXT, text, ours=ours)


@claims(128, lesson="judging_models")
def set_area_beside(claim: Claim) -> Finding:
    record = Recorded("mnist_m")
    area, accuracy = (record.cell("measures", "LeNet-5, by definition", name) for name in ("auc", "accuracy"))
    text = (
        "No value is printed, nor how ten classes were averaged. And a high one says little: a LeNet-5 of "
        f"ours that names only {accuracy:.0f} % of coloured digits has an AUC of {area / 100:.2f}."
    )
    return _read("nothing to test", TEXT, text, ours=f"AUC {area / 100:.2f} at {accuracy:.0f} % accuracy")


@claims(131, lesson="mnist_cnn")
def set_inference_beside(claim: Claim) -> Finding:
    milliseconds = Recorded("mnist_cnn").value("single_image_ms")
    text = (
        "No time, no machine and no limit for real time is printed. Our small network reads a digit in "
        f"{milliseconds:.1f} ms on two cores, which says nothing of theirs: other layers, other images, "
        "a machine that is not named."
    )
    return _read("nothing to test", TEXT, text, ours=f"{milliseconds:.1f} ms a digit")


@claims(132, lesson="mnist_cnn")
def set_training_beside(claim: Claim) -> Finding:
    record = Recorded("mnist_cnn")
    minutes = [record.cell("results", f"ours, one view, seed {seed}", "fit s") / 60 for seed in range(5)]
    text = (
        "Neither a time nor the machine, the data set or its size is printed, so reasonable has no measure. "
        f"A network of ours took {min(minutes):.1f} to {max(minutes):.1f} minutes for all of MNIST on two "
        "cores (5 trainings)."
    )
    return _read("nothing to test", TEXT, text, ours=f"{fmean(minutes):.1f} minutes (5 trainings)")


# Reading: numbers of the survey, the references, and what is repeated

# Number in the survey -> entry of the reference list that is described there; None is not in the list.
DESCRIBED = {number: number for number in range(1, 31)}
DESCRIBED |= {2: 1} | {number: number + 1 for number in (*range(18, 26), 27, 28, 29)} | {30: None}
FIRST_ON_ARXIV = {"VGGNet": "2014", "ResNet": "2015", "Inception": "2014"}
IN_OWN_REFERENCES = {"VGGNet": "2015", "ResNet": "2016", "Inception": "2015"}  # [3], [8], [4]
OWN_WORKS = (17, 18, 19, 20, 21, 22)  # references with an author of the paper
FUTURE_ITEMS, FUTURE_WORDS, FUTURE_ALIGNED = 14, 567, 471  # of section VII; words that align with VIII.D


@claims(36)
def check_survey_numbers(claim: Claim) -> Finding:
    wrong = [number for number, entry in DESCRIBED.items() if entry != number]
    text = (
        f"Read one by one, {len(DESCRIBED) - len(wrong)} of {len(DESCRIBED)} numbers point to what is "
        f"described. {len(wrong)} do not: at [2] stands [1] again, at [18] to [25] and [27] to [29] the "
        "entry after, at [30] a paper that is not in the list. At [17] stands also a sentence on [18]; "
        "YOLOv3, entry 27, is never described."
    )
    return _read("holds in part", TEXT, text, ours=f"{len(wrong)} of {len(DESCRIBED)} wrong")


@claims(10, lesson="alexnet_transfer")
def compare_years(claim: Claim) -> Finding:
    ways = [sum(YEARS[name] == way[name] for name in YEARS) for way in (FIRST_ON_ARXIV, IN_OWN_REFERENCES)]
    outcome = "holds" if max(ways) == len(YEARS) else "holds in part"
    text = (
        f"Table I prints {', '.join(YEARS.values())}. First on arXiv were VGG in 2014 (1409.1556), ResNet in "
        "2015 (1512.03385), Inception in 2014 (1409.4842); the paper's own references say 2015, 2016 and "
        f"2015. Each year is right by one count, but neither count gives all three: {ways[0]} and {ways[1]}."
    )
    return _read(outcome, LITERATURE, text, "evidence", ours="2014, 2015, 2014")


@claims(121)
def compare_future_work(claim: Claim) -> Finding:
    text = (
        f"All {FUTURE_ITEMS} items of section VII return in VIII.D, in the same order, and {FUTURE_ALIGNED} "
        f"of VII's {FUTURE_WORDS} words align ({percent(FUTURE_ALIGNED / FUTURE_WORDS, 0)}). The later "
        "version mentions no result that came between."
    )
    return _read("holds", TEXT, text, ours=f"{FUTURE_ITEMS} of {FUTURE_ITEMS} items")


@claims(148)
def count_own_works(claim: Claim) -> Finding:
    text = (
        f"Of 30 references {len(OWN_WORKS)}, [{OWN_WORKS[0]}] to [{OWN_WORKS[-1]}], name Nimma or Uddagiri "
        f"as an author: {percent(len(OWN_WORKS) / 30, 0)}. None of the six gives a journal, a DOI or pages, "
        "as most others do."
    )
    return _read("holds", TEXT, text, ours=f"{len(OWN_WORKS)} of 30")


@claims(57, 58, 123, lesson="mnist_cnn")
def look_for_parts(claim: Claim) -> Finding:
    normalised, shortcuts = 4 * 32 + 4 * 64, 3 * 32 + 32 * 64
    text = {
        57: "The only network that is printed, Table II, has no row that adds an earlier output. Shortcuts "
        f"around its two convolutions would need {shortcuts:,} weights more, to fit 3 channels to 32 and 32 "
        "to 64. Fig. 3 is not in our copy.",
        58: "Table II lists input, convolutions, poolings and dense layers, and no normalisation; behind "
        f"both convolutions it would have {normalised} parameters. The printed counts are those of the "
        "convolutions alone. A table may leave rows out.",
        123: "Of the three parts Table II has none, and neither their place nor a rate is given. "
        "Cross-entropy and Adam are named and fit a softmax of ten; no curve, number or data set of this "
        "training is shown.",
    }[_number(claim)]
    return _read("not shown", TEXT, text)


@claims(68, lesson="tuning")
def count_grid(claim: Claim) -> Finding:
    runs = math.prod(1 + len(others) for _, _, others in TABLE_3.values())
    text = (
        f"Each combination of Table III's {len(TABLE_3)} settings, three values each, would be {runs} "
        "trainings. The table names one best value for each setting, and no score of any training; whether "
        "combinations were tried, or one setting at a time, is not said."
    )
    return _read("not shown", TEXT, text, ours=f"{runs} trainings")


@claims(81, lesson="tuning")
def look_up_random_search(claim: Claim) -> Finding:
    record = Recorded("tuning")
    grid, chance = record.value("grid_best"), record.value("random_best")
    text = (
        "Bergstra and Bengio (Journal of Machine Learning Research 13, 2012) show it for networks where few "
        "of many settings matter, and the paper says can. Two searches of ours of each kind, 36 trials, end "
        f"at {percent(grid)} by grid and {percent(chance)} at random, and decide nothing."
    )
    return _read("holds", LITERATURE, text, "evidence", ours=f"{percent(chance)} against {percent(grid)}")


# Reading: texts, by the number of the claim

NOT_SHOWN = {
    1: "The word segmentation stands in the title and in the survey; from section V on it occurs three "
    "times, each time as a possible application. No method, data or result of segmentation is given.",
    2: "AlexNet is named up to the survey, and not once from the heading of section V on, where the "
    "methods begin: no weights are loaded, no layer is replaced, no result is printed.",
    3: "All ten mentions of MNIST stand before section V. Nowhere are its files, its shapes or a step of "
    "its preparation given; section V.B.1 names ImageNet and CIFAR-10 as examples instead.",
    5: "No sample, output or prediction appears in the text or its four tables, and by their captions none "
    "of the four figures shows one. No accuracy of a model is printed.",
    6: "The only percentages of the paper are a dropout rate and an example of unequal classes. No "
    "accuracy of its network and none of any benchmark is printed, so there is no comparison.",
    16: "No architecture gets an accuracy, a time or a memory in the paper, so the first is not met, and "
    "the others, which would improve on it, show nothing either. The objectives are not returned to.",
    23: "The next heading, III.A, describes a classifier instead, and so does all that follows. The word "
    "autoencoder occurs once; no such network, no image and no measure of super-resolution is shown.",
    24: "The one network with layers and sizes, Table II, has two convolutions and two dense layers. "
    "DenseNet and EfficientNet are not named from section V on, ResNet only as an inspiration.",
    27: "The word interface occurs once, in this sentence. No screen, command, address or program of it is "
    "shown or named.",
    28: "No two architectures are compared by a number anywhere. Table III compares numbers of layers, "
    "names ten as best, and prints no score.",
    29: "No angle, factor or probability is printed, no varied image is shown, and no training with and "
    "without is compared. Section VI.B.2 lists cropping and colour jittering besides, and no scaling.",
    30: "Both frameworks are named once, as examples. Which was used, in which version and with what "
    "program is not said, and no program is published with the paper.",
    32: "Table IV prints the formulas. No value of any of the four measures is printed, of the model or of "
    "a baseline, so no improvement is demonstrated.",
    33: "Cross-validation is named in this place only. The number of folds, the starting weights and the "
    "scores are missing, and section VIII speaks of one test data set.",
    71: "The four operations are named without an amount, and no expanded data set is counted or shown. "
    "That it varies a training set is what augmentation means; what it brings is another claim.",
    79: "Neither its size nor how it was split off is printed, and no validation accuracy or loss appears, "
    "although section VIII.B.5 speaks of its curve.",
    80: "Both methods are defined correctly, and offered side by side. Which one led to Table III, with "
    "how many trainings and which scores, is not said.",
    95: "No system, address, load or response time of a deployment is named. Production is mentioned twice "
    "in the paper, both times without a place.",
    96: "No data collected after a deployment, no retraining and no accuracy before and after is shown; "
    "the loop is described as a stage of a flowchart.",
    98: "Which measure it watches, its factor and its patience are not printed, and no training time with "
    "and without it is compared. Section V.B.2.a calls such schedules common.",
    99: "Random cropping and colour jittering come without amounts, and no varied image or comparison is "
    "shown. Section III.B names scaling in their place, beside the same rotation and flipping.",
    100: "All seven are defined in section V.C. Section VIII.B returns to them in words such as high and "
    "impressive; not one value is printed.",
    101: "Both are defined in V.C.6. Section VIII.C calls them efficient and reasonable, with no second, "
    "no machine and no number of images.",
    102: "Table III names best values and no round, order or score; its values look like one grid. "
    "Architecture is varied only by a number of layers and a filter size.",
    103: "What makes the model ready for real time is not said: no response time, no interface and no "
    "measured feedback is given. The section repeats the plan of section V.C.",
    104: "No module, program or diagram of parts is published. Detection, segmentation and other data are "
    "called possible, and stand again under future work.",
    105: "Devices, clouds and edge computing are each named as purposes. No export, no size of the model "
    "and no test on such a system is shown; edge computing stands again under future work.",
    122: "The data set has no name, no size and no number of classes or images for training and test; the "
    "augmentation is not listed either. So no experiment of the paper can be repeated.",
    129: "No matrix is printed, and by their captions no figure shows one. Neither a strong nor a weak "
    "class is named, nor how many classes there were.",
    130: "No curve is among the four figures, by their captions, and no loss of any epoch is printed. The "
    "20 epochs of Table III are the only trace of a training's length.",
}
NOTHING_TO_TEST = {
    15: "Questions claim nothing. The paper does not come back to them: the word question does not occur "
    "after section I, and no experiment is assigned to one.",
    34: "All four are expectations without a measure or a level: higher than what, less work by how much, "
    "is not said, and section VIII gives no number for them.",
    35: "That a classifier of images can be applied in four fields is true of any. No data, model or test "
    "of one of them is in the paper.",
    69: "A general truth about where data can come from. Which of these sources the paper's own "
    "experiments used is said nowhere; section VIII.A speaks of a diverse data set.",
    106: "No system that is surpassed is named, and no number printed. The aspects listed are known "
    "techniques; the first, residual connections, is by the paper itself inspired by ResNet.",
    125: "No value, no data set and no way of averaging over classes is printed. With ten classes a macro "
    "and a weighted precision can differ, and high has no threshold.",
    126: "Impressive is no number. Averaged over classes of equal size, recall is the accuracy, so without "
    "data set and average the sentence adds nothing that could be tested.",
    127: "No F1 is printed, and balanced can mean two things: that the score balances precision and "
    "recall, as any F1 does, or that these were alike. Robustness does not follow from either.",
}


LOST = {
    11: "Our copy has the caption and not the picture. The text promises convolutional and fully connected "
    "layers, which AlexNet has, five and three.",
    12: "Our copy has the caption, which names samples of MNIST, and not the picture. The text calls it a "
    "benchmark and gives no number of it.",
    43: "Our copy has the caption and not the picture. It would tell whether residual connections, "
    "normalisation and dropout, which Table II lacks, are part of the network.",
    94: "Our copy has the caption and not the picture. The text goes through ten stages: start, data, "
    "preprocessing, model, training, tuning, evaluation, deployment, feedback, end; two of them are "
    "numbered. None has a result.",
}

# Outcome, evidence.
READ = {
    4: (
        "holds in part",
        "A network is given: Table II, two convolutions and ten outputs. But it takes colour images of 224 "
        "pixels where the digits are grey and have 28, the text nowhere connects it with digits, and MNIST "
        "is not named from section V on.",
    ),
    19: (
        "holds",
        "Under it stand feature engineering, classifiers and limitations. Interpolation, in any form, "
        "occurs nowhere else in the paper; it is a method of super-resolution, of which section III speaks.",
    ),
    31: (
        "holds in part",
        "Table III lists three learning rates, three batch sizes and the best of each, so a tuning is "
        "shown. That the best was reached is not: no score, data set or number of runs is printed.",
    ),
}
LOOKED_UP = {
    7: (
        "holds",
        "Reference [2] is by these three, and their entry won the ImageNet challenge of 2012 with 15.3 % "
        "errors among five guesses, the second 26.2 %, as its abstract says.",
    ),
    9: (
        "holds",
        "Krizhevsky, Sutskever and Hinton (2012) use ReLU (section 3.1) and dropout of one half in the "
        "first two dense layers, to reduce overfitting (section 4.2). `build_alexnet` has the same.",
    ),
    13: (
        "holds",
        "Reference [1] introduced it in 1998: 60,000 digits to learn from, by some 250 writers, and 10,000 "
        "of other writers to test; it has been a benchmark since. The paper prints no size.",
    ),
    37: (
        "fails",
        "Fast R-CNN [14] takes its proposals from outside, by selective search. The region proposal "
        "network came later in the same year with Faster R-CNN [11], as the survey itself says a few "
        "sentences before.",
    ),
    40: (
        "holds in part",
        "Reference [8] trains up to 152 layers by shortcuts, on CIFAR-10 more than a thousand. But its "
        "section 4.1 finds healthy gradients in deep networks without shortcuts, too, and calls vanishing "
        "gradients an unlikely cause: shortcuts address a rising training error.",
    ),
    145: (
        "holds in part",
        "Paths with kernels of 1 x 1, 3 x 3 and 5 x 5 are in [4]. Asymmetric ones, such as 1 x 7 and 7 x "
        "1, are not: they came with the next version, in section 3.2 of [10].",
    ),
    146: (
        "holds in part",
        "It is the explanation that [6] gives. Santurkar, Tsipras, Ilyas and Madry (NeurIPS 2018) measured "
        "the shift: noise that brings it back leaves the gain, and normalisation can even increase it. "
        "That training gets faster is not in doubt.",
    ),
    149: (
        "holds",
        "The entry names volume 25 of the proceedings of 2012, pages 1097 to 1105. 10.1145/3065386 is "
        "registered for Communications of the ACM 60 (6), 2017, where the article was printed again.",
    ),
}

WAITING = {
    55: (
        "the lesson on robustness: Table II at 28 pixels with and without its poolings, on digits moved by "
        "one to three pixels",
        "The paper prints no test of it. Two poolings of 2 x 2 can absorb a shift of a pixel or so; "
        "whether they do must be measured with and without them, which no recorded run has done.",
    ),
    133: (
        "the lesson on robustness: the SVM on gradients and our networks on the same noisy, blurred and "
        "shifted images",
        "The paper prints no test of it. Accuracy is compared, in another claim; no recorded run has yet "
        "shown changed images to a classical model and to a network side by side.",
    ),
    135: (
        "the full run of the lesson on the MNIST CNN: validation accuracy after each epoch, with and without "
        "normalisation, at each rate",
        "The paper prints no curve. Our trainings with and without normalisation recorded where they "
        "ended, not how they got there, so the speed cannot be read from them yet.",
    ),
    144: (
        "the lesson on explaining: the 32 kernels of Table II's first layer after training, and what "
        "excites each",
        "The paper shows no kernel. For AlexNet its authors printed edges and blobs of colour; of the "
        "network of Table II no recorded run has looked at the first layer.",
    ),
}

INTENDED = {
    107: "Named as promising in both places; the survey describes the authors' own vision transformers.",
    108: "The paper has none. Two other papers of this course do what it proposes.",
    109: "The paper trains no generative model; its augmentation varies images that exist.",
    110: "Nothing of it was tried; the paper's training needs a label for every image.",
    111: "The paper's feedback loop adjusts or retrains where necessary, which is something else.",
    112: "No device, no split of the data and no measure of privacy is named.",
    113: "How long the training took on one machine is not printed either.",
    114: "Section VI.G claims the integration with edge computing as done, this sentence as future.",
    115: "No group of people is named in the paper, and its data set has no name.",
    116: "No attack was tried; section VIII nevertheless calls the model robust.",
    117: "Section VI.F claims the transfer to other domains as a property, this sentence as future.",
    118: "Medical imaging, driving and inspection are named, and nobody is.",
    119: "No decision of the model is explained in the paper; healthcare and finance are the reasons given.",
    120: "The paper shows no picture from inside its network; debugging and laymen are the reasons given.",
}

# Lessons that show what these claims are about.
SHOWN_IN = {
    "alexnet_transfer": (11, 7, 9, 2, 24, 28),
    "mnist_cnn": (12, 43, 4, 135, 3, 5, 6, 30, 32, 79, 98, 130),
    "tuning": (31, 80, 102),
    "look_at_the_data": (13,),
    "prepare_the_images": (29, 71, 99),
    "k_fold": (33,),
    "judging_models": (100, 101, 129),
    "evolved_architectures": (108,),
}


def read_text(claim: Claim) -> Finding:
    number = _number(claim)
    if number in NOT_SHOWN:
        return _read("not shown", TEXT, NOT_SHOWN[number])
    if number in NOTHING_TO_TEST:
        return _read("nothing to test", TEXT, NOTHING_TO_TEST[number])
    if number in LOST:
        return _read("lost", TEXT, LOST[number])
    if number in WAITING:
        run, text = WAITING[number]
        return _read("waits for a run", OWN, text, "inference", would_decide=run)
    if number in READ:
        outcome, text = READ[number]
        return _read(outcome, TEXT, text)
    outcome, text = LOOKED_UP[number]
    return _read(outcome, LITERATURE, text, "evidence")


def read_intention(claim: Claim) -> Finding:
    first, second = (part.strip() for part in claim.place.split(";"))
    said = INTENDED[_number(claim)]
    text = f"Proposed for later in {first} and again in {second}; no result is claimed. {said}"
    return _read("intention", TEXT, text)


def _register() -> None:
    lessons = {number: lesson for lesson, numbers in SHOWN_IN.items() for number in numbers}
    for texts in (NOT_SHOWN, NOTHING_TO_TEST, LOST, READ, LOOKED_UP, WAITING):
        for number in texts:
            claims(number, lesson=lessons.get(number, ""))(read_text)
    for number in INTENDED:
        claims(number, lesson=lessons.get(number, ""))(read_intention)


_register()
