"""The local gateway: HTTP in, API Gateway proxy events out, the same handlers as on AWS."""
