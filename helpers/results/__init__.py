"""Recorded numbers and tables: `record` and `record_table` write them, `load_result` reads them."""

from helpers.results.reading import Result, load_result, read_record
from helpers.results.writing import UNITS, record, record_table
