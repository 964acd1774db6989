"""Inference: chat completions, and dedicated endpoints.

Imports `api`. To add an operation: write its flow and its method in the module of its resource.
"""
