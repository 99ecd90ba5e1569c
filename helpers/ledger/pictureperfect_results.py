"""What we found about Tables 3 and 4 of `pictureperfect`, and about the claims that follow from them."""

import math
from itertools import pairwise

from scipy import stats

from helpers.ledger import rules
from helpers.ledger.claims import Claim
from helpers.ledger.findings import Finding, Number, Recorded, decides
from helpers.ledger.rules import Decision, read_printed

# Table 3: accuracy in per cent, precision, recall, F1
TABLE_3 = {
    "VGG16": ("92.0", "0.89", "0.88", "0.89"),
    "ResNet50": ("91.0", "0.88", "0.87", "0.88"),
    "Ensemble": ("91.5", "0.90", "0.89", "0.90"),
    "PicturePerfect": ("94.0", "0.94", "0.93", "0.93"),
}
COLUMNS = ("accuracy", "precision", "recall", "F1")
TEST_IMAGES = 10_000  # of CIFAR-10; the paper prints no number
IMAGENET_WORK = {"VGG16": 15.47, "ResNet50": 4.09}  # thousand million multiply-adds at 224 pixels
OTHERWISE = "Two sparse networks that this course searched and trained otherwise, averaged,"


def conclude(decision: Decision, basis: str, certainty: str, evidence: str, **more: str) -> Finding:
    """Make a finding of a decision by rule."""
    outcome, rule, rests = decision
    return Finding(outcome, basis, certainty, evidence, rule, rests=rests, **more)


def read(
    outcome: str, evidence: str, *, certainty: str = "proof", basis: str = "paper text", **more: str
) -> Finding:
    """Make a finding that only reading decides."""
    return Finding(outcome, basis, certainty, evidence, "reading", **more)


def find_team(team: str, images: str = "photographs") -> int:
    """Return the row of a team in the recorded table `teams`."""
    table = Recorded("ensembles").table("teams")
    [row] = table.index[(table["set"] == images) & (table["team"] == team)]
    return row


def measure(team: str, column: str, images: str = "photographs") -> Number:
    """Return what our team reached, in per cent if the column is a share."""
    share = Recorded("ensembles").cell("teams", find_team(team, images), column)
    return Number(100 * share, share.source)


@decides("pictureperfect-39", lesson="ensembles")
def compare_ensemble_accuracy(claim: Claim) -> Finding:
    member, both = measure("ResNet50", "accuracy"), measure("VGG16 + ResNet50", "accuracy")
    return read(
        "inconclusive",
        f"Printed {claim.printed}. Our average of VGG16 and ResNet50 has {both:.2f} %, but our ResNet50 "
        f"alone has "
        f"{member:.1f} % where 91.0 is printed, so the nearness of the two numbers decides nothing. The "
        f"printed value is "
        "the plain mean of the printed accuracies of its members, (92.0 + 91.0) / 2.",
        basis="own run",
        certainty="evidence",
        ours=f"{both:.2f} % (1 seed)",
        would_decide="a ResNet50 with a stem for small images, near the printed accuracy, over three seeds",
    )


@decides("pictureperfect-40", lesson="ensembles")
def compare_ensemble_with_member(claim: Claim) -> Finding:
    (vgg, *_), (resnet, *_), (both, *_), _ = TABLE_3.values()
    middle = (float(vgg) + float(resnet)) / 2
    return conclude(
        rules.counting(float(both) < float(vgg), True),
        "printed numbers",
        "proof",
        f"The table says so: {claim.printed.split(';')[0]}. It is {middle:.1f}, exactly the mean of its "
        f"members' accuracies "
        f"{vgg} and {resnet}. Averaged predictions do not have the average accuracy in general, so the "
        f"number "
        "may be a mean of accuracies; that is an inference.",
    )


@decides("pictureperfect-41", lesson="ensembles")
def compare_ensemble_measures(claim: Claim) -> Finding:
    vgg, both = TABLE_3["VGG16"], TABLE_3["Ensemble"]
    higher = read_printed(both[2])[0] >= read_printed(vgg[2])[1]
    lower = read_printed(both[0])[1] <= read_printed(vgg[0])[0]
    return conclude(
        rules.counting(higher and lower, False),
        "printed numbers",
        "proof",
        f"Printed {'; '.join(claim.printed.split('; ')[:3])}. With as many test images in each class, as "
        f"CIFAR-10 has, "
        f"macro recall is the accuracy. Recall {both[2]} above {vgg[2]} then needs a higher accuracy, but "
        f"{both[0]} is below {vgg[0]}.",
    )


