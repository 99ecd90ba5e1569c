import subprocess
import sys

import pandas as pd
import pytest

from helpers.judging.cost import list_models
from helpers.models.registry import ARCHITECTURES, find_architecture

# name: parameters, trained or not, and classes
COUNTS = {
    "alexnet": (61_100_840, 1000),
    "vgg16": (138_357_544, 1000),
    "resnet50": (25_636_712, 1000),
    "inception_v3": (23_851_784, 1000),
    "lenet5": (61_706, 10),
    "small_alexnet": (2_453_834, 10),
    "small_vgg16": (14_736_714, 10),
    "small_resnet50": (23_608_202, 10),
    "small_mobilenet_v2": (2_270_794, 10),
    "table_2_cnn": (25_710_922, 10),
    "report_cnn": (169_130, 10),
    "mnist_cnn": (182_698, 10),
}


def test_every_network_of_the_registry_is_counted_here():
    assert set(COUNTS) == set(ARCHITECTURES)


@pytest.mark.parametrize("name", COUNTS)
def test_networks_are_built_by_name(name):
    architecture = find_architecture(name)
    model = architecture.build()
    parameters, classes = COUNTS[name]
    assert model.count_params() == parameters
    assert model.input_shape == (None, *architecture.image_shape)
    assert model.output_shape == (None, classes)
    assert not model.compiled


def test_options_reach_the_function():
    assert find_architecture("lenet5").build(classes=7).output_shape == (None, 7)


def test_networks_are_listed_with_what_they_cost():
    listed = list_models(["lenet5", "small_vgg16", "mnist_cnn"])
    assert listed.index.tolist() == ["lenet5", "small_vgg16", "mnist_cnn"]
    assert listed["parameters"].tolist() == [61_706, 14_736_714, 182_698]
    lenet = 28**2 * 25 * 6 + 10**2 * 25 * 6 * 16 + 400 * 120 + 120 * 84 + 84 * 10
    assert listed.loc["lenet5", "multiply_adds"] == lenet
    assert listed.loc["small_vgg16", "multiply_adds"] == 313_201_664
    assert listed["year"].tolist() == [1998, 2014, pd.NA]


def test_years_are_those_of_table_1():
    """Table I of alexnet-mnist: AlexNet 2012, VGGNet 2014, ResNet 2015, Inception 2015."""
    names = ("alexnet", "vgg16", "resnet50", "inception_v3")
    assert [find_architecture(name).year for name in names] == [2012, 2014, 2015, 2015]


@pytest.mark.parametrize("call", [find_architecture, lambda name: list_models([name])])
def test_an_unknown_name_is_refused_with_the_nearest(call):
    with pytest.raises(ValueError, match=r"unknown model 'lenet'; did you mean lenet5\? known: alexnet, "):
        call("lenet")


def test_the_registry_is_read_without_keras():
    code = (
        "import sys, helpers.models.registry as registry\n"
        "registry.find_architecture('vgg16')\n"
        "assert not {'tensorflow', 'keras'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
