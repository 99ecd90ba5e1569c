"""What we found about the claims of `cifar10-report`, in the order of its sections."""

import math
import tomllib
from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import pairwise, product
from statistics import fmean

from helpers.ledger.claims import Claim
from helpers.ledger.findings import Finding, Number, Recorded, Rest, WaitsForRun, decides
from helpers.ledger.rules import (
    SEEDS,
    Decision,
    bounds,
    counting,
    equivalence,
    pairing,
    ratio,
    read_printed,
    rounding,
)
from helpers.paths import DATA

# What the report prints, digit by digit.
TABLE_1 = {
    "airplane": ("0.64153", "0.25299"),
    "automobile": ("0.54890", "0.31109"),
    "bird": ("0.49409", "0.25678"),
    "cat": ("0.46323", "0.28865"),
    "deer": ("0.42994", "0.25072"),
    "dog": ("0.42244", "0.26808"),
    "frog": ("0.42081", "0.26383"),
    "horse": ("0.54750", "0.30047"),
    "ship": ("0.64741", "0.24978"),
    "truck": ("0.69712", "0.27628"),
}
MEANS = ("0.49140", "0.48216", "0.44653")  # red, green, blue
DEVIATIONS = ("0.24703", "0.24349", "0.26159")
SHORT_MEANS = ("0.491", "0.482", "0.447")
SHORT_DEVIATIONS = ("0.247", "0.243", "0.261")
RANKINGS = {  # in the text under Table 1: column, whether the highest, classes and their values
    29: ("mean", True, {"truck": "0.697", "ship": "0.647"}),
    30: ("mean", False, {"frog": "0.421", "dog": "0.422"}),
    31: ("deviation", True, {"automobile": "0.311", "horse": "0.300"}),
    32: ("deviation", False, {"ship": "0.250", "deer": "0.251"}),
}
CHOSEN = {"conv_layers": 2, "filters": (64, 32), "units": 128, "optimizer": "rmsprop"}
SEARCH_ACCURACY = "0.616200000476837"
SEARCH_TIME = "00h 06m 24s"
STEPS = "704"
PACES = ((17, 23), (17, 24), (18, 26), (16, 23), (17, 25))  # seconds an epoch, ms a step, as logged
LOG = {  # epoch -> accuracy, loss, validation accuracy, validation loss; the line of epoch 18 is lost
    1: ("0.2653", "1.9738", "0.3996", "1.608"),
    2: ("0.4606", "1.4980", "0.5658", "1.272"),
    3: ("0.5223", "1.3448", "0.5896", "1.173"),
    4: ("0.5601", "1.2599", "0.5950", "1.145"),
    5: ("0.5740", "1.2094", "0.6018", "1.118"),
    6: ("0.5896", "1.1673", "0.6140", "1.100"),
    7: ("0.6016", "1.1352", "0.6036", "1.108"),
    8: ("0.6128", "1.1128", "0.5026", "1.520"),
    9: ("0.6246", "1.0884", "0.6186", "1.238"),
    10: ("0.6264", "1.0811", "0.6316", "1.080"),
    11: ("0.6326", "1.0656", "0.6746", "0.937"),
    12: ("0.6366", "1.0508", "0.5948", "1.204"),
    13: ("0.6382", "1.0541", "0.5762", "1.212"),
    14: ("0.6353", "1.0578", "0.6836", "0.967"),
    15: ("0.6434", "1.0461", "0.6916", "0.925"),
    16: ("0.6475", "1.0296", "0.6660", "1.002"),
    17: ("0.6472", "1.0326", "0.6572", "0.996"),
    19: ("0.6480", "1.0426", "0.4770", "1.467"),
    20: ("0.6486", "1.0156", "0.6680", "1.001"),
}
TEST_ACCURACY = "0.6575999855995178"
PRECISION = "0.6890180949955423"
RECALL = "0.657600000000001"
F1 = "0.6649735856295848"
TABLE_2 = {"accuracy": "0.657", "precision": "0.689", "recall": "0.658", "F1": "0.665"}
TABLE_3 = {"accuracy": "0.656", "precision": "0.681", "recall": "0.656", "F1": "0.644"}
DEER = {"images": 1000, "predicted": 792, "correct": 513}

