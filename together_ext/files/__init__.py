"""The files resource: training data, its check before an upload, uploads and downloads.

Imports `api`, `config`, `destinations` and `transfer`. To accept another format of training data, start in
`training_data`.
"""
