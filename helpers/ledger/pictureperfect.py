"""What we found about `pictureperfect`: its method and costs, its set-up, and the accuracies of Table 3."""

from helpers.ledger import rules
from helpers.ledger.claims import Claim
from helpers.ledger.findings import Finding, Recorded, decides
from helpers.ledger.pictureperfect_results import OTHERWISE, TABLE_3, conclude, measure, read

SPARSE = ("91.8", "14.2", "18")  # Table 1: accuracy in per cent, GFLOPs, hours of training
ENSEMBLE = ("93.5", "10.8", "14")  # Table 2, likewise
CIFAR10_TRAIN = 50_000
RTX_3080 = 29.8e12  # floating-point operations a second, by its maker


def build(evidence: str) -> Finding:
    """Make a finding about a step that a function of this repository does as described."""
    return Finding("built", "own run", "evidence", evidence, "building")


def compare_level(claim: Claim, team: str, gap: str = "") -> Finding:
    """Compare a printed accuracy on CIFAR-10 with that of a team of ours."""
    ours, printed = measure(team, "accuracy"), float(claim.printed.split(";")[0].strip(" %"))
    outcome = rules.equivalence(printed, [float(ours)], differs="another recipe, one seed, six views").outcome
    who = f"{OTHERWISE} reach" if team == "PicturePerfect" else f"Our {team}, by another recipe, reaches"
    return Finding(
        outcome,
        "own run",
        "evidence",
        f"Printed {claim.printed}. {who} {ours:.2f} % of the 10,000 test images of CIFAR-10 (one seed, six "
        f"views). "
        f"{gap}The paper prints no recipe, so this is no replication.",
        "equivalence",
        ours=f"{ours:.2f} % (1 seed)",
        would_decide="" if outcome == "reached otherwise" else "the paper's recipe, over three seeds",
    )


@decides("pictureperfect-01", lesson="ensembles")
def read_fusion(claim: Claim) -> Finding:
    return Finding(
        "inconclusive",
        "own run",
        "inference",
        "The text names two parts, a search with a sparsity term and an average of predictions, and never "
        "says which "
        "networks the average is of. Ours averages two networks that a sparse search found; it may be "
        "something else.",
        "building",
        would_decide="a description of how the two parts are joined",
    )


@decides("pictureperfect-02", lesson="ensembles")
def read_heights(claim: Claim) -> Finding:
    return read(
        "nothing to test",
        "The abstract calls the performance unprecedented and names no earlier level. Public tables of "
        "networks for "
        "CIFAR-10 list 95 % and more, above the 94.0 % printed here.",
        certainty="evidence",
    )


@decides("pictureperfect-03", lesson="sparse_nas")
def read_search(claim: Claim) -> Finding:
    return Finding(
        "inconclusive",
        "paper text",
        "inference",
        "A search needs a space, a way to search and a budget; the paper gives only the penalty of Equation "
        "1, and none "
        "of its eight references is cited for the rest. Ours closes gates of a wide network under such a "
        "penalty.",
        "reading",
        would_decide="the search space and the strategy of the authors",
    )


@decides("pictureperfect-04", lesson="sparse_nas")
def compare_sparse_time(claim: Claim) -> Finding:
    stored = Recorded("sparse_nas")
    masked, rebuilt = stored.value("masked_time"), stored.value("sparse_time")
    return read(
        "holds in part",
        f"No time is printed. With zeros left in place our sparse network takes {masked:.2f} of the time of "
        f"the dense one; "
        f"only rebuilt without them, at {stored.value('sparse_work'):.2f} of its multiply-adds, "
        f"{rebuilt:.2f}. Sparsity "
        "shortens inference where the zeros are taken out, and little here.",
        basis="own run",
        certainty="evidence",
        ours=f"{masked:.2f} masked, {rebuilt:.2f} rebuilt",
    )


@decides("pictureperfect-05", lesson="sparse_nas")
def compare_sparse_memory(claim: Claim) -> Finding:
    share = Recorded("sparse_nas").value("sparse_bytes")
    return read(
        "holds in part",
        f"No size is printed. Our network rebuilt without its closed channels takes {share:.2f} of the "
        f"bytes of the wide one. "
        "Zeros that stay in dense arrays save nothing, so the statement depends on how a network is stored.",
        basis="own run",
        certainty="evidence",
        ours=f"{share:.2f} of the bytes",
    )


