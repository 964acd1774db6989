"""Options that several commands accept, each with its help text and its check.

Imports Typer and the settings of the command line. An option of one command is declared in the module of that command.
"""
