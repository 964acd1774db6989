"""Archives: what they are. Knows files and formats, and nothing of Together."""
