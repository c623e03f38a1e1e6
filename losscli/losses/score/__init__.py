"""Scores against a constant: how much of the loss of the best constant does the model leave?"""
