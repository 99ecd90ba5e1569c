"""Checked images: `load` gives splits for training, validation and test; `choose` refuses test images."""

from helpers.data.catalog import ChecksumError
from helpers.data.loading import NAMES, load, load_part
from helpers.data.splits import Dataset, JobError, Split, choose, stratified_split
