"""What we found about the claims of `alexnet-mnist`."""
