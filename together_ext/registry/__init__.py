"""The model registry: the models of a project, their revisions and files, and the owner of the API key.

`resource` has the public methods of both clients, `operations` what they do, as flows; `project` determines the
project, `paging` follows pages. `download` downloads a `revision`. `making` turns its files into a folder (`fetching`,
`folder`) or into objects (`uploading`); `taking` is what both share. `located` checks what the server says of the
files, `reading` requests their bytes, `digests` hashes them, `crowd` has the `threads` for small files. Imports `api`,
`archive`, `config`, `destinations` and `transfer`. To add an operation: write its flow in `operations` and its method
in both resources.
"""
