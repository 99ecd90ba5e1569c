from contextlib import contextmanager

import numpy as np
import pytest

from helpers.search.genome import (
    FAST,
    KINDS,
    PAPER,
    Kind,
    NetworkSpace,
    Row,
    build,
    count,
    lay_out,
    parse,
)

MODEL_1 = "C7x3 C195x5 C207x7 C235x7 AP C241x7 MP MP FC1928 FC964"
MODEL_2 = "C7x3 C195x5 MP MP C219x5 C188x5 AP FC1504 FC752"
VGG16 = (
    "C64x3 C64x3 MP C128x3 C128x3 MP C256x3 C256x3 C256x3 MP C512x3 C512x3 C512x3 MP C512x3 C512x3 C512x3 MP"
)
# Figures 8 and 10 of de-nas: output shape, channels first as printed, and parameters
FIGURE_8 = """
    7,32,32 196 | 7,32,32 0 | 195,32,32 34320 | 195,32,32 0 | 207,32,32 1978092 | 207,32,32 0
    | 235,32,32 2383840 | 235,32,32 0 | 235,16,16 0 | 241,16,16 2775356 | 241,16,16 0 | 241,8,8 0 | 241,4,4 0
    | 3856 0 | 3856 0 | 1928 7436296 | 1928 0 | 1928 0 | 964 1859556 | 964 0 | 10 9650
"""
FIGURE_10 = """
    7,32,32 196 | 7,32,32 0 | 195,32,32 34320 | 195,32,32 0 | 195,16,16 0 | 195,8,8 0 | 219,8,8 1067844
    | 219,8,8 0 | 188,8,8 1029488 | 188,8,8 0 | 188,4,4 0 | 3008 0 | 3008 0 | 1504 4525536 | 1504 0
    | 1504 0 | 752 1131760 | 752 0 | 10 7530
"""
LAYERS = {
    "C": ["Conv2D", "ReLU"],
    "MP": ["MaxPooling2D"],
    "AP": ["AveragePooling2D"],
    "FC": ["Dropout", "Dense", "ReLU"],
}


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def list_rows(text: str, **options: object) -> list[Row]:
    return [row for rows in lay_out(parse(text), **options) for row in rows]


@pytest.mark.parametrize(("text", "printed"), [(MODEL_1, FIGURE_8), (MODEL_2, FIGURE_10)])
def test_every_row_of_the_printed_tables(text, printed):
    expected = []
    for cell in printed.split("|"):
        shape, parameters = cell.split()
        channels, *image = map(int, shape.split(","))
        expected.append(((*image, channels), int(parameters)))
    assert [(row.shape, row.parameters) for row in list_rows(text)] == expected
    names = [name for unit in parse(text) for name in LAYERS[unit.kind]]
    names.insert(names.index("Dropout"), "Flatten")
    assert [row.layer for row in list_rows(text)] == [*names, "Dense"]


@pytest.mark.parametrize(
    ("text", "parameters", "weights", "activations"),
    [(MODEL_1, 16_477_306, "62.86", "11.73"), (MODEL_2, 7_796_674, "29.74", "4.14")],
)
def test_the_printed_totals(text, parameters, weights, activations):
    counts = count(parse(text))
    assert counts.parameters == parameters
    assert (f"{counts.weights_mib:.2f}", f"{counts.activations_mib:.2f}") == (weights, activations)


def test_model_1_takes_17_times_the_multiply_adds_of_vgg16():
    assert f"{count(parse(MODEL_1)).multiply_adds / 1e9:.2f}" == "5.22"
    assert f"{count(parse(VGG16)).multiply_adds / 1e9:.3f}" == "0.313"
    assert f"{count(parse(MODEL_2)).multiply_adds / 1e9:.3f}" == "0.175"


@pytest.mark.parametrize("style", [PAPER, FAST], ids=["paper", "fast"])
def test_counts_agree_with_keras_on_random_genomes(style):
    from helpers.judging.cost import count_multiply_adds

    shapes = [(32, 32, 3), (28, 28, 1), (17, 24, 2)]
    for seed, shape in enumerate(shapes * 2):
        hidden = 0 if style.gather else 2
        space = NetworkSpace(shape, widths=range(2, 9), first_widths=(2, 3), hidden=hidden, style=style)
        genome = space.sample(np.random.default_rng(seed))
        model = build(genome, shape, 7, style)
        counts = count(genome, shape, 7, style)
        assert counts.parameters == model.count_params()
        assert counts.multiply_adds == count_multiply_adds(model, shape)
        rows = [row for rows in lay_out(genome, shape, 7, style) for row in rows]
        assert [row.shape for row in rows] == [layer.output.shape[1:] for layer in model.layers[1:]]
        assert [row.parameters for row in rows] == [layer.count_params() for layer in model.layers[1:]]
        assert counts.activations_mib == 8 * sum(np.prod(row.shape) for row in rows) / 2**20


