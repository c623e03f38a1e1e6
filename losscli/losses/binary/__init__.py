"""Binary classification: how little probability, or margin, did the right answer get, yes or no?"""
