"""Record numbers and tables with `record` and `record_table`; read them with `load_result`."""

from helpers.results.reading import Result, load_result, read_record
from helpers.results.writing import UNITS, record, record_table
