"""One file for each tab: components and events only."""
