"""What we found about the claims of `mnist-m`."""