@decides("pictureperfect-42", lesson="ensembles")
def subtract_accuracies(claim: Claim) -> Finding:
    best = float(TABLE_3["PicturePerfect"][0])
    gains = [best - float(row[0]) for row in list(TABLE_3.values())[:3]]
    printed = [2.0, 3.0, 2.5]
    return conclude(
        rules.counting([round(gain, 1) for gain in gains], printed),
        "printed numbers",
        "proof",
        f"Printed {claim.printed}. The differences of the accuracies in Table 3 are "
        f"{', '.join(f'{gain:.1f}' for gain in gains)} points.",
    )


@decides("pictureperfect-43", lesson="ensembles")
def compare_vgg_precision(claim: Claim) -> Finding:
    ours = measure("VGG16", "precision")
    printed = 100 * float(TABLE_3["VGG16"][1])
    decision = rules.equivalence(printed, [float(ours)])
    return Finding(
        decision.outcome,
        "own run",
        "evidence",
        f"Printed {claim.printed}. Our VGG16, by another recipe, has a macro precision of {ours:.2f} %, "
        f"{float(ours) - printed:.1f} points above it, and an accuracy near the printed one: the two printed "
        "numbers hardly belong together on CIFAR-10. One seed.",
        decision.rule,
        ours=f"{ours:.2f} % (1 seed)",
        would_decide="the paper's recipe, over three seeds",
    )


@decides(
    "pictureperfect-44", "pictureperfect-47", "pictureperfect-50", "pictureperfect-53", lesson="ensembles"
)
def compare_recall_with_accuracy(claim: Claim) -> Finding:
    name = dict(zip((44, 47, 50, 53), TABLE_3, strict=True))[int(claim.id[-2:])]
    accuracy, recall = TABLE_3[name][0], TABLE_3[name][2]
    low, high = (end / 100 for end in read_printed(accuracy))
    return conclude(
        rules.bounds(recall, low, high),
        "printed numbers",
        "proof",
        f"For {name} the table prints recall {recall} beside accuracy {accuracy} %. With 1,000 test images "
        f"of each class, as "
        f"CIFAR-10 has, macro, micro and weighted recall all are the accuracy: {low:.4f} to {high:.4f}. "
        f"That Table 3 "
        "is about CIFAR-10 follows from the text, which names its accuracies.",
    )


@decides(
    "pictureperfect-45", "pictureperfect-48", "pictureperfect-51", "pictureperfect-54", lesson="ensembles"
)
def compare_f1(claim: Claim) -> Finding:
    name = dict(zip((45, 48, 51, 54), TABLE_3, strict=True))[int(claim.id[-2:])]
    _, precision, recall, f1 = TABLE_3[name]
    (p_low, p_high), (r_low, r_high) = read_printed(precision), read_printed(recall)
    ends = [2 * p * r / (p + r) for p, r in ((p_low, r_low), (p_high, r_high))]
    plain = 2 * float(precision) * float(recall) / (float(precision) + float(recall))
    return conclude(
        rules.bounds(f1, *ends),
        "printed numbers",
        "proof",
        f"For {name} the F1 of precision {precision} and recall {recall} is {plain:.4f}; with their "
        f"rounding it lies between "
        f"{ends[0]:.4f} and {ends[1]:.4f}. Printed {f1}.",
    )


@decides("pictureperfect-46", lesson="ensembles")
def compare_resnet_precision(claim: Claim) -> Finding:
    ours, accuracy = measure("ResNet50", "precision"), measure("ResNet50", "accuracy")
    return read(
        "inconclusive",
        f"Printed {claim.printed}. Our ResNet50 with ImageNet's stem stays at {accuracy:.1f} % of the "
        f"photographs, with a macro "
        f"precision of {ours:.1f} %, far below the printed accuracy; such a network says nothing about its "
        f"precision.",
        basis="own run",
        certainty="evidence",
        ours=f"{ours:.1f} % (1 seed)",
        would_decide="a ResNet50 with a stem for small images, near the printed accuracy, over three seeds",
    )


