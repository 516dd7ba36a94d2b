"""What fields compute: JSONPath with its functions and templates, Choice rules, JSONata."""
