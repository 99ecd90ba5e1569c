"""Combine networks into ensembles, and search sparse networks by pruning."""
