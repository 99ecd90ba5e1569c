"""What we found about the claims of `mnist-m`."""

import math
from typing import NamedTuple

import numpy as np
from scipy import stats

from helpers.ledger import rules
from helpers.ledger.claims import Claim
from helpers.ledger.findings import Finding, Number, Recorded, WaitsForRun, decides
from helpers.ledger.rules import Decision, read_printed


class Epoch(NamedTuple):
    """A line of the training log, Fig. 2."""

    seconds: str
    step: str  # milliseconds
    accuracy: str
    loss: str
    val_accuracy: str
    val_loss: str


LOG = {
    1: Epoch("310", "163", "0.9164", "0.2830", "0.9858", "0.0451"),
    2: Epoch("1234", "658", "0.9770", "0.0753", "0.9882", "0.0355"),
    3: Epoch("268", "143", "0.9787", "0.0690", "0.9843", "0.0606"),
    4: Epoch("316", "139", "0.9843", "0.0498", "0.9891", "0.0331"),
    5: Epoch("268", "143", "0.9838", "0.0491", "0.9909", "0.0309"),
    6: Epoch("271", "144", "0.9871", "0.0397", "0.9903", "0.0347"),
    7: Epoch("269", "143", "0.9894", "0.0368", "0.9923", "0.0261"),
    8: Epoch("271", "145", "0.9893", "0.0353", "0.9852", "0.0480"),
    9: Epoch("316", "141", "0.9909", "0.0302", "0.6286", "2.5784"),
    10: Epoch("262", "140", "0.9900", "0.0318", "0.9925", "0.0330"),
}
TRAIN_STEPS, TEST_STEPS = "1875", "313"  # Figs. 2 and 3
TEST_SECONDS, TEST_STEP = "12", "38"  # Fig. 3
BAR_ACCURACY, BAR_LOSS = "0.9889", "0.0548"
ABSTRACT_ACCURACY = "95 %"
ACCURACY = "0.9925000071525574"  # Fig. 3
AUC, PRECISION, RECALL = "0.9998334289023887", "0.992515398442679", "0.9925"  # Fig. 4
SPECIFICITY, F1, G = "0.9989795918367347", "0.992497148627433", "0.9925076991616141"


class Row(NamedTuple):
    """A row of Table 1, in per cent."""

    accuracy: str
    f1: str
    auc: str
    precision: str
    recall: str
    specificity: str
    g: str


TABLE = {
    "the proposed model": Row("99.25 %", "99.25 %", "99.98 %", "99.25 %", "99.25 %", "99.90 %", "99.25 %"),
    "LeNet-5": Row("98.50 %", "98.45 %", "99.70 %", "98.60 %", "98.40 %", "99.00 %", "98.50 %"),
    "ResNet-50": Row("98.75 %", "98.70 %", "99.80 %", "98.80 %", "98.60 %", "99.20 %", "98.75 %"),
    "VGG-16": Row("98.90 %", "98.80 %", "99.85 %", "98.85 %", "98.75 %", "99.30 %", "98.90 %"),
    "MobileNetV2": Row("99.00 %", "98.90 %", "99.90 %", "99.00 %", "98.80 %", "99.40 %", "99.00 %"),
}
PROPOSED, *RIVALS = TABLE
FIRST = 62  # number of the claim about the first cell of Table 1

# Not of the paper.
BATCH = 32  # Keras' default, not printed; 60,000 and 10,000 images so divided give the printed steps
MNIST = (60_000, 10_000)  # training and test images
RELEASED = (59_001, 9_001)  # of MNIST-M, as Ganin and others released it
TEST_DIGITS = (980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009)  # zeros to nines in MNIST's test set
RELEASED_DIGITS = (878, 1016, 933, 908, 890, 807, 856, 914, 880, 919)  # in its first 9,001 images
WHOLE_COPY = "a common copy for Keras (keras_mnistm) has all 60,000 and 10,000 digits"
LENET_1998 = 99.05  # per cent, on MNIST: LeCun and others, Proceedings of the IEEE 86 (1998), 0.95 % errors


def read_percent(printed: str) -> float:
    """Return a percentage as a number, whether `99.25 %` or `0.9925` is printed."""
    return float(printed.removesuffix("%")) if printed.endswith("%") else 100 * float(printed)


def combine(*decisions: Decision) -> Decision:
    """Judge a statement of several parts: it holds in part if some of them hold and others do not."""
    outcomes = {one.outcome for one in decisions}
    outcome = outcomes.pop() if len(outcomes) == 1 else "holds in part"
    return Decision(outcome, decisions[0].rule, tuple(rest for one in decisions for rest in one.rests))


def conclude(decision: Decision, basis: str, certainty: str, evidence: str, **more: str) -> Finding:
    """Make a finding of a decision by rule."""
    outcome, rule, rests = decision
    return Finding(outcome, basis, certainty, evidence, rule, rests=rests, **more)


def read(outcome: str, certainty: str, evidence: str, *, basis: str = "paper text", **more: str) -> Finding:
    """Make a finding that only reading decides."""
    return Finding(outcome, basis, certainty, evidence, "reading", **more)


def build(evidence: str) -> Finding:
    """Make a finding about a step that a function of this repository does as described."""
    return Finding("built", "own run", "evidence", evidence, "building")


def show_percent(share: float, digits: int = 1) -> str:
    """Write a share in per cent, such as `51.7 %`."""
    return f"{100 * share:.{digits}f} %"


def show_range(values: list[Number]) -> str:
    """Write the mean of shares over seeds, such as `98.90 % (3 seeds, 98.85 to 98.93)`."""
    low, high = 100 * min(values), 100 * max(values)
    return f"{100 * float(np.mean(values)):.2f} % ({len(values)} seeds, {low:.2f} to {high:.2f})"


def show_share(value: float, images: int = MNIST[1]) -> str:
    """Write the share of right images with its Wilson interval, such as `94.03 % (93.55 to 94.48)`."""
    ends = stats.binomtest(round(value * images), images).proportion_ci(method="wilson")
    return f"{100 * value:.2f} % ({100 * ends.low:.2f} to {100 * ends.high:.2f})"


