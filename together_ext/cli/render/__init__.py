"""Output of the commands: tables, JSON documents, progress, plots, amounts.

Imports values (models, results, progress) but no client: nothing here sends a request. To show a new field of a
response, add it in `fields` or in the view of its command, and in `documents` if JSON needs another form.
"""
