"""The generated client against realistic answers over a real socket: what it sends, reads, and writes back."""
