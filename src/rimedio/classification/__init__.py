"""What a ticket is about: train a classifier, ask it, keep its versions, notice when tickets change."""
