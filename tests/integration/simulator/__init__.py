"""The simulator over real sockets: what clients of the real service see, and what tests can make go wrong."""
