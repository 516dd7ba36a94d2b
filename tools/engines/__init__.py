"""The engines that the tests talk to: DynamoDB Local and OpenSearch, real, out of Maven, on loopback.

`python -m tools.engines up|down|status`, and `run COMMAND…` for a command that needs them only while it runs.
"""
