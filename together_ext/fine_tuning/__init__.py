"""The fine-tuning resource: jobs, their creation, events, metrics, checkpoints and weights.

`resource` (with `weights_resource`) and `async_resource` have the public methods of the two clients. What they do is
written once for both, as flows: `operations`, `create`, `waiting`, `best_checkpoint`, `datasets`, `download` (of what
`prepared` decides; with `extraction`, `to_objects` or `registry_source`), `download_many` and `planning`. `parameters`,
`job_rules`, `pricing`, `training` and `metrics` are pure. Imports `api`, `archive`, `bulk`, `checkpoints`, `config`,
`destinations`, `registry` and `transfer`. To add an operation: write its flow in `operations` and its method in both
resources. To add a keyword of `create`: `parameters`, and `job_rules` for limits. To add a keyword of `download`:
`download_options`, and `prepared` for rules.
"""
