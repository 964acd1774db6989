"""The fine-tuning resource: jobs, their creation, events, metrics, checkpoints and weights.

`resource` (with `weights_resource`) and `async_resource` have the public methods of the two clients; `operations`,
`create`, `waiting`, `metrics`, `best_checkpoint`, `download` and `registry_source` have what they do, once for both, as
flows; `parameters`, `job_rules`, `pricing` and `training` are pure. Imports `api`, `archive`, `bulk`, `checkpoints`,
`config`, `destinations`, `registry` and `transfer`. To add an operation: write its flow in `operations` and its method
in both resources. To add a keyword of `create`: `parameters`, and `job_rules` for limits.
"""
