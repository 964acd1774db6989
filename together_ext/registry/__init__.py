"""The model registry: the models of a project, their revisions and files, and the owner of the API key.

`resource` has the public methods of both clients, `operations` what they do, as flows; `project` determines the
project, `paging` follows pages. `download` makes a folder of a revision, with `located` (what the server says of its
files), `fetching` (the bytes), `digests` and `folder`. Imports `api`, `archive`, `config` and `transfer`. To add an
operation: write its flow in `operations` and its method in both resources.
"""