# What everybody knows of CIFAR-10, and what the printed settings make of it.
IMAGES = {"training": 50_000, "validation": 5_000, "test": 10_000}
EPOCHS = 20
RISE = 5  # the first quarter of the epochs: later, validation accuracy jumps about a level
WIDE = 1.96  # standard errors to either side: a 95 % interval

TUNED = "report_cnn_tuned"  # the network of section 4.3, trained as printed, over seeds
EXAMPLE = "report_cnn_example"  # that of section 4.1


def name_claims(numbers: Iterable[int]) -> list[str]:
    """Return the ids of claims."""
    return [f"cifar10-report-{number:02d}" for number in numbers]


def find_number(claim: Claim) -> int:
    """Return the number at the end of a claim's id."""
    return int(claim.id.rpartition("-")[2])


def conclude(decision: Decision, basis: str, certainty: str, evidence: str, **more: str) -> Finding:
    """Return the finding that a decision makes."""
    return Finding(decision.outcome, basis, certainty, evidence, decision.rule, rests=decision.rests, **more)


def read(
    outcome: str, evidence: str, basis: str = "paper text", certainty: str = "proof", **more: str
) -> Finding:
    """Return a finding that reading decides."""
    return Finding(outcome, basis, certainty, evidence, "reading", **more)


def build(evidence: str, decision: Decision | None = None, ours: str = "") -> Finding:
    """Return the finding about a method or a setting that ours follows, unless a count contradicts it."""
    outcome = "built" if decision is None or decision.outcome == "holds" else decision.outcome
    rests = decision.rests if decision else ()
    return Finding(outcome, "own run", "evidence", evidence, "building", ours=ours, rests=rests)


def join(decisions: Sequence[Decision]) -> Decision:
    """Return one decision of several: theirs if they agree, else that it holds in part.

    Where one of them is inconclusive, all are.
    """
    outcomes = {decision.outcome for decision in decisions}
    if "inconclusive" in outcomes:
        outcome = "inconclusive"
    else:
        outcome = outcomes.pop() if len(outcomes) == 1 else "holds in part"
    rests = tuple(rest for decision in decisions for rest in decision.rests)
    return Decision(outcome, decisions[0].rule, rests)


def list_words(words: Iterable[object]) -> str:
    """Return `a, b and c`."""
    *first, last = map(str, words)
    return f"{', '.join(first)} and {last}" if first else last


# Section 2: the data


@decides("cifar10-report-01", lesson="look_at_the_data")
def count_images(claim: Claim) -> Finding:
    images = Recorded("look_at_the_data").value("cifar10_images")
    return conclude(
        counting(50_000, images),
        "data",
        "proof",
        f"The files of CIFAR-10 hold {images:,.0f} images: 50,000 for training and 10,000 for testing. "
        "The printed 50,000 is the number of training images alone.",
        ours=f"{images:,.0f}",
    )


@decides("cifar10-report-02", lesson="look_at_the_data")
def measure_image(claim: Claim) -> Finding:
    files = tomllib.loads((DATA / "catalog.toml").read_text(encoding="utf-8"))["cifar10"]["files"]
    record = files[0]["size"] // 10_000
    return conclude(
        counting(1 + 32 * 32 * 3, record),
        "data",
        "proof",
        f"Each file of 10,000 images has {files[0]['size']:,} bytes, {record:,} an image: one for the label, "
        "and 3,072 = 32 x 32 x 3 for red, green and blue of an image of 32x32 pixels, as printed.",
        ours="32 x 32 x 3",
    )


@decides("cifar10-report-03", lesson="look_at_the_data")
def count_classes(claim: Claim) -> Finding:
    names = list(Recorded("look_at_the_data").table("all_images").index)
    named = {"airplane", "automobile", "bird"} <= set(names)
    return conclude(
        counting((10, True), (len(names), named)),
        "data",
        "proof",
        f"The labels name {len(names)} classes, 10 as printed: {list_words(names)}.",
        ours=str(len(names)),
    )


@decides("cifar10-report-04", lesson="prepare_the_images")
def divide_by_255(claim: Claim) -> Finding:
    low, high = 0 / 255.0, 255 / 255.0
    return conclude(
        counting((0.0, 1.0), (low, high)),
        "printed numbers",
        "proof",
        "A pixel is stored in one byte, from 0 to 255; divided by 255.0, as the listing does, it lies from "
        f"{low:.0f} to {high:.0f}.",
        ours="0 to 1",
    )


