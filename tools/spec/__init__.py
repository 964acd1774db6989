"""From a public specification to `openapi.yaml`, and what changed on the way; docs/regenerate.md is the walk-through.

Five steps, each a function of documents that touches no file: `additions` adds what servers have and it lacks, `prune`
keeps what we use, `rules` mends classes of defects, `overlay` adds the facts that only we know, `write` gives it our
words, our order and our format. `sync` runs them and regenerates, `fragments` reads pages of the documentation;
`compare` tells two specifications apart.
"""
