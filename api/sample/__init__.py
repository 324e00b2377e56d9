"""A county to try things out in: everybody and everything in it is made up and marked as sample."""