@decides("cifar10-report-05", lesson="prepare_the_images")
def find_generator(claim: Claim) -> Finding:
    return read(
        "holds",
        "Section 2.2 sets up a generator of this kind, and the loop of section 7 takes its images from it "
        "(datagen.flow). In Keras it still runs, under the name of a legacy interface.",
    )


AUGMENTATIONS = {
    6: ("draw_affine(rotation=20)", "turns images by up to 20 degrees to either side"),
    7: ("draw_affine(shift=0.2)", "moves images sideways by up to 0.2 of their width, 6 pixels of 32"),
    8: ("draw_affine(shift=0.2)", "draws another shift up or down, by up to 0.2 of the height"),
    10: ("draw_affine(zoom=0.2)", "magnifies by 0.8 to 1.2, that is by up to 0.2 either way"),
}


@decides(*name_claims(AUGMENTATIONS), lesson="prepare_the_images")
def build_augmentation(claim: Claim) -> Finding:
    call, does = AUGMENTATIONS[find_number(claim)]
    return build(
        f"Our `{call}` {does}, as the listing asks, and `warp` applies it; tests check that this limit is "
        "reached and not passed. It says nothing about whether it helps."
    )


@decides("cifar10-report-09", lesson="prepare_the_images")
def build_mirror(claim: Claim) -> Finding:
    return build(
        "Our `flip` mirrors each image left to right with probability one half, as horizontal_flip=True "
        "does; a test checks that it changes nothing else."
    )


@decides("cifar10-report-11", lesson="prepare_the_images")
def build_shear(claim: Claim) -> Finding:
    change = Recorded("prepare_the_images").value("shear_change")
    edge = 15.5 * math.tan(math.radians(0.15))
    return build(
        "Our `draw_affine(shear=0.15)` reads the printed 0.15 as Keras does, in degrees. So little moves "
        f"the edge of an image by {edge:.2f} pixels and changes a pixel by {change:.2f} of 255 grey levels "
        "on average: the setting is followed and cannot be seen.",
        ours=f"{change:.2f} of 255 grey levels",
    )


@decides("cifar10-report-12", lesson="prepare_the_images")
def read_generator_fit(claim: Claim) -> Finding:
    return read(
        "holds",
        "Keras' documentation says that ImageDataGenerator.fit is required only for featurewise_center, "
        "featurewise_std_normalization or zca_whitening; the listing sets none of the three, so nothing "
        "that fit computes is used.",
        "literature",
    )


@decides("cifar10-report-13", lesson="cifar10_cnn")
def find_augmented_training(claim: Claim) -> Finding:
    seen = Recorded("cifar10_cnn")
    used, idle = (seen.cell("results", f"{name}, best", "accuracy") for name in ("augmented", "plain"))
    return read(
        "holds in part",
        "The loop of section 7 trains on augmented images, but model.fit(x_train, y_train, ...) of section "
        "5, whose results the report gives, does not. In one training of ours with these amounts the best "
        f"epoch has {used:.1%} on test images, without them {idle:.1%}, after 20 epochs each.",
        ours=f"{100 * (used - idle):+.1f} points (1 seed)",
    )


# Section 3: looking at the data


@decides("cifar10-report-14", lesson="look_at_the_data")
def count_training_images(claim: Claim) -> Finding:
    counts = list_class_sizes()
    sizes = list_words(sorted({f"{one:.0f}" for one in counts}))
    return conclude(
        join([counting(5000, one) for one in counts]),
        "data",
        "proof",
        f"Of the images of each class, less those of the test set, there are {sizes}; printed are 5000.",
        ours=f"{sizes} of each",
    )


def list_class_sizes() -> list[Number]:
    """Return the number of training images of each class: of all images, less those of the test set."""
    all_images, by_class = Recorded("look_at_the_data"), Recorded("cifar10_cnn")
    counts = []
    for name in TABLE_1:
        both = all_images.cell("all_images", name, "images")
        counts.append(Number(both - by_class.cell("by_class", name, "images"), both.source))
    return counts


@decides("cifar10-report-15")
def find_figure_2(claim: Claim) -> Finding:
    return read(
        "lost",
        "Our copy of the text has the caption of Figure 2 and no pictures, so that neither the classes nor "
        "the images can be seen.",
        would_decide="the report as a PDF",
    )


