"""The claims of the five papers, and what we found about each."""

from helpers.ledger.claims import read_claims
from helpers.ledger.shown import read_all_rows, show_claims
