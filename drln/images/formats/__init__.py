"""One file a format: what its header says, how its pixels are read, how they are written."""