@decides(*name_claims(range(16, 26)), lesson="look_at_the_data")
def compare_class_statistics(claim: Claim) -> Finding:
    name = list(TABLE_1)[find_number(claim) - 16]
    printed, seen = TABLE_1[name], Recorded("look_at_the_data")
    true = [seen.cell("whole", name, column) for column in ("mean", "deviation")]
    off = seen.value("top_row_distance")
    return conclude(
        join([rounding(*pair) for pair in zip(printed, true, strict=True)]),
        "data",
        "proof",
        f"Over all pixels of the 5,000 training images of class {name} mean and standard deviation are "
        f"{true[0]:.5f} and {true[1]:.5f}; printed are {printed[0]} and {printed[1]}. The printed pair is "
        "that of the top row of pixels alone, which gives all twenty values of the table to within "
        f"{off:.6f}.",
        ours=f"{true[0]:.5f}; {true[1]:.5f}",
    )


@decides("cifar10-report-26", "cifar10-report-27", lesson="look_at_the_data")
def compare_channels(claim: Claim) -> Finding:
    printed, what = {26: (MEANS, "mean"), 27: (DEVIATIONS, "deviation")}[find_number(claim)]
    true = list_channels(what)
    shown = list_words(f"{one:.5f}" for one in true)
    return conclude(
        join([rounding(*pair) for pair in zip(printed, true, strict=True)]),
        "data",
        "proof",
        "Red, green and blue of all training images have the "
        f"{'means' if what == 'mean' else 'standard deviations'} {shown}; printed are "
        f"{list_words(printed)}.",
        ours=shown,
    )


def list_channels(what: str) -> list[Number]:
    """Return mean or deviation of red, green and blue."""
    seen = Recorded("look_at_the_data")
    return [seen.cell("channels", f"{what} {colour}", "CIFAR-10") for colour in ("red", "green", "blue")]


@decides("cifar10-report-28", lesson="look_at_the_data")
def balance_table_1(claim: Claim) -> Finding:
    by_class = fmean(float(one) for one, _ in TABLE_1.values())
    low, high = (fmean(ends) for ends in zip(*map(read_printed, MEANS), strict=True))
    return conclude(
        bounds(f"{by_class:.5f}", low, high),
        "printed numbers",
        "proof",
        "With equally many images a class, the mean of the ten class means must be the mean of the three "
        f"channel means. By the printed values the one is {by_class:.5f}, the other "
        f"{(low + high) / 2:.5f}: the rows are not of the same pixels.",
        ours=f"{by_class:.5f} against {(low + high) / 2:.5f}",
    )


@decides(*name_claims(RANKINGS), lesson="look_at_the_data")
def rank_classes(claim: Claim) -> Finding:
    column, highest, named = RANKINGS[find_number(claim)]
    seen = Recorded("look_at_the_data")
    true = {name: seen.cell("whole", name, column) for name in TABLE_1}
    first = sorted(true, key=true.__getitem__, reverse=highest)[:2]
    names = [counting(True, name in first) for name in named]
    values = [rounding(printed, true[name]) for name, printed in named.items()]
    right = [("none", "one", "both")[sum(one.outcome == "holds" for one in part)] for part in (names, values)]
    what = f"{'highest' if highest else 'lowest'} {'means' if column == 'mean' else 'standard deviations'}"
    shown = list_words(f"{name} ({true[name]:.3f})" for name in first)
    return conclude(
        join(names + values),
        "data",
        "proof",
        f"Over all pixels of the training images the {what} are those of {shown}. The report names "
        f"{list_words(f'{name} with {value}' for name, value in named.items())}. Of its two classes "
        f"{right[0]} is right, of its two values {right[1]}.",
        ours=shown,
    )


@decides("cifar10-report-33", lesson="look_at_the_data")
def compare_with_grey(claim: Claim) -> Finding:
    true = list_channels("mean")
    middle = fmean(true)
    decision = counting(True, middle < 0.5)
    return conclude(
        decision._replace(rests=(Rest(tuple(one.source for one in true), 0.0, 0.5),)),
        "data",
        "inference",
        f"The mean of all pixels is {middle:.4f}, a little below 0.5, the middle between black and white. "
        "That is our reading of darker shades; the report names none.",
        ours=f"{middle:.4f}",
    )


