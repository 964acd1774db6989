"""The weights inside an archive: layout, base model, safetensors headers, and what keeps tools from loading them.

Imports `errors`, `text` and the modules of `archive` above it, except `inspect` and `next_steps`, which are built on
this. To add a check of an adapter: `adapter`; of a full model: `model`; to read another kind of file: `scan`.
"""
