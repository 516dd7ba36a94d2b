"""Connections to AWS: clients, their timeouts and retries, and AWS's errors in Rimedio's words."""

from rimedio.aws.connections import AwsConnections, Client
from rimedio.aws.failures import create_or_update, error_code, translated

__all__ = ["AwsConnections", "Client", "create_or_update", "error_code", "translated"]
