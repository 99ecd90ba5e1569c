"""Ensembles and sparsity."""
