"""What we found about the claims of `cifar10-report`."""