def to_percent(value: Number) -> Number:
    """Return a recorded share in per cent, with its source."""
    return Number(100 * value, value.source)


# The network and the words about it


@decides("mnist-m-01", lesson="mnist_m")
def build_layers(claim: Claim) -> Finding:
    parameters = Recorded("mnist_m").cell("compared", "ours", "parameters")
    return build(
        "build_mnist_cnn in helpers/models/mnist_cnn.py has these kinds of layer, with one dense layer at "
        f"the end, and build_table_2_cnn there has two. The paper prints no sizes: the {parameters:,.0f} "
        "parameters that ours has on MNIST-M are our choice."
    )


@decides("mnist-m-12", lesson="mnist_cnn")
def build_blocks(claim: Claim) -> Finding:
    return build(
        "build_table_2_cnn in helpers/models/mnist_cnn.py, with normalised=True and dropout, does so: "
        "convolution, batch normalisation, ReLU and max pooling twice, then dropout and two dense layers, "
        "the last with softmax. Whether the paper normalises before or after ReLU is not said."
    )


@decides("mnist-m-13", lesson="mnist_m")
def build_outputs(claim: Claim) -> Finding:
    return build(
        "build_mnist_cnn in helpers/models/mnist_cnn.py ends in a softmax over ten neurons, one for each "
        "digit. The paper says no more of its outputs."
    )


@decides("mnist-m-02", lesson="mnist_m")
def look_for_robustness(claim: Claim) -> Finding:
    table = Recorded("mnist_m").table("shaken")
    before, worst, mildest = (
        show_percent(share) for share in (table["none"].max(), table["strong"].min(), table["strong"].max())
    )
    change = table["strong"].idxmin().partition(" of ")[0]
    return read(
        "not shown",
        "proof",
        "No image is disturbed in any result of the paper, and no model is named that would be less robust. "
        f"A network of ours, trained on MNIST-M in colour, falls from {before} to {worst} at the worst of "
        f"six strong changes, {change}.",
        ours=f"{worst} to {mildest} under six strong changes, one seed",
    )


@decides("mnist-m-03", lesson="mnist_m")
def look_for_novelty(claim: Claim) -> Finding:
    return read(
        "nothing to test",
        "proof",
        "Sections 2.2 and 3 name convolution, batch normalisation, ReLU, max pooling, dropout and softmax, "
        "all of them in use since 2015 or before. No size and no earlier network is named with which ours "
        "or theirs could be compared.",
    )


@decides("mnist-m-04", lesson="mnist_m")
def look_for_sizes(claim: Claim) -> Finding:
    return read(
        "holds",
        "evidence",
        "Sections 2.2 and 3 describe the layers in words alone, without a number. Fig. 1, which our copy of "
        "the text lacks, may show sizes; whoever builds the network from the text must choose them.",
    )


@decides("mnist-m-21")
def miss_figure(claim: Claim) -> Finding:
    return read(
        "lost",
        "proof",
        "Our copy of the paper has the caption of Fig. 1, and not the figure with the architecture.",
    )


@decides("mnist-m-104", lesson="mnist_m")
def look_for_settings(claim: Claim) -> Finding:
    return read(
        "holds",
        "proof",
        "Neither section 2 nor the figures name an optimiser, a learning rate, a loss or a batch size. Only "
        f"the batch can be guessed: {TRAIN_STEPS} steps of {BATCH} are 60,000 images.",
    )


# The data


def check_steps(printed: str, role: int) -> tuple[Decision, list[int]]:
    steps = [math.ceil(sizes[role] / BATCH) for sizes in (MNIST, RELEASED)]
    return combine(*(rules.counting(int(printed), one) for one in steps)), steps


@decides("mnist-m-23", lesson="mnist_m")
def count_training_steps(claim: Claim) -> Finding:
    decision, (whole, released) = check_steps(TRAIN_STEPS, 0)
    return conclude(
        decision,
        "data",
        "evidence",
        f"Printed: {TRAIN_STEPS} steps. In batches of {BATCH}, which is not printed, MNIST's 60,000 digits "
        f"take {whole:,}, and the 59,001 images of MNIST-M as released {released:,}. So the data were "
        f"MNIST, or a MNIST-M made of all of it: {WHOLE_COPY}.",
        ours=f"{whole:,} or {released:,}",
    )


@decides("mnist-m-47", lesson="mnist_m")
def count_test_steps(claim: Claim) -> Finding:
    decision, (whole, released) = check_steps(TEST_STEPS, 1)
    return conclude(
        decision,
        "data",
        "evidence",
        f"Printed: {TEST_STEPS} steps. 10,000 test images in batches of {BATCH} take {whole}, the 9,001 of "
        f"MNIST-M as released {released}. The count fits MNIST, and also the copies of MNIST-M that have "
        "all test digits.",
        ours=f"{whole} or {released}",
    )


@decides("mnist-m-51", lesson="mnist_m")
def divide_right_images(claim: Claim) -> Finding:
    right = [float(ACCURACY) * images for _, images in (MNIST, RELEASED)]
    shares = [
        float(np.float32(round(number) / images))  # Keras counts in single precision
        for number, (_, images) in zip(right, (MNIST, RELEASED), strict=True)
    ]
    around = " and ".join(f"{whole(right[1]) / RELEASED[1]:.6f}" for whole in (math.floor, math.ceil))
    return conclude(
        combine(*(rules.counting(float(ACCURACY), share) for share in shares)),
        "data",
        "proof",
        f"{ACCURACY} is {round(right[0]):,} of 10,000 in single precision, so it fits MNIST, and a MNIST-M "
        "made of all of MNIST. Of the 9,001 test images of MNIST-M as released no number of right ones "
        f"gives it: the nearest are {around}.",
        ours=f"{round(right[0]):,} of 10,000",
    )


@decides("mnist-m-07", lesson="mnist_m")
def read_definition(claim: Claim) -> Finding:
    both = MNIST[0] + RELEASED[0]
    steps = math.ceil(both / BATCH)
    return conclude(
        rules.counting(int(TRAIN_STEPS), steps),
        "printed numbers",
        "evidence",
        "As a definition it is circular: Ganin and others (2016) blend MNIST with photographs. As a mixture "
        f"of both sets it would be {both:,} training images, {steps:,} steps in batches of {BATCH}; Fig. 2 "
        f"prints {TRAIN_STEPS}.",
        ours=f"{steps:,} steps for both sets",
    )


