"""Rimedio's infrastructure on AWS, a module a capability. `infra/app.py` puts the stacks together."""
