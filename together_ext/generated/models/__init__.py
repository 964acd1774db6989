"""The older names of the models."""
