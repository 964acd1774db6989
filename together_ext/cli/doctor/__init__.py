"""`together-ext doctor`: checks of this machine, the network, a job's download and a destination folder.

A check returns a `Finding` and raises nothing that ends the others: `running` gives each a time limit. `diagnosis` has
their order. Imports what `cli` may import; only `commands.doctor` imports it. To add a check: a function in `machine`,
`network`, `weights` or `destination`, and a line in `diagnosis`.
"""
