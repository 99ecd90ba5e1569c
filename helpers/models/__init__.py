"""Build networks; nothing here trains one. Each function returns a Keras model that is not compiled."""