@decides("pictureperfect-49", lesson="ensembles")
def compare_ensemble_precision(claim: Claim) -> Finding:
    ours, member = measure("VGG16 + ResNet50", "precision"), measure("ResNet50", "accuracy")
    return read(
        "inconclusive",
        f"Printed {claim.printed}. Our average of VGG16 and ResNet50 has {ours:.2f} %, but one of its "
        f"members has only "
        f"{member:.1f} % accuracy where 91.0 is printed: the nearness of the two numbers decides nothing.",
        basis="own run",
        certainty="evidence",
        ours=f"{ours:.2f} % (1 seed)",
        would_decide="two members near the printed accuracies, over three seeds",
    )


@decides("pictureperfect-52", lesson="ensembles")
def compare_own_precision(claim: Claim) -> Finding:
    ours = measure("PicturePerfect", "precision")
    decision = rules.equivalence(94.0, [float(ours)], differs="another search, recipe and number of views")
    return Finding(
        decision.outcome,
        "own run",
        "evidence",
        f"Printed {claim.printed}. {OTHERWISE} have a macro precision of {ours:.2f} %. The paper prints "
        f"no "
        "recipe, so its level is reached by something else.",
        decision.rule,
        ours=f"{ours:.2f} % (1 seed)",
    )


@decides("pictureperfect-55", lesson="ensembles")
def read_all_data_sets(claim: Claim) -> Finding:
    return read(
        "not shown",
        "The text says so of all three data sets. Table 3 prints one set of numbers, with the accuracies "
        "that the text "
        "gives for CIFAR-10; no precision, recall or F1 of ImageNet or MedImages is printed anywhere.",
    )


@decides("pictureperfect-56", lesson="ensembles")
def read_metric_of_words(claim: Claim) -> Finding:
    return read(
        "holds",
        "It is a remark of ours: the last row of Table 3, among the metrics, is named SparseNAS and holds "
        "two phrases "
        "and no number.",
    )


@decides("pictureperfect-57", lesson="ensembles")
def compare_inference_times(claim: Claim) -> Finding:
    stored = Recorded("ensembles")
    one = {
        name: stored.cell("times", name, "milliseconds") for name in ("VGG16", "ResNet50", "PicturePerfect")
    }
    work = IMAGENET_WORK["VGG16"] / IMAGENET_WORK["ResNet50"]
    times = one["ResNet50"] / one["VGG16"]
    return read(
        "inconclusive",
        f"Printed {claim.printed} below both. One percentage fits both only if VGG16 and ResNet50 take the "
        f"same time. Their "
        f"multiply-adds on ImageNet's images differ {work:.1f} times; our two, on 32 pixels, take "
        f"{one['VGG16']:.1f} and "
        f"{one['ResNet50']:.1f} ms an image, {times:.2f} to 1. The paper prints no time, so no measurement "
        f"of ours refutes it.",
        basis="own run",
        certainty="inference",
        ours=f"{one['PicturePerfect']:.1f} ms, VGG16 {one['VGG16']:.1f}, ResNet50 {one['ResNet50']:.1f}",
        would_decide="the printed times of the three networks, or the paper's network itself",
    )


@decides("pictureperfect-58", lesson="ensembles")
def compare_sizes(claim: Claim) -> Finding:
    stored = Recorded("ensembles")
    ours, theirs = (
        stored.cell("times", name, "megabytes") for name in ("PicturePerfect", "VGG16 + ResNet50")
    )
    return read(
        "reached otherwise",
        f"No number is printed. Our two sparse networks take {ours:.0f} MB, our VGG16 and ResNet50 together "
        f"{theirs:.0f} MB; "
        "ours have another architecture than the paper's, which it does not describe.",
        basis="own run",
        certainty="evidence",
        ours=f"{ours:.0f} against {theirs:.0f} MB",
    )


@decides("pictureperfect-59", lesson="ensembles")
def read_small_devices(claim: Claim) -> Finding:
    return read(
        "nothing to test",
        "The sentence names no device, no time and no memory that would be enough, and the paper prints "
        "none of its own "
        "network: nothing can be compared.",
    )


