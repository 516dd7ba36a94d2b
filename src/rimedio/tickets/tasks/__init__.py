"""The workflow's tasks: plain functions with JSON in and out, one file each."""