def test_building_leaves_the_generators_of_the_caller_alone():
    import random

    from helpers.backend import keras

    draws = {}
    for seed in (None, 1, 2):
        keras.utils.set_random_seed(7)
        if seed is not None:
            build(parse("C4x3 MP FC9"), (8, 8, 3), 2, seed=seed)
        drawn = keras.random.normal((2,)), keras.layers.Dense(2).kernel_initializer((2, 2))
        draws[seed] = [random.random(), np.random.random(), *map(np.asarray, drawn)]
    for seed in (1, 2):
        for here, plain in zip(draws[seed], draws[None], strict=True):
            assert np.array_equal(here, plain)


def test_the_weights_are_those_of_recorded_runs_when_building_seeded_all_of_keras(monkeypatch):
    from helpers.backend import keras
    from helpers.search import genome

    @contextmanager
    def seed_all(seed):
        keras.utils.set_random_seed(seed)
        yield

    now = build(parse("C4x3 MP FC9"), (8, 8, 3), 2, seed=3)
    monkeypatch.setattr(genome, "_seed_layers", seed_all)
    before = build(parse("C4x3 MP FC9"), (8, 8, 3), 2, seed=3)
    for one, other in zip(now.variables, before.variables, strict=True):
        assert np.array_equal(np.asarray(one), np.asarray(other))


def test_the_seed_decides_the_weights_and_dropout_is_off_when_judging():
    images = np.random.default_rng(0).normal(size=(4, 8, 8, 3)).astype("float32")
    genome = parse("C4x3 MP FC9")
    first, again, other = (
        np.asarray(build(genome, (8, 8, 3), 2, seed=seed)(images, training=False)) for seed in (1, 1, 2)
    )
    assert (first == again).all()
    assert not (first == other).all()
    model = build(genome, (8, 8, 3), 2, seed=1)
    assert (np.asarray(model(images, training=False)) == first).all()
    assert not (np.asarray(model(images, training=True)) == first).all()


def test_texts_go_both_ways(rng):
    space = NetworkSpace()
    for text in (MODEL_1, MODEL_2):
        assert space.name(parse(text)) == text
        assert space.check(parse(text)) == ""
        assert space.complete(parse(text)) == parse(text)
    for _ in range(20):
        genome = space.sample(rng)
        assert parse(space.name(genome)) == genome
    assert space.name(parse("  C007x3\nMP ")) == "C7x3 MP"


@pytest.mark.parametrize("text", ["C3", "MP2", "Q3", "C3x", "c3x3", "FC", "C3x3x3", "-C3x3"])
def test_what_cannot_be_read_is_named(text):
    with pytest.raises(ValueError, match=f"cannot read unit '{text}'; known: C "):
        parse(f"C3x3 {text} MP")


def test_an_empty_genome_is_refused():
    with pytest.raises(ValueError, match="without units"):
        parse(" ")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("C7x3 MP C9x3 MP", "part 1 has 4 units, not 7 to 15"),
        ("C7x3 " * 16, "part 1 has 16 units, not 7 to 15"),
        ("MP C7x3 C7x3 C7x3 C7x3 C7x3 C7x3", "the first unit is MP, not a convolution"),
        ("C7x3 MP MP MP AP AP C7x3", "5 pools, not at most 4"),
        ("C7x3 C7x3 C7x3 FC9 C7x3 C7x3 C7x3 C7x3", "a unit stands behind FC"),
        ("C7x3 C7x3 C7x3 C7x3 C7x3 C7x3 C257x3", "C257x3 is out of range"),
        ("C7x3 C7x3 C7x3 C7x3 C7x3 C7x3 C9x4", "C9x4 is out of range"),
        ("C4x3 C7x3 C7x3 C7x3 C7x3 C7x3 C9x3", "C4x3 is out of range"),
        ("C7x3 C7x3 C7x3 C7x3 C7x3 C7x3 C9x3 FC0", "FC0 is out of range"),
    ],
)
def test_what_is_not_valid_is_said(text, reason):
    assert NetworkSpace().check(parse(text)) == reason


def test_a_kind_outside_the_chances_is_not_valid():
    space = NetworkSpace(lengths=(1, 9), chances={"C": 0.5, "MP": 0.5})
    assert space.check(parse("C7x3 MP")) == ""
    assert space.check(parse("C7x3 AP")) == "AP is of no kind in this space"