@decides("pictureperfect-60", lesson="ensembles")
def bound_epochs(claim: Claim) -> Finding:
    images, peak, work, hours = 1_281_167, 29.8e12, 14.2e9, 18
    epochs = hours * 3600 * peak / (3 * work * images)
    return read(
        "inconclusive",
        f"Printed {claim.printed}, of which error (top-1 or top-5) is not said. ImageNet was not trained "
        f"here. If the network "
        f"costs the 14.2 GFLOPs of Table 1 and trains for its {hours} hours, a graphics card of 29.8 "
        f"TFLOP/s at full peak "
        f"allows at most {math.floor(epochs)} epochs, so the level is not impossible.",
        basis="printed numbers",
        certainty="inference",
        would_decide="training on ImageNet, with the error named",
    )


@decides("pictureperfect-61", "pictureperfect-62", lesson="ensembles")
def read_medical_images(claim: Claim) -> Finding:
    ours = measure("PicturePerfect", "accuracy", "x_rays")
    what = "it" if claim.id.endswith("61") else "an accuracy across domains that includes it"
    return read(
        "nothing to test",
        f"Printed {'; '.join(claim.printed.split('; ')[:3])}. MedImages is the authors' own set; neither "
        f"images, classes nor their "
        f"number are given, so {what} cannot be tested. On a public set of chest X-rays our team has "
        f"{ours:.1f} %, which says "
        "nothing about theirs.",
        certainty="evidence",
    )


@decides("pictureperfect-63", lesson="ensembles")
def read_real_time(claim: Claim) -> Finding:
    one = Recorded("ensembles").cell("times", "PicturePerfect", "milliseconds")
    return read(
        "nothing to test",
        "Neither a rate of images that would be real time nor a time of the network is printed. Our two "
        "sparse networks "
        f"take {one:.0f} ms for one image of 32 pixels on two cores, which tests nothing of the paper's.",
        certainty="evidence",
    )


@decides("pictureperfect-64", "pictureperfect-65", "pictureperfect-66", lesson="ensembles")
def test_printed_accuracies(claim: Claim) -> Finding:
    name = dict(zip((64, 65, 66), TABLE_3, strict=False))[int(claim.id[-2:])]
    ours, theirs = TABLE_3["PicturePerfect"][0], TABLE_3[name][0]
    (z, p), (_, small) = (compare_shares(float(ours), float(theirs), n) for n in (TEST_IMAGES, 1000))
    return conclude(
        rules.counting(p < 0.001, True),
        "printed numbers",
        "inference",
        f"Printed {claim.printed} for {ours} against {theirs} % ({name}), without test or number of images. "
        f"If both were "
        f"measured on the {TEST_IMAGES:,} test images of CIFAR-10, a z test of two shares gives z = {z:.2f}, "
        f"p {show_p(p)}. With 1,000 images p would be {small:.2g}.",
    )


def compare_shares(one: float, other: float, images: int) -> tuple[float, float]:
    """Return z and two-sided p of two accuracies in per cent, each on so many images."""
    middle = (one + other) / 200
    z = (one - other) / 100 / math.sqrt(2 * middle * (1 - middle) / images)
    return z, 2 * float(stats.norm.sf(abs(z)))