@decides("cifar10-report-34", lesson="look_at_the_data")
def find_most_varied_channel(claim: Claim) -> Finding:
    red, green, blue = list_channels("deviation")
    decision = counting(True, blue > max(red, green))
    return conclude(
        decision._replace(rests=(Rest((blue.source,), max(red, green), 1.0),)),
        "data",
        "proof",
        f"The standard deviations of all training images are {red:.4f} in red, {green:.4f} in green and "
        f"{blue:.4f} in blue, for which the text prints 0.261: the blue one is the largest.",
        ours=f"{blue:.4f}",
    )


@decides("cifar10-report-35", "cifar10-report-36", lesson="look_at_the_data")
def shorten_channels(claim: Claim) -> Finding:
    short, long = {35: (SHORT_DEVIATIONS, DEVIATIONS), 36: (SHORT_MEANS, MEANS)}[find_number(claim)]
    decision = join([rounding(one, float(other)) for one, other in zip(short, long, strict=True)])
    true = list_words(f"{float(one):.3f}" for one in long)
    end = "all three are rounded" if decision.outcome == "holds" else "the last is cut off, not rounded"
    return conclude(
        decision,
        "printed numbers",
        "proof",
        f"Table 1 prints {list_words(long)}, which round to {true}. The text gives {list_words(short)}: "
        f"{end}.",
        ours=true,
    )


@decides("cifar10-report-144")
def find_geometry(claim: Claim) -> Finding:
    return read(
        "not shown",
        "Section 3.3 gives means and standard deviations of pixels, and nothing on geometry. No bias or "
        "anomaly is named, and the statistics are not used afterwards: the listing of section 2.2 divides "
        "by 255.",
    )


# Section 4: the networks and the search


def count_convolution(size: int, maps: int, filters: int) -> int:
    """Return the parameters of a convolution that reads so many maps."""
    return (size * size * maps + 1) * filters


def count_dense(inputs: int, units: int) -> int:
    """Return the parameters of a dense layer."""
    return (inputs + 1) * units


def count_parameters(filters: Sequence[int], units: int, side: int = 32) -> int:
    """Return the parameters of a network of the report, for colour images.

    Args:
        filters: of each convolution of 3 by 3 without padding; pooling of 2 by 2 follows.
        units: of the dense layer before the ten outputs.
        side: of the images, in pixels.
    """
    maps, total = 3, 0
    for width in filters:
        total += count_convolution(3, maps, width)
        maps, side = width, (side - 2) // 2
    return total + count_dense(side * side * maps, units) + count_dense(units, 10)


@decides("cifar10-report-37", lesson="cifar10_cnn")
def build_example(claim: Claim) -> Finding:
    ours = Recorded("cifar10_cnn").cell("results", "example, last", "parameters")
    by_hand = count_parameters([32], 128)
    return build(
        "`build_example` of our lesson stacks the printed layers: 32 filters of (3, 3), pooling, dropout, "
        f"flattening, 128 units and 10. By hand they have {by_hand:,} parameters, ours has {ours:,.0f}; "
        "the report prints no number.",
        counting(by_hand, ours),
        ours=f"{ours:,.0f} parameters",
    )


@decides("cifar10-report-38", lesson="cifar10_cnn")
def build_example_dropout(claim: Claim) -> Finding:
    return build(
        "`build_example` of our lesson has dropout 0.2 after its pooling, as the listing has. The networks "
        "of the search in section 4.2 have other shares."
    )


@decides("cifar10-report-39", lesson="cifar10_cnn")
def compile_example(claim: Claim) -> Finding:
    return build(
        "`fit` trains our copy of the example with Keras' Adam at its defaults and sparse categorical "
        "cross-entropy, and logs accuracy: what the listing compiles with 'adam'."
    )


@decides("cifar10-report-40", lesson="cifar10_cnn")
def read_filters(claim: Claim) -> Finding:
    return read(
        "nothing to test",
        "That 32 filters are common and balance cost and performance is a rule of thumb: no other number "
        "of filters, no cost and no picture of the filters stands beside it.",
    )


@decides("cifar10-report-41", lesson="cifar10_cnn")
def read_relu(claim: Claim) -> Finding:
    return read(
        "holds",
        "Glorot, Bordes and Bengio (2011) report exact zeros in about half of the hidden outputs and "
        "gradients that pass active units undiminished; Krizhevsky, Sutskever and Hinton (2012) a network "
        "that learns CIFAR-10 six times faster with ReLU than with tanh. The report itself compares "
        "nothing.",
        "literature",
        "evidence",
    )