@decides("mnist-m-08", lesson="mnist_m")
def blend_digits(claim: Claim) -> Finding:
    return read(
        "holds",
        "evidence",
        "Ganin and others (2016) lay each MNIST digit over a piece of a photograph, as the absolute "
        "difference of both; the label stays the digit's own. build_mnist_m in helpers/data/mnist_m.py does "
        "the same.",
        basis="literature",
    )


# Preparing the images, and tuning


@decides("mnist-m-09", lesson="mnist_m")
def resize_images(claim: Claim) -> Finding:
    return build(
        "The paper prints neither size nor method. border_to_32 in helpers/models/small_images.py brings "
        "digits of 28 pixels to the 32 of MNIST-M, by a border of zeros and without resampling."
    )


@decides("mnist-m-10", lesson="mnist_m")
def make_grey(claim: Claim) -> Finding:
    run = Recorded("mnist_m")
    work, gain = run.cell("compared", "ours", "multiply_adds"), run.value("colour_gain")
    saved = (
        2 * 9 * 32 * 32**2
    )  # two of three channels of the first 3 x 3 convolution, 32 kernels, 32 x 32 places
    return build(
        "to_grey in helpers/images/transforms.py does it. In our network it saves "
        f"{show_percent(saved / work)} of the multiply-adds, only in the first convolution, and costs "
        f"{gain:.1f} points of accuracy on MNIST-M (one seed each, 3 epochs). The paper prints no cost and "
        "no accuracy in colour."
    )


@decides("mnist-m-11", lesson="prepare_the_images")
def scale_pixels(claim: Claim) -> Finding:
    return build(
        "The paper does not say to which range. scale and standardise in helpers/images/transforms.py give "
        "0 to 1, or mean 0 and standard deviation 1 over the training images."
    )


@decides("mnist-m-15", lesson="prepare_the_images")
def move_images(claim: Claim) -> Finding:
    return build(
        "draw_affine and warp in helpers/images/transforms.py turn, move and zoom images by random amounts. "
        "The paper prints no amounts, and its results do not say whether these images were trained on."
    )


@decides("mnist-m-16", lesson="tuning")
def tune_settings(claim: Claim) -> Finding:
    run = Recorded("mnist_m")
    best = run.table("sweep").groupby("setting")["accuracy"].mean().idxmax()
    return build(
        "search in helpers/search/tuning.py runs grid and random search. The paper prints neither the "
        "values tried nor those chosen. In short trainings of ours that changed one of its settings at a "
        f"time, the best of ten had {best}; how long ones would rank was not measured."
    )


@decides("mnist-m-14", lesson="mnist_m")
def count_validation_images(claim: Claim) -> Finding:
    steps = int(TRAIN_STEPS)
    trained = (steps - 1) * BATCH + 1
    left = MNIST[0] - trained
    return read(
        "fails",
        "inference",
        f"{steps:,} steps in batches of {BATCH}, Keras' default, train on at least {trained:,} of 60,000 "
        f"images and leave at most {left} for validation. And the last validation accuracy, "
        f"{LOG[10].val_accuracy}, is the test accuracy: the test set seems to have been the validation set.",
        basis="printed numbers",
        ours=f"at most {left} of 60,000 images left",
        would_decide="The authors' code, or the sizes of their subsets.",
    )


@decides("mnist-m-19", lesson="mnist_m")
def compare_last_epoch(claim: Claim) -> Finding:
    return read(
        "fails",
        "inference",
        f"Fig. 2 ends with a validation accuracy of {LOG[10].val_accuracy} and Fig. 3 prints a test "
        f"accuracy of {float(ACCURACY):.4f}; with all 60,000 images in the training, the test set was "
        "probably judged after each of the ten epochs. It was not trained on, but it was seen.",
        basis="printed numbers",
        would_decide="The authors' code, or the sizes of their three parts.",
    )


# The training log, Fig. 2


@decides("mnist-m-22", lesson="mnist_m")
def count_epochs(claim: Claim) -> Finding:
    return conclude(
        rules.counting(int(claim.printed), len(LOG)),
        "printed numbers",
        "proof",
        f"Fig. 2 lists {len(LOG)} lines, Epoch 1/{claim.printed} to Epoch {claim.printed}/{claim.printed}, "
        "each with its time, accuracy and loss.",
    )


@decides(*(f"mnist-m-{23 + epoch}" for epoch in LOG), lesson="mnist_m")
def compare_epoch(claim: Claim) -> Finding:
    epoch = int(claim.id[-2:]) - 23
    run, printed = Recorded("mnist_m"), LOG[epoch]
    if epoch not in run.table("log").index:
        raise WaitsForRun(
            "ten epochs of the log with all four values, three seeds, in the full run of the MNIST-M lesson"
        )
    grey, plain = (run.cell("log", epoch, f"ours, {name}") for name in ("MNIST-M", "MNIST"))
    goal = float(printed.val_accuracy)
    nearer = "MNIST" if abs(plain - goal) < abs(grey - goal) else "MNIST-M"
    return conclude(
        rules.equivalence(100 * goal, [to_percent(grey)]),
        "own run",
        "evidence",
        f"Printed after epoch {epoch}: accuracy {printed.accuracy}, loss {printed.loss}; on validation "
        f"{printed.val_accuracy}, {printed.val_loss}. Ours (one seed, another network, nothing augmented) "
        f"validates at {grey:.4f} on MNIST-M in grey, as the paper says, and at {plain:.4f} on MNIST. The "
        f"printed value is nearer to that on {nearer}; one seed does not decide.",
        ours=f"{grey:.4f} on MNIST-M in grey, {plain:.4f} on MNIST (one seed)",
        would_decide="The sizes of the authors' network and which images they loaded; three seeds of ours.",
    )


def bound_first_step(seconds: str, step: str, steps: str) -> tuple[float, float]:
    """Return how long the first step can have lasted: Keras' average of a step leaves it out."""
    (least, most), (fast, slow) = read_printed(seconds), read_printed(step)
    others = int(steps) - 1
    return least - others * slow / 1000, most - others * fast / 1000