@decides("pictureperfect-06", lesson="ensembles")
def build_ensemble(claim: Claim) -> Finding:
    return build(
        "Several networks of different seeds or architectures are averaged by `average` of "
        "`helpers.combining.ensemble`, "
        "as the text describes. Which and how many models the paper averages is not said."
    )


@decides("pictureperfect-07", lesson="ensembles")
def compare_diversity(claim: Claim) -> Finding:
    helps = Recorded("ensembles").table("helps")
    gap, noise = (helps.loc[name] for name in ("gap smaller by", "less lost under noise by"))
    stored = Recorded("ensembles")
    ours, vgg = (
        100 * stored.cell("resists", name, "left under noise") for name in ("PicturePerfect", "VGG16")
    )
    return read(
        "holds in part",
        f"No number is printed. Averaged, our two sparse networks have a gap between training and test that "
        f"is "
        f"{gap['points']:.2f} points smaller ({gap['low']:.2f} to {gap['high']:.2f}, over images) than "
        f"theirs alone, and lose "
        f"{noise['points']:.2f} points less under noise. But one VGG16 keeps {vgg:.0f} % of its accuracy "
        f"under noise, the "
        f"average {ours:.0f} %.",
        basis="own run",
        certainty="evidence",
        ours=f"gap {gap['points']:.2f} points smaller ({gap['low']:.2f} to {gap['high']:.2f})",
    )


@decides("pictureperfect-08", lesson="ensembles")
def compare_fusion(claim: Claim) -> Finding:
    ours, vgg = measure("PicturePerfect", "accuracy"), measure("VGG16", "accuracy")
    times = Recorded("ensembles").table("times")["milliseconds"]
    return read(
        "not shown",
        "Accuracies are printed beside those of other networks, but the fused model's own cost never is, so "
        "both together are "
        f"not shown. Our two sparse networks have {ours:.1f} % against {vgg:.1f} % of our VGG16, and take "
        f"{times['PicturePerfect'] / times['VGG16']:.2f} times as long.",
        certainty="evidence",
    )


@decides("pictureperfect-09", lesson="sparse_nas")
def read_space(claim: Claim) -> Finding:
    return read(
        "nothing to test",
        "The text calls the search space expansive and defines none: no operations, no depths and no widths "
        "are named, so "
        "its size cannot be counted.",
    )


@decides("pictureperfect-10", lesson="sparse_nas")
def build_penalty(claim: Claim) -> Finding:
    return build(
        "Equation 1 adds the strength times the sum of absolute weights to the loss. `add_l1` of "
        "`helpers.combining.sparsity` adds exactly this, and a test compares it with a sum by hand."
    )


@decides("pictureperfect-11", lesson="sparse_nas")
def read_strength(claim: Claim) -> Finding:
    return read(
        "nothing to test",
        "The text says what lambda is, the strength of the penalty, and prints no value; so no run can use "
        "the authors' "
        "strength.",
    )


@decides("pictureperfect-12", lesson="sparse_nas")
def build_all_parameters(claim: Claim) -> Finding:
    return build(
        "The text calls N the total number of parameters, so the sum of Equation 1 runs over biases and "
        "normalisation, too. "
        "Our penalty for this lesson does so. Usual practice leaves them out; the paper does not discuss it."
    )


@decides("pictureperfect-13", lesson="sparse_nas")
def count_zeros(claim: Claim) -> Finding:
    stored = Recorded("sparse_nas")
    adam, sgd, proximal = (100 * stored.value(f"zeros_{name}") for name in ("adam", "sgd", "proximal"))
    return read(
        "holds in part",
        f"The lowest value of Equation 1 has zeros. Trained with the usual optimisers it has none: "
        f"{adam:.1f} % of our "
        f"weights are exactly zero with Adam, {sgd:.1f} % with SGD, and {proximal:.1f} % only with a "
        f"proximal step, which the "
        "paper does not name. One seed.",
        basis="own run",
        certainty="evidence",
        ours=f"{adam:.1f} and {sgd:.1f} %, proximal {proximal:.1f} %",
    )


