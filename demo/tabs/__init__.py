"""One file for each tab: components and events only. The Evaluate tab has two sections, each with its own file."""
