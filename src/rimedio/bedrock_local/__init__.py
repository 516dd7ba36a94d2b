"""A local Bedrock: the runtime wire protocol over HTTP, backed by the laptop's models."""
