"""What results mean: facts about the data, findings with stable codes, and the decision guide."""