def check_time(seconds: str, step: str, steps: str) -> Decision:
    """Compare a printed time with steps times time a step.

    No first step lasts less than nothing, and none should last longer than that of epoch 1, in which Keras
    also prepares the network. A longer one is a pause that nothing printed explains, and no contradiction.
    """
    longest = bound_first_step(LOG[1].seconds, LOG[1].step, TRAIN_STEPS)[1]
    others = [(int(steps) - 1) * milliseconds / 1000 for milliseconds in read_printed(step)]
    possible = rules.bounds(seconds, others[0], math.inf)
    usual = rules.bounds(seconds, others[0], others[1] + longest)
    return combine(possible, usual)


@decides(*(f"mnist-m-{33 + epoch}" for epoch in LOG), lesson="mnist_m")
def multiply_steps(claim: Claim) -> Finding:
    epoch = int(claim.id[-2:]) - 33
    seconds, step = LOG[epoch].seconds, LOG[epoch].step
    decision = check_time(seconds, step, TRAIN_STEPS)
    least, most = bound_first_step(seconds, step, TRAIN_STEPS)
    first = f"{least:.0f} to {most:.0f} s" if least > 0 else f"at most {most:.0f} s"
    steps = int(TRAIN_STEPS) - 1
    pause = ""
    if decision.outcome != "holds":
        longest = bound_first_step(LOG[1].seconds, LOG[1].step, TRAIN_STEPS)[1]
        pause = (
            f" Epoch 1, which also prepares the network, leaves {longest:.0f} s at most, so here the "
            "training paused; why is not said."
        )
    return conclude(
        decision,
        "printed numbers",
        "inference" if pause else "proof",
        f"Epoch {epoch}: {seconds} s and {step} ms/step. {steps:,} steps at this pace take "
        f"{steps * int(step) / 1000:.0f} s, rounding aside. Keras leaves the first step out of its average; "
        f"the printed time leaves {first} for it.{pause}",
        ours=f"{first} for the first step",
    )


@decides("mnist-m-44", lesson="mnist_m")
def sum_times(claim: Claim) -> Finding:
    times = [int(epoch.seconds) for epoch in LOG.values()]
    total = sum(times)
    return conclude(
        rules.counting(3785, total),
        "printed numbers",
        "proof",
        f"The ten times of Fig. 2 sum to {total:,} s, {total / 60:.0f} minutes; epoch "
        f"{times.index(max(times)) + 1} alone takes {max(times):,} s. The text names neither the sum nor "
        "the machine.",
        ours=f"{total:,} s",
    )


@decides("mnist-m-45", lesson="judging_models")
def look_for_consistency(claim: Claim) -> Finding:
    accuracies = [100 * float(epoch.val_accuracy) for epoch in LOG.values()]
    worst = min(LOG, key=lambda epoch: float(LOG[epoch].val_accuracy))
    return read(
        "nothing to test",
        "proof",
        "The word has several readings, and over classes, data or conditions nothing is printed. Only the "
        "epochs of Fig. 2 repeat a measurement, and they do not support it. "
        f"Validation accuracy is {LOG[worst].val_accuracy} in epoch {worst} and "
        f"{sorted(accuracies)[1] / 100:.4f} to {max(accuracies) / 100:.4f} in the others, a standard "
        f"deviation of {np.std(accuracies, ddof=1):.1f} points.",
        basis="printed numbers",
        ours=f"standard deviation over ten epochs {np.std(accuracies, ddof=1):.1f} points",
    )


@decides("mnist-m-46", lesson="judging_models")
def find_best_epoch(claim: Claim) -> Finding:
    by_accuracy = max(LOG, key=lambda epoch: float(LOG[epoch].val_accuracy))
    by_loss = min(LOG, key=lambda epoch: float(LOG[epoch].val_loss))
    return conclude(
        rules.counting((10, 7), (by_accuracy, by_loss)),
        "printed numbers",
        "proof",
        f"The highest validation accuracy, {LOG[by_accuracy].val_accuracy}, is of epoch {by_accuracy}, the "
        f"lowest loss, {LOG[by_loss].val_loss}, of epoch {by_loss}; epoch 10 has {LOG[10].val_loss}. The "
        "paper reports the last epoch, and does not say that it was chosen.",
        ours=f"epoch {by_accuracy} by accuracy, epoch {by_loss} by loss",
    )


# The test, Fig. 3


@decides("mnist-m-48", lesson="mnist_m")
def multiply_test_steps(claim: Claim) -> Finding:
    most = bound_first_step(TEST_SECONDS, TEST_STEP, TEST_STEPS)[1]
    return conclude(
        check_time(TEST_SECONDS, TEST_STEP, TEST_STEPS),
        "printed numbers",
        "proof",
        f"Printed: {TEST_SECONDS} s and {TEST_STEP} ms/step. {TEST_STEPS} steps at this pace take "
        f"{int(TEST_STEPS) * int(TEST_STEP) / 1000:.1f} s; the rounded values leave {most:.1f} s at most "
        "for what Keras does not count, the first step.",
        ours=f"{int(TEST_STEPS) * int(TEST_STEP) / 1000:.1f} s",
    )


@decides("mnist-m-49", lesson="mnist_m")
def compare_bar(claim: Claim) -> Finding:
    return conclude(
        rules.rounding(BAR_ACCURACY, float(ACCURACY)),
        "printed numbers",
        "proof",
        f"The bar ends with {BAR_ACCURACY} and a loss of {BAR_LOSS}, and below it the same test gives "
        f"{ACCURACY}: they cannot both be its accuracy. A known fault of Keras 3 (its issues 20788 and "
        "21301) explains it: the bar averages the running values once more, and what is returned is right.",
        ours=f"{float(ACCURACY):.4f}",
    )


