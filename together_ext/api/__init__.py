"""API calls: the only access to the generated client, for both clients.

`flow` describes an operation as steps that both clients run; `connection` runs them, with `requests`, `retries`, limits
of size and time (`exchange`) and typed errors (`failures`); `lists`, `long_lists` and `responses` read responses.
Imports the generated client, `config` and `transfer`, nothing of a resource. Add here what every resource needs;
what one resource needs belongs in its folder.
"""
