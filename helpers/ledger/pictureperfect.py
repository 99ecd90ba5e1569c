"""What we found about the claims of `pictureperfect`."""
