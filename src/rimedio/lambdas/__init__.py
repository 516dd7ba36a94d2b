"""Thin handlers behind API Gateway: parse, call one use case, map the result. The same at home and on AWS."""