@decides("cifar10-report-42", lesson="cifar10_cnn")
def add_softmax(claim: Claim) -> Finding:
    powers = [math.exp(place - 4.5) for place in range(10)]
    total = math.fsum(power / sum(powers) for power in powers)
    return conclude(
        counting(1.0, round(total, 12)),
        "printed numbers",
        "proof",
        "Softmax divides ten positive numbers by their sum, so that the ten shares are positive and add up "
        f"to 1; of ten outputs from -4.5 to 4.5 they add up to {total:.6f}.",
        ours=f"{total:.6f}",
    )


SEARCH = {
    43: "The printed search is rebuilt in `search_as_printed` of our lesson, with RandomSearch of Keras Tuner. The "
    "report imports it by its old name kerastuner, which still works and warns.",
    48: "`build_report_cnn` ends each block with dropout 0.25, the share of the listing.",
    50: "`build_report_cnn` has dropout 0.5 between its dense layer and its output, the share of the listing.",
    52: "Keras Tuner is asked for the highest val_accuracy, as in the listing; a trial of `search_as_printed` is "
    "scored by its best epoch.",
    53: "`search_as_printed` stops after 3 trials, as max_trials asks; the lesson repeats such searches a hundred "
    "times, without training, to see what they pick.",
    54: "`judge_twice` trains each trial of the printed search 2 times, with two seeds, and averages, as "
    "executions_per_trial asks.",
}


@decides(*name_claims(SEARCH), lesson="tuning")
def build_search(claim: Claim) -> Finding:
    return build(SEARCH[find_number(claim)])


CHOICES = {  # column of the recorded trials, its values, what they are
    44: ("conv_layers", [1, 2, 3], "convolutions", "1 to 3"),
    45: ("filters_0", [32, 64, 96, 128], "filters in the first layer", "32 to 128, step=32"),
    49: ("units", list(range(64, 513, 64)), "dense units", "64 to 512, step=64"),
    51: ("optimizer", ["adam", "rmsprop", "sgd"], "optimisers", "adam, rmsprop and sgd"),
    55: ("epochs", [3], "epochs", "3"),
}


@decides(*name_claims(CHOICES), lesson="tuning")
def build_choices(claim: Claim) -> Finding:
    column, values, what, printed = CHOICES[find_number(claim)]
    trials = Recorded("tuning").table("trials")
    drawn = sorted(trials.loc[trials["method"] == "random", column].unique())
    return build(
        f"The networks that our random `search` trained have {list_words(drawn)} {what}; the listing has "
        f"{printed}.",
        counting(values, drawn),
        ours=list_words(drawn),
    )


@decides("cifar10-report-46", "cifar10-report-47", lesson="tuning")
def build_block(claim: Claim) -> Finding:
    ours = Recorded("cifar10_cnn").value("parameters")
    by_hand = count_parameters(CHOSEN["filters"], CHOSEN["units"])
    what = {
        46: "convolves by (3, 3) without padding, Keras' default",
        47: "pools by (2, 2) after each convolution, so that sides of 32 pixels shrink to 15 and then to 6",
    }[find_number(claim)]
    return build(
        f"`build_report_cnn` {what}. With the report's best settings that makes {by_hand:,} parameters by "
        f"hand, and ours has {ours:,.0f}.",
        counting(by_hand, ours),
        ours=f"{ours:,.0f} parameters",
    )


@decides("cifar10-report-56", lesson="tuning")
def build_search_split(claim: Claim) -> Finding:
    share = Recorded("tuning").result.manifest["parameters"]["validation"]
    return build(
        f"Our searches keep {share} of the images for validation, 0.1 as in the listing; ours are drawn "
        "alike from every class, where Keras takes the last ones.",
        counting(0.1, share),
        ours=str(share),
    )


def list_configurations() -> list[dict[str, object]]:
    """Return all that the printed search can choose from."""
    return [
        {"conv_layers": depth, "filters": filters, "units": units, "optimizer": optimiser}
        for depth in (1, 2, 3)
        for filters in product(range(32, 129, 32), repeat=depth)
        for units in range(64, 513, 64)
        for optimiser in ("adam", "rmsprop", "sgd")
    ]