@decides("mnist-m-50", lesson="mnist_m")
def compare_test_accuracy(claim: Claim) -> Finding:
    run = Recorded("mnist_m")
    grey, colour = run.value("grey_mnist_m_accuracy"), run.rows("long", "one view")
    return conclude(
        rules.equivalence(100 * float(ACCURACY), [to_percent(grey)]),
        "own run",
        "evidence",
        f"Printed: {ACCURACY}. In grey, as described, another network of ours had 3 epochs of 10 and one "
        f"seed: {show_share(grey)}. In colour, with 20 epochs and backgrounds that change, it has "
        f"{show_range(colour)}, still {100 * (float(ACCURACY) - np.mean(colour)):.2f} points short, and "
        f"{show_percent(run.value('mnist_m_ten_views'), 2)} averaged over ten views of each image.",
        ours=f"{show_share(grey)} in grey, one seed; {show_range(colour)} in colour",
        would_decide="Ten epochs in grey, augmented as in section 2.3, with three seeds.",
    )


@decides("mnist-m-52", lesson="judging_models")
def round_accuracy(claim: Claim) -> Finding:
    printed = TABLE[PROPOSED].accuracy
    return conclude(
        rules.rounding(printed, 100 * float(ACCURACY)),
        "printed numbers",
        "proof",
        f"Fig. 3 prints the same accuracy as {ACCURACY} and as {printed}; in per cent the first is "
        f"{100 * float(ACCURACY):.5f}.",
        ours=f"{100 * float(ACCURACY):.5f} %",
    )


@decides("mnist-m-05", lesson="judging_models")
def compare_abstract(claim: Claim) -> Finding:
    over_epochs = np.mean([100 * float(epoch.val_accuracy) for epoch in LOG.values()])
    return conclude(
        rules.rounding(ABSTRACT_ACCURACY, 100 * float(ACCURACY)),
        "printed numbers",
        "inference",
        f"The abstract says {ABSTRACT_ACCURACY}; Fig. 3 and Table 1 print {TABLE[PROPOSED].accuracy}, and "
        f"no other test. The mean of the ten validation accuracies of Fig. 2 is {over_epochs:.2f} %, pulled "
        "down by one epoch; if the abstract means that, it is an average over ten unfinished models and no "
        "test accuracy.",
        ours=f"{show_percent(float(ACCURACY), 2)}",
    )


# The measures, Fig. 4


def list_class_sizes() -> tuple[np.ndarray, ...]:
    """Return how many test images of each digit there are: in MNIST, and in MNIST-M as released."""
    return np.array(TEST_DIGITS), np.array(RELEASED_DIGITS)


def count_errors(accuracy: str, images: int) -> tuple[int, int]:
    """Return the least and the greatest number of errors whose accuracy rounds to a printed one."""
    low, high = (error / 100 * images for error in 100 - np.array(read_printed(accuracy))[::-1])
    return math.ceil(low - 1e-9), math.floor(high + 1e-9)


def bound_specificity(accuracy: str) -> tuple[float, float]:
    """Return the least and greatest specificity in per cent, as an average over digits or over images.

    Every error is a false positive of one digit, and costs its share of the images that are not of it.
    """
    ends = []
    for sizes in list_class_sizes():
        fewest, most = count_errors(accuracy, sizes.sum())
        for weights in (np.full(10, 0.1), sizes / sizes.sum()):
            cost = weights / (sizes.sum() - sizes)
            ends += [1 - most * cost.max(), 1 - fewest * cost.min()]
    return 100 * min(ends), 100 * max(ends)


def bound_recall(accuracy: str) -> tuple[float, float]:
    """Return the least and greatest recall in per cent as an average over digits.

    Every error costs its share of the images of its digit. As an average over images, recall is the accuracy.
    """
    ends = []
    for sizes in list_class_sizes():
        fewest, most = count_errors(accuracy, sizes.sum())
        ends += [1 - most / (10 * sizes.min()), 1 - fewest / (10 * sizes.max())]
    return 100 * min(ends), 100 * max(ends)


def bound_f1(precision: str, recall: str) -> tuple[float, float]:
    """Return the least and greatest F1-score in per cent that two averages over classes allow.

    With errors p and r of precision and recall, F1 is at least 1 - p - r in each class, and so on average. It
    is a concave function of both, so that its average is at most the F1-score of the averages.
    """
    (least_p, most_p), (least_r, most_r) = read_printed(precision), read_printed(recall)
    return least_p + least_r - 100, average_harmonically(most_p, most_r)


def bound_g(precision: str, recall: str) -> tuple[float, float]:
    """Return the least and greatest G-measure in per cent that two averages over classes allow.

    It lies between F1-score and arithmetic mean in each class, and is concave, too.
    """
    (least_p, most_p), (least_r, most_r) = read_printed(precision), read_printed(recall)
    return least_p + least_r - 100, math.sqrt(most_p * most_r)


def average_harmonically(one: float, other: float) -> float:
    """Return the harmonic mean; of precision and recall it is the F1-score."""
    return 2 * one * other / (one + other)


def compare_shares(first: float, second: float, images: int) -> float:
    """Return the p-value of two shares, each of as many images, as if these were not the same images."""
    pooled = (first + second) / 2
    error = math.sqrt(2 * pooled * (1 - pooled) / images)
    return float(2 * stats.norm.sf(abs(first - second) / error))


def check_specificity() -> Decision:
    return rules.bounds(f"{100 * float(SPECIFICITY):.14f}", *bound_specificity(TABLE[PROPOSED].accuracy))


def check_g() -> Decision:
    return rules.rounding(G, math.sqrt(float(PRECISION) * float(RECALL)))


@decides("mnist-m-06", lesson="judging_models")
def check_six_measures(claim: Claim) -> Finding:
    return conclude(
        combine(rules.rounding(RECALL, float(ACCURACY)), check_specificity(), check_g()),
        "printed numbers",
        "proof",
        "Fig. 4 prints six values. Recall is the accuracy, as it is when averaged over images; AUC, "
        "precision and F1-score are possible. The value called specificity cannot be one, and the value "
        "called G-measure is the F1-score of the printed precision and recall.",
    )


@decides("mnist-m-17", lesson="judging_models")
def find_five_measures(claim: Claim) -> Finding:
    return read(
        "holds",
        "proof",
        "All five are printed for the proposed model: accuracy in Fig. 3; precision, recall, F1-score and "
        f"AUC in Fig. 4, such as an AUC of {float(AUC):.5f}. How they are averaged over ten digits is not "
        "said; recall equals accuracy, so it is averaged over images.",
    )


