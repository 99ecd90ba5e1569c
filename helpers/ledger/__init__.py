"""The claims of the five papers, and our answers to them."""

from helpers.ledger.claims import VERDICTS, answer, read_claims