@decides("cifar10-report-57", lesson="tuning")
def count_trials(claim: Claim) -> Finding:
    space = len(list_configurations())
    best = round(0.05 * space)
    chance = 1 - math.comb(space - best, 3) / math.comb(space, 3)
    return read(
        "not shown",
        f"The space holds {space:,} configurations and three were tried, {3 / space:.2%}. What is shown is "
        "the best of three; three picks, each configuration as likely, hold one of the best 5 % in "
        f"{chance:.0%} of searches.",
        "printed numbers",
        ours=f"3 of {space:,}",
        would_decide="a search that covers the space, or the scores of many trials",
    )


@decides("cifar10-report-58", lesson="tuning")
def count_covered(claim: Claim) -> Finding:
    all_three = math.factorial(3) / 3**3
    return read(
        "not shown",
        "Layers 1 to 3, filters 32 to 128, units 64 to 512 and three optimisers could be drawn, but only "
        "three trials were made and only the best is printed. Three random trials hold all three "
        f"optimisers in {all_three:.0%} of searches, all optimisers and all depths in {all_three**2:.0%}, "
        "and never all eight numbers of units.",
        "printed numbers",
        ours=f"{all_three:.0%}",
        would_decide="the log of the three trials",
    )


@decides("cifar10-report-59", lesson="tuning")
def compare_search_accuracy(claim: Claim) -> Finding:
    ours = Recorded("tuning").value("report_at_scale")
    decision = judge_accuracy(SEARCH_ACCURACY, [ours])
    return conclude(
        decision,
        "own run",
        "evidence",
        f"Printed is {SEARCH_ACCURACY}, the best of three trials, each a mean of two trainings. Ours is "
        f"one such mean of the best configuration, from 45,000 images: {ours:.4f}. One mean of two says "
        "nothing about the spread, and the best of three is higher than a single one.",
        ours=f"{ours:.1%} (2 seeds)",
        would_decide="the printed search with 45,000 images, over three seeds or more",
    )


@decides("cifar10-report-60", lesson="tuning")
def compare_search_time(claim: Claim) -> Finding:
    search = 6 * 60 + 24
    trial = fmean(Recorded("tuning").rows("trials", "seconds", method="random"))
    training = Recorded("cifar10_cnn").value("plain_seconds")
    scaled = 3 * 2 * trial * 45_000 / 5_000
    printed, ours = search / (EPOCHS * 17), scaled / training
    near = ratio(printed, ours).outcome == "replicated"
    return Finding(
        "reached otherwise" if near else "inconclusive",
        "own run",
        "evidence",
        f"{SEARCH_TIME} are {search} s or {search / 18:.1f} s an epoch, {printed:.1f} times the printed "
        f"training of 20 epochs of 16 to 18 s. On our machine six such trainings cost {ours:.1f} times a "
        "training; they learned from 5,000 images, and nine times their seconds are counted.",
        "ratio",
        ours=f"{ours:.1f} times a training",
        would_decide="the printed search timed with 45,000 images beside the printed training",
    )


def average_scores(column: str) -> dict[object, float]:
    """Return the mean score of our random trials by one of their settings."""
    trials = Recorded("tuning").table("trials")
    trials = trials[trials["method"] == "random"]
    return {value: float(part.mean()) for value, part in trials.groupby(column)["score"]}


ALONE = "this value changed alone, with 45,000 images and at least three seeds"


@decides("cifar10-report-61", "cifar10-report-63", "cifar10-report-64", lesson="tuning")
def compare_best_settings(claim: Claim) -> Finding:
    column, what = {
        61: ("conv_layers", "convolutions"),
        63: ("units", "units"),
        64: ("optimizer", "as optimiser"),
    }[find_number(claim)]
    scores, printed = average_scores(column), CHOSEN[column]
    first = max(scores, key=scores.__getitem__)
    return Finding(
        "inconclusive",
        "own run",
        "evidence",
        f"Printed is {printed}. Our 36 random trials learned from 5,000 images, not 45,000: with {printed} "
        f"{what} they average {scores[printed]:.1%} on validation images, highest is {first} with "
        f"{scores[first]:.1%}. The other settings change along, and other trials cannot refute what three "
        "trials found.",
        "pairing",
        ours=f"{scores[printed]:.1%} against {scores[first]:.1%}",
        would_decide=ALONE,
    )


