"""The distributed Map: items out of objects, child executions of their own, results into files."""