@decides("mnist-m-53", "mnist-m-54", "mnist-m-57", "mnist-m-64", "mnist-m-65", lesson="mnist_m")
def wait_for_measures(claim: Claim) -> Finding:
    raise WaitsForRun(
        "AUC, precision and F1-score of ten epochs in grey, and of the long trainings in colour with one "
        "view, three seeds each, in the full run of the lesson on MNIST-M, which has recorded only their "
        "accuracies"
    )


@decides("mnist-m-55", lesson="judging_models")
def compare_recall(claim: Claim) -> Finding:
    return conclude(
        rules.rounding(RECALL, float(ACCURACY)),
        "printed numbers",
        "proof",
        f"Printed: {RECALL}. A recall averaged over images is the accuracy by definition, and Fig. 3 prints "
        f"{float(ACCURACY):.10f}. So the number is right if it is so averaged, and tells nothing new.",
        ours=f"{float(ACCURACY):.4f}",
    )


@decides("mnist-m-56", lesson="judging_models")
def limit_specificity(claim: Claim) -> Finding:
    low, high = bound_specificity(TABLE[PROPOSED].accuracy)
    zeros = TEST_DIGITS[0]
    return conclude(
        check_specificity(),
        "printed numbers",
        "proof",
        f"Printed: {SPECIFICITY}. With an accuracy of {TABLE[PROPOSED].accuracy} the specificity of ten "
        f"digits lies between {low / 100:.5f} and {high / 100:.5f}, however errors and averages are chosen. "
        f"The value is {zeros - 1}/{zeros}, and MNIST's test set has {zeros} zeros: probably the share of "
        "zeros found.",
        ours=f"{low / 100:.5f} to {high / 100:.5f}",
    )


@decides("mnist-m-58", lesson="judging_models")
def take_root(claim: Claim) -> Finding:
    precision, recall = float(PRECISION), float(RECALL)
    root, harmonic = math.sqrt(precision * recall), average_harmonically(precision, recall)
    return conclude(
        check_g(),
        "printed numbers",
        "proof",
        f"Printed: {G}. The geometric mean of the printed precision and recall is {root:.16f}; their "
        f"harmonic mean, which is an F1-score, is {harmonic:.16f}, the printed value in all digits.",
        ours=f"{root:.16f}",
    )


@decides("mnist-m-59", lesson="judging_models")
def define_specificity(claim: Claim) -> Finding:
    return read(
        "fails",
        "proof",
        "Specificity is TN / (TN + FP), with true negatives and false positives, and no false negative in "
        "it. With 76 true negatives and 4 false positives it is 0.95, whether 0 or 20 positives are missed. "
        "Recall is what false negatives lower.",
        basis="literature",
    )


@decides("mnist-m-60", lesson="judging_models")
def define_precision(claim: Claim) -> Finding:
    return read(
        "holds",
        "proof",
        "True by definition: precision is TP / (TP + FP), which is high only where false positives are few "
        f"beside true ones. At the printed {float(PRECISION):.4f} about "
        f"{10_000 * (1 - float(PRECISION)):.0f} of 10,000 answers are false positives.",
        basis="literature",
    )


@decides("mnist-m-61", lesson="judging_models")
def define_recall(claim: Claim) -> Finding:
    return read(
        "holds",
        "proof",
        "True by definition: recall is TP / (TP + FN), the share of positives that are found. The printed "
        f"{RECALL} is far above one half.",
        basis="literature",
    )


# Table 1


def list_ids(column: str, *names: str) -> list[str]:
    """Return the claims about a column of Table 1, in the rows of these models."""
    rows, place = list(TABLE), Row._fields.index(column)
    return [f"mnist-m-{FIRST + len(Row._fields) * rows.index(name) + place}" for name in names]


