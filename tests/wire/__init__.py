"""The generated client with realistic responses over a real socket: what it sends, reads, and writes back."""
