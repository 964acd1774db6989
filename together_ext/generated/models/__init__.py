"""The models of the older generated client, under their names there.

Imports the models of `together_generated` and the results of this package. To add a name, add a module here.
"""
