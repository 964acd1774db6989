"""Side by side with what a user would pick instead: what `make bench` runs, and where RESULTS.md comes from."""
