"""What people do with answers, turned into better ones."""