@decides("cifar10-report-62", lesson="tuning")
def compare_best_filters(claim: Claim) -> Finding:
    default = Recorded("tuning").value("second_width_32")
    return Finding(
        "inconclusive",
        "own run",
        "evidence",
        "Printed are 64 and 32. By the printed listing Keras Tuner meets the second width only once a "
        "network has two layers, and then takes the smallest: in 100 such searches, without training, "
        f"{default:.0%} of the second layers had 32 filters, not a quarter. So the 32 may come from the "
        "listing and not from tests.",
        "pairing",
        ours=f"{default:.0%} by default",
        would_decide=ALONE,
    )


@decides("cifar10-report-65", lesson="tuning")
def find_best_configuration(claim: Claim) -> Finding:
    space = list_configurations()
    return conclude(
        counting(True, CHOSEN in space),
        "printed numbers",
        "proof",
        f"2 layers of 64 and 32 filters, 128 units and rmsprop are one of the {len(space):,} "
        "configurations that the printed search can choose; it has "
        f"{count_parameters(CHOSEN['filters'], CHOSEN['units']):,} parameters.",
        ours=f"one of {len(space):,}",
    )


@decides("cifar10-report-147", lesson="cifar10_cnn")
def find_overfitting(claim: Claim) -> Finding:
    seen = Recorded(EXAMPLE)
    last = [seen.rows("histories", column, epoch=EPOCHS) for column in ("val_accuracy", "accuracy")]
    held, learned = map(fmean, last)
    return conclude(
        compare_runs(*last),
        "own run",
        "evidence",
        f"In epoch {EPOCHS} the example, with its dropout of 0.2, is right on {learned:.1%} of the "
        f"training images, dropout on, and on {held:.1%} of the validation images (means over "
        f"{len(last[0])} seeds). If to prevent means that training does not pull away from validation, "
        "dropout did not.",
        ours=f"{100 * (learned - held):.1f} points apart ({len(last[0])} seeds)",
        would_decide="at least three seeds",
    )


# How trainings of ours are compared with what is printed


def judge_accuracy(printed: str, ours: Sequence[Number], differs: str = "") -> Decision:
    """Compare a printed share with ours over seeds, both from 0 to 1, by the rule for percentages."""
    percent = [Number(100 * one, one.source) for one in ours]
    decision = equivalence(100 * float(printed), percent, differs=differs)
    rests = (Rest(rest.sources, rest.low / 100, rest.high / 100) for rest in decision.rests)
    return decision._replace(rests=tuple(rests))


def compare_runs(ours: Sequence[Number], others: Sequence[Number], times: int = 1) -> Decision:
    """Judge that runs are better than others of the same seeds, by a paired t test.

    Args:
        ours: one value a seed, of what is claimed to be better.
        others: of what it is compared with, in the same order.
        times: of how many comparisons this is one; p is multiplied by it.
    """
    from scipy.stats import ttest_rel

    if len(ours) < SEEDS:
        return Decision("inconclusive", "pairing")
    level = fmean(others)
    decision = pairing(fmean(ours) - level, min(1.0, times * float(ttest_rel(ours, others).pvalue)))
    ends = {"replicated": (level, math.inf), "not replicated": (-math.inf, level)}.get(decision.outcome)
    return decision._replace(rests=(Rest(tuple(one.source for one in ours), *ends),) if ends else ())


def find_worst_p(first: int, second: int, images: int) -> float:
    """Return the largest p of McNemar's exact test that two counts on the same images allow.

    The difference of the counts is known, and how often exactly one of the two was right is not: the more
    often, the larger is p.

    Args:
        first: images that one model has right.
        second: images that the other has right.
        images: how many both have seen.
    """
    from scipy.stats import binomtest

    more, less = max(first, second), min(first, second)
    only_more = min(more, images - less)
    apart = 2 * only_more - (more - less)
    return float(binomtest(only_more, apart).pvalue) if apart else 1.0


def compare_counts(ours: Number, other: float, times: int = 1) -> Decision:
    """Judge that one share of the 10,000 test images is higher than another, however the images pair."""
    images = IMAGES["test"]
    p_value = min(1.0, times * find_worst_p(round(images * ours), round(images * other), images))
    decision = pairing(ours - other, p_value)
    ends = {"replicated": (other, math.inf), "not replicated": (-math.inf, other)}.get(decision.outcome)
    return decision._replace(rests=(Rest((ours.source,), *ends),) if ends else ())
