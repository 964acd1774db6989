"""The commands, one module for each group; each module is loaded when one of its commands runs.

Imports the clients, `options`, `render` and the frame around them in `cli`. To add a command: write its function here,
and list it in `cli/app.py`.
"""
