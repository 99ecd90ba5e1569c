"""What we found about the claims of `de-nas`."""