def show_p(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"= {p:.2g}"


@decides("pictureperfect-67", lesson="ensembles")
def read_missing_intervals(claim: Claim) -> Finding:
    needed = next(n for n in range(100, TEST_IMAGES) if compare_shares(94.0, 92.0, n)[1] < 0.001)
    return read(
        "holds",
        "It is a remark of ours: Table 4 prints three times p < 0.001 and no interval, and names no test, "
        "no number of "
        f"images and no number of runs. For 94 against 92 % p < 0.001 needs at least {needed:,} images in "
        f"each share.",
    )


@decides("pictureperfect-68", lesson="ensembles")
def read_matrix(claim: Claim) -> Finding:
    return Finding(
        "built",
        "own run",
        "evidence",
        "The text describes the layout: rows are true classes, columns are predicted ones, correct ones on "
        "the diagonal. "
        "`count_confusions` lays ours out so. The figure itself is not in our copy.",
        "building",
    )


@decides("pictureperfect-69", lesson="ensembles")
def read_roc(claim: Claim) -> Finding:
    return read(
        "lost",
        "The figure is not in our copy of the text, and no area is printed in words. Which class counts as "
        "positive, of "
        "ten, is not said either.",
    )


@decides("pictureperfect-70", lesson="judging_models")
def read_corner(claim: Claim) -> Finding:
    return read(
        "holds",
        "A general truth: a curve through the corner has true-positive rate 1 at false-positive rate 0, so "
        "that one threshold "
        "separates the two classes without error (Fawcett, Pattern Recognition Letters 27 (2006) 861).",
        basis="literature",
    )


@decides("pictureperfect-71", lesson="ensembles")
def compare_rows(claim: Claim) -> Finding:
    best = [max(TABLE_3, key=lambda name, n=n: float(TABLE_3[name][n])) for n in range(len(COLUMNS))]
    return conclude(
        rules.counting(best, ["PicturePerfect"] * len(COLUMNS)),
        "printed numbers",
        "proof",
        f"In Table 3 PicturePerfect has the highest {', '.join(COLUMNS[:-1])} and {COLUMNS[-1]} of four "
        f"columns, as the "
        "sentence says. How far the printed numbers can be right is another question.",
    )


@decides("pictureperfect-72", lesson="ensembles")
def read_tables(claim: Claim) -> Finding:
    gaps = [float(row[0]) / 100 - float(row[2]) for row in TABLE_3.values()]
    return read(
        "holds in part",
        "The conclusion names Tables 3 and 4 as showing better accuracy and significance. The order of the "
        "accuracies is as "
        f"printed, but in all four columns the recall is {min(gaps):.3f} to {max(gaps):.3f} below an "
        f"accuracy that it must "
        "equal on CIFAR-10, and Table 4 names no test.",
        basis="printed numbers",
    )


@decides("pictureperfect-73", lesson="ensembles")
def read_references(claim: Claim) -> Finding:
    return read(
        "holds",
        f"It is a remark of ours: the list has {claim.printed or '8'} references, and none of the numbers "
        f"[1] to [8] stands in the text "
        "above it.",
    )


@decides("pictureperfect-74", lesson="ensembles")
def read_headings(claim: Claim) -> Finding:
    headings = ["5.1", "5.2", "5.3", "5.4", "5.4", "5.5"]
    twice = [one for one, other in pairwise(headings) if one == other]
    return read(
        "holds",
        f"It is a remark of ours: two headings have the number {twice[0]}, Quantitative Metrics and "
        f"Computational "
        "Efficiency.",
    )


@decides("pictureperfect-75", lesson="ensembles")
def compare_with_own_part(claim: Claim) -> Finding:
    z, p = compare_shares(94.0, 93.5, TEST_IMAGES)
    return conclude(
        Decision("inconclusive" if p >= rules.LEVEL else "holds", "pairing"),
        "printed numbers",
        "inference",
        f"Printed 94.0 % for the fusion and 93.5 % for its part Ensemble Magic alone, without a test. If "
        f"both were measured "
        f"on {TEST_IMAGES:,} images, z = {z:.2f} and p = {p:.2f}: the difference may be chance.",
        would_decide="predictions of both on the same images, for a paired test",
    )


@decides("pictureperfect-76", lesson="ensembles")
def compare_sparse_with_vgg(claim: Claim) -> Finding:
    return conclude(
        rules.counting(float(TABLE_3["VGG16"][0]) > 91.8, True),
        "printed numbers",
        "proof",
        "Table 1 prints 91.8 % for SparseNAS alone, Table 3 prints 92.0 % for VGG16: the searched network "
        "by itself is below "
        "the plain one, which the text does not say.",
    )


@decides("pictureperfect-77", lesson="ensembles")
def read_causes(claim: Claim) -> Finding:
    return read(
        "not shown",
        "The text names causes: sparsity for precision, averaging for recall, fusion for significance. No "
        "table leaves one "
        "of them out, so no cause is shown.",
    )


@decides("pictureperfect-78", lesson="ensembles")
def compare_robustness(claim: Claim) -> Finding:
    stored = Recorded("ensembles")
    ours, vgg = (
        100 * stored.cell("resists", name, "left under noise") for name in ("PicturePerfect", "VGG16")
    )
    return read(
        "not shown",
        "No image is changed and no robustness is measured in the paper. In our runs, of another recipe, "
        "the average of two "
        f"sparse networks keeps {ours:.0f} % of its accuracy under noise, VGG16 {vgg:.0f} %.",
        certainty="evidence",
    )


@decides("pictureperfect-79", lesson="sparse_nas")
def read_formula(claim: Claim) -> Finding:
    return read(
        "holds",
        "It is a remark of ours: below Equation 1 the text explains L, theta, N and lambda, and not w_i, "
        "the weights that it "
        "sums; and reference [3] gives authors and pages, but no title.",
    )