@pytest.mark.parametrize(("side", "pools"), [(32, 4), (28, 3), (31, 3), (64, 5), (4, 1), (3, 0), (1, 0)])
def test_pools_leave_two_pixels(side, pools):
    assert NetworkSpace((side, 99, 3)).most_pools == pools


def test_layers_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match="unit 3, AP, has an image of 1x2 pixels to halve"):
        lay_out(parse("C7x3 MP AP"), (3, 4, 3))
    with pytest.raises(ValueError, match="unit 2, MP, cannot stand behind FC"):
        lay_out(parse("FC7 MP"))


def test_samples_follow_table_1_of_the_paper(rng):
    space = NetworkSpace()
    genomes = [space.sample(rng) for _ in range(1000)]
    assert {space.check(genome) for genome in genomes} == {""}
    cores = [space.get_core(genome) for genome in genomes]
    lengths = np.bincount([len(core) for core in cores])
    assert lengths[:7].sum() == 0
    assert len(lengths) == 16
    assert lengths[7:].min() > 70  # of 111 expected, standard deviation 10
    second = np.array([core[1].kind for core in cores])  # drawn where pools are still to be had
    for kind, chance in {"C": 0.5, "MP": 0.4, "AP": 0.1}.items():
        assert abs((second == kind).mean() - chance) < 0.06
    for core in cores:
        widths = [unit.sizes[0] for unit in core if unit.kind == "C"]
        assert 5 <= widths[0] <= 12
        assert widths == sorted(widths)
        assert widths[-1] <= 256
    assert {unit.sizes[1] for core in cores for unit in core if unit.sizes} == {1, 3, 5, 7}
    for genome in genomes[:50]:
        flat, *halves = [
            row.shape[0] for rows in lay_out(genome) for row in rows if row.layer in ("Flatten", "Dense")
        ]
        assert halves == [flat // 2, flat // 4, 10]


def is_one_change(core: tuple, other: tuple) -> bool:
    short, long = sorted((core, other), key=len)
    if len(short) == len(long):
        return sum(a != b for a, b in zip(short, long, strict=True)) == 1
    return any((*long[:place], *long[place + 1 :]) == short for place in range(len(long)))


def test_variations_are_valid_and_one_change_away(rng):
    space, changes = NetworkSpace(), set()
    for _ in range(20):
        genome = space.sample(rng)
        core, seen = space.get_core(genome), {genome}
        for varied, _ in zip(space.vary(genome, rng), range(20), strict=False):
            other = space.get_core(varied)
            assert space.check(varied) == ""
            assert varied not in seen
            assert is_one_change(core, other)
            seen.add(varied)
            changes.add(len(other) - len(core))
    assert changes == {-1, 0, 1}


def test_variation_of_a_small_space_comes_to_an_end(rng):
    space = NetworkSpace(lengths=(1, 2), widths=(5,), first_widths=(5,), kernels=(1, 3), hidden=0)
    found = {space.name(genome) for genome in space.vary(parse("C5x1"), rng)}
    assert found == {"C5x3", "C5x1 C5x1", "C5x1 C5x3", "C5x3 C5x1", "C5x1 MP", "C5x1 AP"}


def test_completion_drops_pools_that_are_too_many_and_halves_what_is_left():
    space = NetworkSpace()
    assert (
        space.name(space.complete(parse("C8x3 MP AP MP MP MP AP C6x3 FC999")))
        == "C8x3 MP AP MP MP C6x3 FC12 FC6"
    )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"lengths": (3, 2)}, "lengths"),
        ({"chances": {"C": 0.5, "Q": 0.5}}, "unknown kind 'Q'"),
        ({"first_widths": (300,)}, "widest first convolution"),
    ],
)
def test_bad_spaces_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        NetworkSpace(**settings)


def test_a_new_kind_is_one_entry(monkeypatch, rng):
    def spread(sizes, shape, style):
        return [Row("UpSampling2D", {"size": 2}, (2 * shape[0], 2 * shape[1], shape[2]))]

    monkeypatch.setitem(KINDS, "UP", Kind(0, spread))
    space = NetworkSpace(
        (8, 8, 1), widths=(2, 3), first_widths=(2,), chances={"C": 0.4, "MP": 0.3, "UP": 0.3}, hidden=1
    )
    genome = next(g for g in (space.sample(rng) for _ in range(99)) if any(u.kind == "UP" for u in g))
    assert parse(space.name(genome)) == genome
    assert build(genome, (8, 8, 1)).count_params() == space.measure(genome)["parameters"]