def find_row(claim: Claim) -> tuple[str, Row]:
    """Return the model that a claim about a cell of Table 1 speaks of, and its row."""
    name = list(TABLE)[(int(claim.id.rpartition("-")[2]) - FIRST) // len(Row._fields)]
    return name, TABLE[name]


@decides(*list_ids("accuracy", PROPOSED), lesson="mnist_m")
def compare_sets(claim: Claim) -> Finding:
    run, digits = Recorded("mnist_m"), Recorded("mnist_cnn")
    grey, plain = run.value("grey_mnist_m_accuracy"), run.value("mnist_accuracy")
    long = [digits.cell("results", f"ours, one view, seed {seed}", "accuracy") for seed in range(5)]
    best = max(run.rows("long", "ten views"))
    printed = TABLE[PROPOSED].accuracy
    return conclude(
        rules.equivalence(read_percent(printed), [to_percent(grey)]),
        "own run",
        "evidence",
        f"Printed: {printed} on MNIST-M. After 3 epochs a network of ours reads {show_share(grey)} of "
        f"MNIST-M in grey, and trained on MNIST {show_percent(plain, 2)} of that, one seed each. In 20 "
        f"epochs a network of ours passes the printed level on MNIST, {show_range(long)}; the best on "
        f"MNIST-M, in colour and with ten views, has {show_percent(best, 2)}.",
        ours=f"{show_share(grey)} on MNIST-M in grey, one seed",
        would_decide="Ten epochs in grey, augmented as in section 2.3, with three seeds.",
    )


@decides(*list_ids("f1", PROPOSED), lesson="judging_models")
def round_f1(claim: Claim) -> Finding:
    printed, harmonic = TABLE[PROPOSED].f1, average_harmonically(float(PRECISION), float(RECALL))
    return conclude(
        rules.rounding(printed, 100 * float(F1)),
        "printed numbers",
        "proof",
        f"Printed: {printed}. Fig. 4 has {F1} for the same model, which rounds to it and is a little less "
        f"than the F1-score of the averages, {harmonic:.6f}, as an average over classes is.",
        ours=f"{100 * float(F1):.4f} %",
    )


@decides(*list_ids("recall", PROPOSED), lesson="judging_models")
def round_recall(claim: Claim) -> Finding:
    printed = TABLE[PROPOSED].recall
    return conclude(
        rules.rounding(printed, 100 * float(RECALL)),
        "printed numbers",
        "proof",
        f"Printed: {printed}, as in Fig. 4, and equal to the accuracy, as a recall averaged over images "
        "always is. In the other four rows of Table 1 it differs from the accuracy.",
        ours=f"{100 * float(RECALL):.2f} %",
    )


@decides(*list_ids("specificity", PROPOSED), lesson="judging_models")
def limit_rounded_specificity(claim: Claim) -> Finding:
    row = TABLE[PROPOSED]
    low, high = bound_specificity(row.accuracy)
    return conclude(
        combine(rules.bounds(row.specificity, low, high), check_specificity()),
        "printed numbers",
        "proof",
        f"Printed: {row.specificity}, the {float(SPECIFICITY):.5f} of Fig. 4 in two digits. An accuracy of "
        f"{row.accuracy} on the digits of MNIST, or of MNIST-M as released, leaves {low:.3f} to {high:.3f} "
        f"% for it. So {row.specificity} is just possible as a rounded number, and the "
        f"{100 * float(SPECIFICITY):.3f} % that it is rounded from are not.",
        ours=f"{low:.3f} to {high:.3f} %",
    )


@decides(*list_ids("g", PROPOSED), lesson="judging_models")
def round_g(claim: Claim) -> Finding:
    printed, root = TABLE[PROPOSED].g, 100 * math.sqrt(float(PRECISION) * float(RECALL))
    return conclude(
        rules.rounding(printed, root),
        "printed numbers",
        "proof",
        f"Printed: {printed}. The geometric mean of the precision and recall of Fig. 4 is {root:.5f} %. "
        "That Fig. 4 itself prints an F1-score in its place does not show in two digits.",
        ours=f"{root:.5f} %",
    )


@decides(
    *list_ids("accuracy", *RIVALS),
    *list_ids("auc", *RIVALS),
    *list_ids("precision", *RIVALS),
    lesson="mnist_m",
)
def compare_rival(claim: Claim) -> Finding:
    name, row = find_row(claim)
    column = next(one for one in ("accuracy", "auc", "precision") if claim.id in list_ids(one, name))
    printed, measure = getattr(row, column), "AUC" if column == "auc" else column
    run = Recorded("mnist_m")
    digits = run.result.manifest["parameters"]["budget"]
    ours = run.cell("measures", f"{name}, by the paper", column)
    told = show_share(ours / 100) if column == "accuracy" else f"{ours:.2f} %"
    return conclude(
        rules.equivalence(read_percent(printed), [ours]),
        "own run",
        "evidence",
        f"Printed: {measure} {printed} for {name}; how it was trained is not said. Ours, from random "
        f"weights and for 32 pixels, saw {digits:,} digits over photographs in colour, "
        f"{digits / MNIST[0]:.1f} of an epoch, one seed: {told}. That is too short to say what it can reach.",
        ours=f"{told}, one seed, {digits:,} digits",
        would_decide="Trainings of all four to the end on MNIST-M, three seeds each.",
    )


@decides(*list_ids("f1", *RIVALS), lesson="judging_models")
def limit_f1(claim: Claim) -> Finding:
    name, row = find_row(claim)
    harmonic = average_harmonically(read_percent(row.precision), read_percent(row.recall))
    if rules.rounding(row.f1, harmonic).outcome == "holds":
        judged = "The printed value is that."
    else:
        judged = (
            "The printed value is lower, which is possible if the errors are spread unevenly over the digits."
        )
    return conclude(
        rules.bounds(row.f1, *bound_f1(row.precision, row.recall)),
        "printed numbers",
        "proof",
        f"Printed: {row.f1} for {name}. Precision {row.precision} and recall {row.recall} of its row give "
        f"an F1-score of {harmonic:.3f} %, and an average over classes may be lower, not higher. {judged}",
        ours=f"{harmonic:.3f} % or less",
    )


@decides(*list_ids("recall", *RIVALS), lesson="judging_models")
def limit_recall(claim: Claim) -> Finding:
    name, row = find_row(claim)
    low, high = bound_recall(row.accuracy)
    decision = rules.bounds(row.recall, low, high)
    if decision.outcome == "holds":
        judged = "So it is possible, with another average than that of the proposed model"
    else:
        judged = "It is neither, even rounded"
    return conclude(
        decision,
        "printed numbers",
        "evidence",
        f"Printed: {row.recall} for {name}, beside an accuracy of {row.accuracy}. Averaged over images, "
        f"recall is the accuracy; averaged over digits it lies between {low:.3f} and {high:.3f} %. "
        f"{judged}, if the row was tested on the digits of MNIST or of MNIST-M as released, which is not "
        "said.",
        ours=f"{low:.3f} to {high:.3f} %",
    )


@decides(*list_ids("specificity", *RIVALS), lesson="judging_models")
def limit_rival_specificity(claim: Claim) -> Finding:
    name, row = find_row(claim)
    low, high = bound_specificity(row.accuracy)
    return conclude(
        rules.bounds(row.specificity, low, high),
        "printed numbers",
        "evidence",
        f"Printed: {row.specificity} for {name}. Each error is a false positive among thousands of images "
        f"of other digits, so an accuracy of {row.accuracy} leaves {low:.2f} to {high:.2f} %, whatever the "
        "average, if the row was tested on the digits of MNIST or of MNIST-M as released.",
        ours=f"{low:.2f} to {high:.2f} %",
    )


@decides(*list_ids("g", *RIVALS), lesson="judging_models")
def limit_g(claim: Claim) -> Finding:
    name, row = find_row(claim)
    low, high = bound_g(row.precision, row.recall)
    return conclude(
        rules.bounds(row.g, low, high),
        "printed numbers",
        "proof",
        f"Printed: {row.g} for {name}. Section 4 makes it a measure of precision and recall. Of "
        f"{row.precision} and {row.recall} in its row the geometric mean is {high:.3f} % at most, rounding "
        "included, and an average over classes is no higher. The printed value repeats the accuracy, as in "
        "all five rows.",
        ours=f"{high:.3f} % at most",
    )


@decides("mnist-m-97", lesson="judging_models")
def count_leads(claim: Claim) -> Finding:
    columns = [[read_percent(value) for value in column] for column in zip(*TABLE.values(), strict=True)]
    leads = sum(column[0] > max(column[1:]) for column in columns)
    possible = [
        rules.bounds(TABLE[name].specificity, *bound_specificity(TABLE[name].accuracy)) for name in RIVALS
    ]
    impossible = sum(one.outcome == "fails" for one in possible)
    first, second = columns[0][0] / 100, max(columns[0][1:]) / 100
    return conclude(
        combine(rules.counting(len(columns), leads), *possible),
        "printed numbers",
        "evidence",
        f"As printed it leads in {leads} of {len(columns)} columns. But {impossible} of the other four "
        "specificities are impossible beside their accuracies, and the G-measures only repeat the "
        f"accuracies. Its lead in accuracy over the next, {100 * (first - second):.2f} points, has p = "
        f"{compare_shares(first, second, MNIST[1]):.3f} on 10,000 images, unpaired.",
        ours=f"{leads} of {len(columns)} columns as printed",
    )


@decides("mnist-m-105", lesson="mnist_m")
def compare_with_1998(claim: Claim) -> Finding:
    printed = TABLE["LeNet-5"].accuracy
    p_value = compare_shares(read_percent(printed) / 100, LENET_1998 / 100, MNIST[1])
    told = "p < 0.001" if p_value < 0.001 else f"p = {p_value:.3f}"
    return conclude(
        rules.bounds(printed, 0, LENET_1998 - 0.005),
        "literature",
        "evidence",
        f"Table 1 has {printed}. LeCun and others (1998), whom the paper cites, report "
        f"{100 - LENET_1998:.2f} % errors on MNIST without distorted digits, {LENET_1998} % right; on "
        f"10,000 digits {told}, unpaired. It speaks against the row only if its data are MNIST, as the step "
        "counts allow.",
        ours=f"{LENET_1998} % in 1998",
    )


# What is announced


@decides("mnist-m-18", lesson="mnist_m")
def look_for_sensitivity(claim: Claim) -> Finding:
    return read(
        "not shown",
        "proof",
        "Section 2.4 alone names the analysis. Sections 4 and 5 have no image that is disturbed, no setting "
        "that is changed and no second training, neither in the text nor in a figure or the table.",
    )


@decides("mnist-m-20", lesson="mnist_m")
def look_at_baselines(claim: Claim) -> Finding:
    return read(
        "holds in part",
        "evidence",
        "Table 1 compares with four networks of 1998 to 2018, so baselines are there. No method made for "
        "MNIST-M is among them, such as that of Ganin and others (2016), who made the set; nor is it said "
        "how the four were trained.",
    )


@decides("mnist-m-98")
def look_for_sources(claim: Claim) -> Finding:
    return read(
        "not shown",
        "evidence",
        "Table 1 does not mark which rows are from where, and cites nothing. The papers of LeNet-5, VGG and "
        "ResNet that are among the references have no results on MNIST-M; that of MobileNetV2 is not among "
        "them.",
        basis="literature",
    )


@decides("mnist-m-99", lesson="mnist_m")
def look_for_other_sets(claim: Claim) -> Finding:
    run = Recorded("mnist_m")
    there, back = run.value("from_mnist_accuracy"), run.value("long_on_mnist")
    return read(
        "not shown",
        "proof",
        "All results are of one data set, and no image is disturbed. Of networks of ours, one that learned "
        f"MNIST-M in colour reads {show_percent(back)} of MNIST, one that learned MNIST "
        f"{show_percent(there)} of MNIST-M in grey (one seed each): such a network generalises one way and "
        "not the other.",
        ours=f"{show_percent(back)} of MNIST after MNIST-M, {show_percent(there)} of MNIST-M after MNIST",
    )


@decides("mnist-m-100")
def look_for_scrutiny(claim: Claim) -> Finding:
    return read(
        "not shown",
        "proof",
        "Section 1 alone speaks of these three. No explanation of a decision, no attack and no second data "
        "set appears in sections 2 to 6, where the words interpretability and adversarial do not occur.",
    )


@decides("mnist-m-107")
def look_for_assessment(claim: Claim) -> Finding:
    return read(
        "not shown",
        "proof",
        "Section 5 announces it and goes on to Table 1, which has seven numbers for each model on one data "
        "set. No environmental condition is named, and no behaviour of a model is described.",
    )


@decides("mnist-m-101", lesson="mnist_cnn")
def look_for_standard(claim: Claim) -> Finding:
    ours = Recorded("mnist_cnn").value("test_accuracy_one_view")
    return read(
        "nothing to test",
        "evidence",
        "No earlier standard is named beside the four networks of Table 1. If the data are MNIST, "
        f"{TABLE[PROPOSED].accuracy} is near the {LENET_1998} % of LeNet-5 in 1998, and below the "
        f"{show_percent(ours, 2)} of a small network of ours (mean of five seeds, one view).",
    )


@decides("mnist-m-102")
def plan_optimisation(claim: Claim) -> Finding:
    return read(
        "intention",
        "proof",
        "Section 6 names it as a direction that research could take. No technique is named.",
    )


@decides("mnist-m-103", lesson="mnist_m")
def plan_data_sets(claim: Claim) -> Finding:
    return read(
        "intention",
        "proof",
        "Section 6 says what more data sets would tell, and names none. Just before, it calls the model "
        "capable of excelling across diverse data sets.",
    )


@decides("mnist-m-106")
def look_for_reference(claim: Claim) -> Finding:
    return read(
        "holds",
        "proof",
        "The five references are by He, Krizhevsky, LeCun, Simonyan and Szegedy with their co-authors, of "
        "1998 to 2016. MobileNetV2 (Sandler and others, 2018) is not among them, nor is the paper that made "
        "MNIST-M.",
    )


@decides("mnist-m-108", lesson="mnist_m")
def wait_for_pipeline(claim: Claim) -> Finding:
    raise WaitsForRun(
        "ten epochs on MNIST-M in grey, rotated, moved and zoomed, three seeds, in the full run of MNIST-M's "
        "lesson; so far grey images were trained on for 3 epochs, one seed, nothing augmented"
    )