@decides("pictureperfect-14", lesson="ensembles")
def compare_sparse_alone(claim: Claim) -> Finding:
    ours = 100 * float(Recorded("ensembles").cell("by_members", "1 sparse", "accuracy"))
    return Finding(
        "reached otherwise",
        "own run",
        "evidence",
        f"Printed {claim.printed} on a benchmark that is not named. Networks of our own sparse search reach "
        f"{ours:.1f} % of the "
        "test images of CIFAR-10, mean of three networks with six views each. Search, recipe and perhaps "
        "data differ.",
        "equivalence",
        ours=f"{ours:.1f} % (3 seeds)",
    )


@decides("pictureperfect-15", "pictureperfect-23", lesson="ensembles")
def read_work(claim: Claim) -> Finding:
    which = "SparseNAS" if claim.id.endswith("15") else "Ensemble Magic"
    return read(
        "nothing to test",
        f"Printed {claim.printed} for {which}, whose architecture and size of images are not given. For "
        f"scale: VGG16 needs "
        "15.5 and ResNet50 4.1 thousand million multiply-adds for an image of 224 pixels, VGG16 0.31 for "
        "one of 32.",
        basis="literature",
    )


@decides("pictureperfect-16", "pictureperfect-24", lesson="ensembles")
def read_hours(claim: Claim) -> Finding:
    which = "the search" if claim.id.endswith("16") else "the ensemble"
    return read(
        "nothing to test",
        f"Printed {claim.printed} for {which}. The hours of a training depend on data, epochs and networks; "
        f"none of the three is "
        "given, so another machine has nothing to compare with.",
    )


@decides("pictureperfect-17", lesson="ensembles")
def read_unit(claim: Claim) -> Finding:
    share = float(SPARSE[1]) * 1e9 / RTX_3080
    return conclude(
        rules.counting("per second", "per image"),
        "printed numbers",
        "inference",
        f"The text explains GFLOPs as operations per second. Read as a rate, {SPARSE[1]} GFLOPs is "
        f"{100 * share:.2f} % of what "
        "the named graphics card can do; only as operations for one image, a cost of which less is better, "
        "does the "
        "row make sense.",
    )


@decides("pictureperfect-18", lesson="ensembles")
def read_benchmark(claim: Claim) -> Finding:
    return read(
        "nothing to test",
        "Table 1 is of a standard benchmark dataset that the text does not name, so no run can be compared "
        "with it.",
    )


@decides("pictureperfect-19", lesson="ensembles")
def build_mean(claim: Claim) -> Finding:
    return build(
        "Equation 2 is the plain mean of the predictions of M models. `average` of "
        "`helpers.combining.ensemble` computes it "
        "from probabilities, and a test compares it with a mean by hand."
    )


@decides("pictureperfect-20", lesson="ensembles")
def check_scale(claim: Claim) -> Finding:
    members = ((0.7, 0.2, 0.1), (0.1, 0.6, 0.3))
    mean = [sum(column) / len(members) for column in zip(*members, strict=True)]
    return conclude(
        rules.rounding("1.000", sum(mean)),
        "printed numbers",
        "proof",
        f"Divided by M, the sum of M vectors that each sum to 1 sums to 1 again: of {members[0]} and "
        f"{members[1]} it is "
        f"{tuple(round(one, 2) for one in mean)}, and each entry lies between those of the members.",
    )


@decides("pictureperfect-21", lesson="ensembles")
def read_members(claim: Claim) -> Finding:
    return read(
        "holds",
        "It is a remark of ours: M is called the number of models below Equation 2, and no number is "
        "printed for it "
        "anywhere.",
    )


@decides("pictureperfect-22", lesson="ensembles")
def compare_ensemble_alone(claim: Claim) -> Finding:
    [ours] = Recorded("ensembles").rows("teams", "accuracy", set="photographs", team="3 sparse")
    return Finding(
        "reached otherwise",
        "own run",
        "evidence",
        f"Printed {claim.printed} on data that are not named. The average of three networks of our own "
        f"search reaches "
        f"{100 * float(ours):.1f} % of the test images of CIFAR-10 (one team). Members, recipe and perhaps "
        f"data differ.",
        "equivalence",
        ours=f"{100 * float(ours):.1f} % (1 team)",
    )


