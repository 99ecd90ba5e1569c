"""Build networks: each function returns an uncompiled Keras model; none trains it."""
