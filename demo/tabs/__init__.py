"""A tab a file: components and events only."""