@decides("pictureperfect-25", lesson="ensembles")
def compare_costs(claim: Claim) -> Finding:
    least = 2 * float(SPARSE[1])
    return read(
        "holds in part",
        f"Printed {SPARSE[1]} and {ENSEMBLE[1]} GFLOPs, {SPARSE[2]} and {ENSEMBLE[2]} hours. The order is "
        f"as printed; but an "
        f"ensemble of two or more searched networks would need at least {least:.1f} GFLOPs. So its members "
        f"are other "
        "networks, which the text does not say.",
        basis="printed numbers",
        certainty="inference",
    )


@decides("pictureperfect-26", lesson="ensembles")
def read_missing_cost(claim: Claim) -> Finding:
    return read(
        "holds",
        "It is a remark of ours: operations and hours are printed for SparseNAS and for Ensemble Magic "
        "(Tables 1 and 2), and "
        "neither operations, nor hours, nor a size for the fused model.",
    )


@decides("pictureperfect-27", lesson="ensembles")
def read_data_sets(claim: Claim) -> Finding:
    return Finding(
        "built",
        "own run",
        "evidence",
        "Of the three data sets CIFAR-10 is loaded and used here. ImageNet is not (its size forbids it), "
        "and MedImages is not "
        "public: a public set of chest X-rays and MNIST-M stand in for them, which says nothing about "
        "theirs.",
        "building",
    )


@decides("pictureperfect-28", lesson="ensembles")
def read_med_images(claim: Claim) -> Finding:
    return read(
        "fails",
        "The sentence counts MedImages among widely-used datasets and calls it custom in the same line. A "
        "set of the authors' "
        "own, without a source, is not widely used.",
        certainty="inference",
    )


@decides("pictureperfect-29", lesson="ensembles")
def read_hardware(claim: Claim) -> Finding:
    return read(
        "nothing to test",
        "The machine is described (an Intel Core i9, 32 GB, an RTX 3080). Nothing printed in the paper "
        "allows one to check "
        "which machine was used.",
    )


@decides("pictureperfect-30", lesson="ensembles")
def build_framework(claim: Claim) -> Finding:
    return build(
        "The paper's framework is TensorFlow; all networks of this course are built and trained with Keras "
        "on TensorFlow."
    )


@decides("pictureperfect-31", "pictureperfect-32", lesson="ensembles")
def read_settings(claim: Claim) -> Finding:
    what = "batch size" if claim.id.endswith("31") else "learning rate"
    return read(
        "nothing to test",
        f"The {what} {claim.printed} is stated as a setting. Our runs use others, and without optimiser and "
        f"epochs, which are "
        "not printed, the setting alone decides nothing.",
    )


@decides("pictureperfect-33", lesson="ensembles")
def count_split(claim: Claim) -> Finding:
    train = CIFAR10_TRAIN * 80 // 100
    return read(
        "nothing to test",
        f"Printed {claim.printed}. On CIFAR-10 that would be {train:,} images to train on and "
        f"{CIFAR10_TRAIN - train:,} to "
        f"validate, {train // 64} steps of 64 an epoch; no printed number shows it, and test images are "
        f"never mentioned.",
        certainty="inference",
    )


@decides("pictureperfect-34", lesson="ensembles")
def read_missing_settings(claim: Claim) -> Finding:
    return read(
        "holds",
        "It is a remark of ours: section 5.2 prints batch size, learning rate and split; optimiser, epochs, "
        "augmentation and "
        "number of runs are printed nowhere.",
    )


@decides("pictureperfect-35", lesson="ensembles")
def build_baselines(claim: Claim) -> Finding:
    return build(
        "VGG16, ResNet50 and the average of both are built for small images by "
        "`helpers.models.small_images` and trained by "
        "one recipe. Our ResNet50 keeps ImageNet's stem, and stays far below the printed accuracy."
    )


@decides("pictureperfect-36", lesson="ensembles")
def compare_accuracy(claim: Claim) -> Finding:
    return compare_level(claim, "PicturePerfect")


@decides("pictureperfect-37", lesson="ensembles")
def compare_vgg(claim: Claim) -> Finding:
    return compare_level(claim, "VGG16")


@decides("pictureperfect-38", lesson="ensembles")
def compare_resnet(claim: Claim) -> Finding:
    vgg = float(TABLE_3["VGG16"][0])
    gap = "It has ImageNet's stem, which suits images of 224 pixels. Public tables put ResNet50 above "
    gap += f"VGG16's {vgg}. "
    return compare_level(claim, "ResNet50", gap)
